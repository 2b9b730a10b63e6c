import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  activeSteps, applyEvent, createRunView, endedSteps, markInterrupted, nodeStatuses, runElapsedMs, runReport, stepRecords,
  type RunView,
} from '../src/runtime/run-view.ts'
import {
  branchesFailed, doneReview, errorOf, failedReview, midReview, output, parallel, review, runId, sequence, startTime, step,
  Story, workflowOf,
} from './tui-fixture.ts'

function statuses(view: RunView): Record<string, string> {
  return Object.fromEntries(view.nodes.map((node) => [node.path, node.status]))
}

describe('the tree of blocks', () => {
  test('is there from the start, in document order, with everything pending', () => {
    const view = createRunView(review)
    expect(view.nodes.map(({ path, depth, parent }) => [path, depth, parent?.path ?? null])).toEqual([
      ['fetch', 0, null],
      ['checks', 0, null],
      ['checks.lint', 1, 'checks'],
      ['checks.tests', 1, 'checks'],
      ['checks.security', 1, 'checks'],
      ['checks.security.audit', 2, 'checks.security'],
      ['checks.security.secrets', 2, 'checks.security'],
      ['checks.size', 1, 'checks'],
      ['report', 0, null],
    ])
    expect(view.steps.pending).toBe(view.total)
    expect(view.total).toBe(7)
  })

  test('has the step that a calling reducer is', () => {
    const group = parallel('g', [step('g.a'), step('g.b')], {}, { reduce: { call: './r.ts#join' } })
    const view = createRunView(workflowOf([group]))
    expect(view.byPath.get('g.reduce')).toMatchObject({ kind: 'call', isStep: true, group: 'g', parent: { path: 'g' } })
    expect(view.total).toBe(3)
  })
})

describe('steps', () => {
  test('follow their events through a retry', () => {
    const story = new Story().begin().start('fetch')
    const view = story.view()
    const node = view.byPath.get('fetch')
    expect(node).toMatchObject({ status: 'running', attempt: 1, startedAt: '2026-11-21T12:00:00.000Z' })
    const further = new Story().begin().start('fetch').after(100).retry('fetch', 'busy')
    expect(further.view().byPath.get('fetch')).toMatchObject({ status: 'retrying', attempt: 1, error: { message: 'busy' } })
    const again = further.after(500).start('fetch', 2).after(50).complete('fetch', 'ok', 2)
    expect(again.view().byPath.get('fetch')).toMatchObject({
      status: 'completed', attempt: 2, startedAt: '2026-11-21T12:00:00.600Z', endedAt: '2026-11-21T12:00:00.650Z',
      output: 'ok', error: null,
    })
  })

  test('show the last line that they wrote', () => {
    const view = new Story().begin().start('fetch').view()
    applyEvent(view, output('fetch', 'one\ntwo\r50%\r80%\n'))
    expect(view.byPath.get('fetch')?.lastLine).toBe('80%')
    applyEvent(view, output('fetch', '   \n'))
    expect(view.byPath.get('fetch')?.lastLine).toBe('80%')
    const tokens = (text: string) => ({ ...output('fetch', text), type: 'agent.message' as const })
    for (const text of ['\nBon', 'jour']) applyEvent(view, tokens(text))
    expect(view.byPath.get('fetch')?.lastLine).toBe('Bonjour')
  })

  test('ignore events that are in already and paths that are not in the workflow', () => {
    const story = new Story().begin().start('fetch').complete('fetch', 'ok').start('elsewhere')
    const view = story.view()
    const before = JSON.stringify(stepRecords(view))
    for (const event of story.events) applyEvent(view, event)
    applyEvent(view, output('elsewhere', 'x'))
    expect(JSON.stringify(stepRecords(view))).toBe(before)
    expect(view.usage).toEqual({ inputTokens: 100, outputTokens: 20, costUsd: 0.002 })
  })
})

describe('groups', () => {
  test('are what is inside them until an event says how they ended', () => {
    const view = midReview().view()
    expect(statuses(view)).toMatchObject({ checks: 'running', 'checks.security': 'completed', report: 'pending' })
    expect(statuses(failedReview().view())).toMatchObject({ checks: 'failed', 'checks.security': 'completed' })
    expect(failedReview().view().byPath.get('checks')?.error?.errors).toHaveLength(2)
  })

  test('in sequence fail with their first failure and leave the rest pending', () => {
    const view = new Story().begin().open('checks').start('checks.security.audit').fail('checks.security.audit', 'no').view()
    expect(statuses(view)).toMatchObject({
      'checks.security': 'failed', 'checks.security.audit': 'failed', 'checks.security.secrets': 'pending', checks: 'running',
    })
  })

  test('run on between two of their steps', () => {
    const view = new Story().begin().open('checks').start('checks.security.audit').complete('checks.security.audit', 'ok').view()
    expect(statuses(view)).toMatchObject({ 'checks.security': 'running' })
  })

  test.each([
    ['a skipped step event', (story: Story) => story.skip('checks', 'not wanted')],
    ['a skipped join', (story: Story) => story.join('checks', 'skipped')],
  ])('skip all that is inside with %s', (_, tell) => {
    const view = tell(new Story().begin().start('fetch').complete('fetch', 'ok')).view()
    expect(Object.entries(statuses(view)).filter(([path]) => path.startsWith('checks')).map(([, status]) => status)).toEqual(
      Array.from({ length: 7 }, () => 'skipped'),
    )
    expect(view.steps.skipped).toBe(5)
    expect(view.byPath.get('checks')?.startedAt).toBeNull()
  })

  test('skip groups inside them that never started', () => {
    const flow = workflowOf([sequence('s', [step('s.a'), parallel('s.p', [step('s.p.x'), step('s.p.y')])])])
    const view = new Story().begin().skip('s', 'not wanted').view(flow)
    expect(view.byPath.get('s.p')).toMatchObject({ status: 'skipped', startedAt: null, reason: 'not wanted' })
  })

  test('go back to work when a step in them runs again', () => {
    const story = failedReview().tell({ type: 'run.resumed', data: { afterSeq: 20 } }).start('checks.lint', 3)
    const view = story.view()
    expect(statuses(view)).toMatchObject({ checks: 'running', 'checks.lint': 'running', 'checks.tests': 'failed' })
    expect(view).toMatchObject({ status: 'running', error: null, endedAt: null, resumed: 1 })
  })

  test('that are joined before their cancelled branches have ended stay joined', () => {
    const view = new Story().begin().open('checks').start('checks.lint').start('checks.tests')
      .fail('checks.lint', 'no').join('checks', 'failed').cancel('checks.tests', 'a branch failed').view()
    expect(statuses(view)).toMatchObject({ checks: 'failed', 'checks.tests': 'cancelled' })
  })
})

describe('runs', () => {
  test('that were interrupted have nothing at work, and take it up again when resumed', () => {
    const story = midReview()
    const view = story.view()
    markInterrupted(view)
    expect(view.status).toBe('interrupted')
    expect(activeSteps(view.steps)).toBe(0)
    expect(statuses(view)).toMatchObject({ checks: 'pending', 'checks.lint': 'pending', 'checks.security': 'completed' })
    expect(runReport(view, 5).status).toBe('stopped')
    const [resumed] = story.after(60_000).tell({ type: 'run.resumed', data: { afterSeq: 16 } }).events.slice(-1)
    if (resumed !== undefined) applyEvent(view, resumed)
    expect(statuses(view)).toMatchObject({ checks: 'running', 'checks.lint': 'running', 'checks.size': 'queued' })
  })

  test('count the time in which they were worked on, over a crash and a resume', () => {
    const story = new Story().begin().start('fetch').after(2000).retry('fetch', 'x')
    story.after(3_600_000).tell({ type: 'run.resumed', data: { afterSeq: 4 } }).after(500)
    expect(runElapsedMs(story.view(), story.now)).toBe(2500)
  })

  test('that settle leave nothing at work behind', () => {
    const view = new Story().begin().start('fetch').settle('cancelled').view()
    expect(statuses(view)['fetch']).toBe('cancelled')
    expect(view.active.size).toBe(0)
  })

  test('have no known cost as soon as one attempt had none', () => {
    const unpriced = { output: 'x', usage: { inputTokens: 1, outputTokens: 2, costUsd: null } }
    const story = new Story().begin().start('fetch').complete('fetch', 'x')
    expect(runReport(story.view(), 0).usage).toEqual({ inputTokens: 100, outputTokens: 20, totalTokens: 120, costUsd: 0.002 })
    story.tell({ type: 'step.completed', path: 'checks.lint', attempt: 1, data: unpriced })
    expect(runReport(story.view(), 0).usage).toEqual({ inputTokens: 101, outputTokens: 22, totalTokens: 123, costUsd: null })
    expect(runReport(createRunView(review), 0).usage).toEqual({ inputTokens: 0, outputTokens: 0, totalTokens: 0, costUsd: null })
  })
})

test('the report has the shape that was promised', () => {
  const error = branchesFailed('g', 2, { 'g.b': 'no' })
  const flow = workflowOf([parallel('g', [step('g.a', { group: 'g', branch: 'a' }), step('g.b', { group: 'g', branch: 'b' })]), step('z')])
  const story = new Story().begin().open('g').start('g.a').start('g.b').after(10).complete('g.a', 'A').fail('g.b', 'no')
    .join('g', 'failed', error).settle('failed', error)
  expect(runReport(story.view(flow), 12)).toEqual({
    runId,
    status: 'failed',
    output: null,
    error,
    usage: { inputTokens: 100, outputTokens: 20, totalTokens: 120, costUsd: 0.002 },
    elapsedMs: 12,
    steps: [
      { path: 'g.a', status: 'completed', attempt: 1, startedAt: at(0), endedAt: at(10), group: 'g', branch: 'a', output: 'A' },
      { path: 'g.b', status: 'failed', attempt: 1, startedAt: at(0), endedAt: at(10), group: 'g', branch: 'b', output: null,
        error: { ...errorOf('no'), path: 'g.b' } },
      { path: 'z', status: 'pending', attempt: null, startedAt: null, endedAt: null, group: null, branch: null, output: null },
    ],
  })
  expect(runReport(doneReview().view(), 0)).toMatchObject({ status: 'done', output: 'ready' })
})

test('time goes on while a step of a run under way is run again, and stands still while nobody works on it', () => {
  const flow = workflowOf([parallel('g', [step('g.a'), step('g.b')])])
  const told = (live: { live?: true }): number => {
    const story = new Story().begin().open('g').start('g.a').start('g.b').complete('g.a', 'A').after(500)
    return story.resume({ again: ['g.a'], undone: [], ...live }).after(20).settle('done').view(flow).workedMs
  }
  expect([told({}), told({ live: true })]).toEqual([20, 520])
})

function at(ms: number): string {
  return new Date(startTime + ms).toISOString()
}

describe('whatever the events', () => {
  const paths = createRunView(review).nodes.map((node) => node.path)
  const path = fc.constantFrom(...paths, 'unknown')
  const tale = fc.array(fc.oneof(
    path.map((to) => (story: Story) => story.queue(to)),
    path.map((to) => (story: Story) => story.start(to)),
    path.map((to) => (story: Story) => story.complete(to, 'x')),
    path.map((to) => (story: Story) => story.fail(to, 'x')),
    path.map((to) => (story: Story) => story.retry(to, 'x')),
    path.map((to) => (story: Story) => story.skip(to, 'x')),
    path.map((to) => (story: Story) => story.cancel(to, 'x')),
    path.map((to) => (story: Story) => story.open(to)),
    fc.tuple(path, fc.constantFrom('completed', 'failed', 'skipped', 'cancelled'))
      .map(([to, status]) => (story: Story) => story.join(to, status)),
    fc.constantFrom('done', 'failed', 'cancelled').map((status) => (story: Story) => story.settle(status)),
    fc.constant((story: Story) => story.tell({ type: 'run.resumed', data: { afterSeq: 0 } })),
    fc.constant((story: Story) => story.tell({ type: 'run.paused', data: { reason: 'x' } })),
  ), { maxLength: 25 })

  test('the counts add up, everywhere', () => {
    fc.assert(fc.property(tale, (tells) => {
      const story = new Story().begin()
      for (const tell of tells) tell(story)
      const view = createRunView(review)
      for (const event of story.events) {
        applyEvent(view, event)
        expectSums(view)
      }
    }), { numRuns: 150 })
  })
})

function expectSums(view: RunView): void {
  const steps = view.nodes.filter((node) => node.isStep)
  for (const status of nodeStatuses) {
    expect(view.steps[status]).toBe(steps.filter((node) => node.status === status).length)
    for (const group of view.nodes) {
      const inside = steps.filter(({ path }) => path === group.path || path.startsWith(`${group.path}.`))
      expect(group.steps[status]).toBe(inside.filter((node) => node.status === status).length)
    }
  }
  expect(view.steps.pending + activeSteps(view.steps) + endedSteps(view.steps)).toBe(view.total)
  expect(view.active.size).toBe(activeSteps(view.steps))
  for (const group of view.nodes.filter((node) => !node.isStep)) {
    if (view.status === 'running' && activeSteps(group.steps) > 0) expect(group.status).not.toBe('pending')
    if (view.status !== 'running' && activeSteps(group.steps) === 0) expect(group.status).not.toBe('running')
  }
}

test('ten thousand steps cost little', () => {
  const ids = Array.from({ length: 10_000 }, (_, index) => `wide.b${index}`)
  const flow = workflowOf([parallel('wide', ids.map((id) => step(id))), sequence('after', [step('after.a')])])
  const story = new Story().begin().open('wide')
  for (const id of ids) story.start(id).complete(id, 'x')
  const began = performance.now()
  const view = story.view(flow)
  // About 30 ms; anything that looks at all steps for each event takes minutes.
  expect(performance.now() - began).toBeLessThan(2000)
  expect(view.steps.completed).toBe(10_000)
})
