import { describe, expect, test } from 'vitest'
import { createLinePrinter } from '../src/tui/lines.ts'
import { branchesFailed, doneReview, errorOf, failedReview, output, review, runId, Story } from './tui-fixture.ts'
import { asked, release, reviewedDraft, secondRound, translation } from './tui-fixture-groups.ts'

/** Lines without their time, which is the local one. */
function linesOf(story: Story, options?: { color?: boolean; afterSeq?: number }, workflow = review): string[] {
  const lines: string[] = []
  const print = createLinePrinter((line) => lines.push(line), workflow, options)
  for (const event of story.events) print(event)
  print(output('fetch', 'what a step writes'))
  return lines.map((line) => line.replace(/^\d\d:\d\d:\d\d\.\d{3} {2}/, ''))
}

describe('lines for places without a screen', () => {
  test('tell a run from start to end', () => {
    expect(linesOf(doneReview())).toEqual([
      `${runId}  run of repo-review started [SCRIPTED]`,
      'fetch  queued',
      'fetch  started',
      'fetch  completed in 800ms',
      'checks  started 4 branches',
      'checks.lint  queued',
      'checks.lint  started',
      'checks.tests  queued',
      'checks.tests  started',
      'checks.security.audit  queued',
      'checks.security.audit  started',
      'checks.size  queued',
      'checks.lint  retrying in 500ms, attempt 1 failed: STEP_FAILED: the registry said 503',
      'checks.lint  queued',
      'checks.lint  started (attempt 2)',
      'checks.security.audit  completed in 2.4s',
      'checks.security.secrets  skipped: gitleaks is not installed',
      'checks.lint  completed in 4.7s (attempt 2)',
      'checks.tests  completed in 6.4s',
      'checks.size  queued',
      'checks.size  started',
      'checks.size  completed in 250ms',
      'checks  completed in 6.7s: 0 completed',
      'report  queued',
      'report  started',
      'report  completed in 90ms',
      `${runId}  run done in 7.5s: 7 of 7 steps, 1 skipped`,
    ])
  })

  test('tell what is asked, how to answer, and what was answered', () => {
    const story = asked().answer('gates.approve', 'yes').tell({ type: 'event.received', data: { event: 'staged', payload: { ok: true } } })
      .tell({ type: 'ask.expired', path: 'gates.staged', data: { ask: 'gates.staged' } }).resume({ again: ['build', 'gates'] })
    expect(linesOf(story, {}, release).filter((line) => /ask|wait|answer|event/.test(line))).toEqual([
      `gates.approve  asks: Ship version 1.2 to production? (options: yes, no   expires 2026-11-22 12:00:00 UTC); to answer: forkchart answer ${runId} gates.approve yes`,
      `gates.staged  waits for the event staged; to send it: forkchart send ${runId} staged JSON`,
      `${runId}  run waiting for 2 answers: gates.approve, gates.staged`,
      'gates.approve  answered: yes',
      `${runId}  event staged received: {"ok":true}`,
      'gates.staged  no answer came in time',
      `${runId}  run resumed after event 18, to run again: build, gates`,
    ])
  })

  test('tell the items of a map and the rounds after the first', () => {
    const lines = [...linesOf(new Story().begin().open('files', ['0']).open('files', ['0', '1']), {}, translation), ...linesOf(secondRound(), {}, reviewedDraft)]
    expect(lines.filter((line) => line.startsWith('files') || line.includes('round'))).toEqual([
      'files  started 1 item',
      'files  started 2 items',
      'draft.write  queued (round 2)',
      'draft.write  started (round 2)',
      'draft.write  completed in 1.5s (round 2)',
      'draft.judge.thorough  queued (round 2)',
      'draft.judge.thorough  started (round 2)',
    ])
  })

  test('tell a step that somebody runs again from one that failed', () => {
    const again = { code: 'RETRY_REQUESTED', kind: 'retryable' as const, message: 'Somebody asked for it to be run again.' }
    const story = new Story().begin().start('fetch').complete('fetch', 'done')
    story.tell({ type: 'step.retrying', path: 'fetch', attempt: 1, data: { error: again, delayMs: 0 } }).start('fetch', 2)
    expect(linesOf(story).slice(-3)).toEqual(['fetch  to run again, as somebody asked', 'fetch  queued', 'fetch  started (attempt 2)'])
  })

  test('name every branch that failed, on one line', () => {
    const lines = linesOf(failedReview())
    const message = branchesFailed('checks', 4, {
      'checks.lint': 'eslint ended with exit code 1', 'checks.tests': '3 of 412 tests failed',
    }).message
    expect(lines.at(-2)).toBe(`checks  failed in 6.7s: 0 completed: BRANCHES_FAILED: ${message}`)
    expect(lines.at(-1)).toBe(`${runId}  run failed in 7.5s: 6 of 7 steps, 2 failed, 1 skipped: BRANCHES_FAILED: ${message}`)
  })

  test('stay single lines, whatever the texts hold', () => {
    const story = new Story().begin().start('fetch').fail('fetch', 'first\n\u001b[31msecond\u001b[0m\r\nthird')
      .settle('failed', errorOf('x\ny'))
    for (const line of linesOf(story)) expect(line).not.toMatch(/\p{Control}/u)
    expect(linesOf(story)[3]).toBe('fetch  failed in 0ms: STEP_FAILED: first second third')
  })

  test('begin with the local time', () => {
    const lines: string[] = []
    createLinePrinter((line) => lines.push(line), review)(new Story().begin().events[0] ?? output('', ''))
    const time = new Date('2026-11-21T12:00:00.000Z').toTimeString().slice(0, 8)
    expect(lines[0]?.startsWith(`${time}.000  ${runId}  `)).toBe(true)
  })

  test('go on after a resume with what was counted before', () => {
    const story = doneReview()
    const before = story.events.length - 1
    expect(linesOf(story, { afterSeq: before })).toEqual([`${runId}  run done in 7.5s: 7 of 7 steps, 1 skipped`])
  })

  test('have colours only when asked', () => {
    expect(linesOf(doneReview()).join('')).not.toContain('\u001b')
    expect(linesOf(doneReview(), { color: true }).join('')).toContain('\u001b[32mcompleted')
  })
})
