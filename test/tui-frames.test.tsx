import { stripVTControlCharacters } from 'node:util'
import { renderToString } from 'ink'
import { describe, expect, test } from 'vitest'
import { applyEvent, createRunView, markInterrupted, type RunView } from '../src/runtime/run-view.ts'
import { cellWidth } from '../src/tui/cells.ts'
import { Screen } from '../src/tui/Screen.tsx'
import { screenRows } from '../src/tui/screen-rows.ts'
import { initialScreenState, type ScreenState } from '../src/tui/screen-state.ts'
import { renderSummary } from '../src/tui/summary.ts'
import {
  doneReview, failedReview, midReview, output, parallel, review, runId, startTime, step, Story, workflowOf,
} from './tui-fixture.ts'
import {
  asked, askedAfterFailure, indexes, midTranslation, release, reviewedDraft, secondRound, translation,
} from './tui-fixture-groups.ts'

interface Shot {
  readonly view: RunView
  readonly ui?: Partial<ScreenState>
  readonly log?: readonly string[]
  readonly now?: number
  readonly size?: readonly [number, number]
}

const sizes = [[80, 24], [200, 50]] as const

function frame({ view, ui = {}, log = [], now = startTime + 10_000, size = [80, 24] }: Shot, color = false): string {
  const [columns, rows] = size
  const model = { view, runId, ui: { ...initialScreenState, ...ui }, log, columns, rows, now }
  return renderToString(<Screen model={model} color={color} />, { columns })
}

/** Blanks at the end of a row show nothing. */
function plainRows(text: string): string[] {
  return text.split('\n').map((line) => line.trimEnd())
}

function select(view: RunView, path: string): { selected: string } {
  expect(view.byPath.has(path)).toBe(true)
  return { selected: path }
}

function midView(): RunView {
  const view = midReview().view()
  applyEvent(view, output('checks.tests', '✓ 17 of 412'))
  applyEvent(view, output('checks.lint', '\u001b[31merror\u001b[0m\tin \u001b[2J\u001b[H漢字.ts \u0007and 👩‍👩‍👧‍👦.ts'))
  return view
}

function wideView(): RunView {
  const ids = Array.from({ length: 1000 }, (_, index) => `work.region-${index}`)
  const story = new Story().begin().open('work')
  for (const id of ids.slice(0, 600)) story.start(id).after(1).complete(id, 'ok')
  story.start('work.region-700').fail('work.region-700', 'no disk left')
  return story.view(workflowOf([parallel('work', ids.map((id) => step(id)))], 'wide'))
}

const shots: Readonly<Record<string, () => Shot>> = {
  'nothing-started': () => ({ view: createRunView(review) }),
  'mid-run': () => ({ view: midView(), ui: select(midView(), 'checks.tests'), log: ['✓ 16 of 412', '✓ 17 of 412'] }),
  retrying: () => {
    const view = new Story().begin().start('fetch').after(3000).retry('fetch', 'the server said 503', 2).view()
    return { view, log: ['connecting…'] }
  },
  failed: () => {
    const view = failedReview().view()
    return { view, ui: select(view, 'checks') }
  },
  'failed-step': () => {
    const details = { exitCode: 2, signal: null, stderrTail: 'src/a.ts\n  1:1  error  \u001b[31mno-any\u001b[0m' }
    const error = { code: 'COMMAND_FAILED', kind: 'terminal', message: 'npm run fetch ended with code 2', details } as const
    const story = new Story().begin().start('fetch').after(900).tell({ type: 'step.failed', path: 'fetch', attempt: 1, data: { error } })
    return { view: story.view(), log: ['src/a.ts', 'one problem'] }
  },
  skipped: () => {
    const view = new Story().begin().start('fetch').complete('fetch', 'x').skip('checks', 'its condition is false: input.deep').view()
    return { view, ui: select(view, 'checks.security.audit') }
  },
  finished: () => {
    const view = doneReview().view()
    return { view, ui: select(view, 'report'), log: ['writing report.md'] }
  },
  interrupted: () => {
    const view = midView()
    markInterrupted(view)
    return { view }
  },
  'thousand-branches': () => {
    const view = wideView()
    return { view, ui: select(view, 'work.region-600') }
  },
  'map-mid-run': () => {
    const view = midTranslation().view(translation)
    return { view, ui: select(view, 'files.13.one.check'), log: ['comparing with the source'] }
  },
  'map-not-started': () => ({ view: new Story().begin().start('list').view(translation) }),
  'review-second-round': () => {
    const view = secondRound().view(reviewedDraft)
    return { view, ui: select(view, 'draft'), now: startTime + 6000 }
  },
  question: () => ({ view: asked().view(release), ui: select(asked().view(release), 'gates.approve') }),
  'question-long': () => {
    const message = `The tests of ${'a part with a long name, '.repeat(12)}failed.\n\nShall it be shipped all the same?`
    const story = asked().ask('gates.approve', message, { ask: 'gates.approve~2' }).answer('gates.approve', 'yes')
    return { view: story.view(release), ui: select(story.view(release), 'gates.approve') }
  },
  'asked-after-failure': () => {
    const view = askedAfterFailure().view(release)
    return { view, ui: select(view, 'build.ask') }
  },
  'child-waits': () => {
    const view = new Story().begin().start('build').complete('build', 'v1.2').start('deploy').wait('deploy/approve').view(release)
    return { view, ui: select(view, 'deploy') }
  },
  help: () => ({ view: midView(), ui: { isHelp: true } }),
  'open-log': () => {
    const view = midView()
    const log = Array.from({ length: 60 }, (_, index) => `✓ ${index + 1} of 412`)
    return { view, ui: { ...select(view, 'checks.tests'), isOpen: true }, log }
  },
  'open-log-scrolled': () => {
    const view = midView()
    const log = Array.from({ length: 60 }, (_, index) => `${index + 1} ${'long '.repeat(30)}`)
    return { view, ui: { ...select(view, 'checks.tests'), isOpen: true, scroll: 3, isStopping: true }, log }
  },
}

describe('the whole screen', () => {
  for (const [name, shot] of Object.entries(shots)) {
    for (const size of sizes) {
      test(`${name} at ${size.join('x')}`, async () => {
        const text = frame({ ...shot(), size })
        expect(text.split('\n')).toHaveLength(size[1])
        for (const line of text.split('\n')) expect(cellWidth(line)).toBeLessThanOrEqual(size[0])
        await expect(text).toMatchFileSnapshot(`tui-frames/${name}-${size.join('x')}.txt`)
      })
      test(`${name} at ${size.join('x')} says the same with colours`, () => {
        const colored = frame({ ...shot(), size }, true)
        expect(colored).toContain('\u001b[')
        expect(plainRows(stripVTControlCharacters(colored))).toEqual(plainRows(frame({ ...shot(), size })))
      })
    }
  }

  test('is whole at any size, however small', () => {
    for (const columns of [1, 8, 20, 41, 63, 133]) {
      for (const rows of [1, 2, 4, 5, 9, 12, 30]) {
        for (const shot of Object.values(shots)) {
          const lines = frame({ ...shot(), size: [columns, rows] }).split('\n')
          expect(lines).toHaveLength(rows)
        }
      }
    }
  })

  test('costs the same with ten thousand items in a map', () => {
    const story = new Story().begin().open('files', indexes(10_000))
    for (const index of indexes(5000)) story.start(`files.${index}.one.translate`)
    const view = story.view(translation)
    const ui = select(view, 'files.5000.one.translate')
    expect(frame({ view, ui })).toMatch(/❯ .*translate/u)
    const model = { view, runId, ui: { ...initialScreenState, ...ui }, log: [], columns: 80, rows: 24, now: startTime }
    const began = performance.now()
    for (let round = 0; round < 100; round += 1) screenRows(model)
    // About 40 ms; looking at all 30,000 blocks for each frame takes seconds.
    expect(performance.now() - began).toBeLessThan(1000)
  })

  test('keeps the selected block in sight', () => {
    const view = wideView()
    for (const place of [0, 1, 12, 499, 990, 1000]) {
      const { id = '', path = '' } = view.nodes[place] ?? {}
      expect(frame({ view, ui: { selected: path } })).toMatch(new RegExp(`❯ .*${id}`, 'u'))
    }
  })
})

describe('the summary after a run', () => {
  test.each([
    ['done', () => doneReview().view()],
    ['failed', () => failedReview().view()],
    ['thousand-branches', wideView],
  ])('%s', async (name, view) => {
    const text = renderSummary(view(), 100)
    expect(text).not.toContain('\u001b')
    await expect(text).toMatchFileSnapshot(`tui-frames/summary-${name}.txt`)
  })
})
