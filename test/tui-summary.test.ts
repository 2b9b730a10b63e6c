import { describe, expect, test } from 'vitest'
import { createLinePrinter } from '../src/tui/lines.ts'
import { renderSummary } from '../src/tui/summary.ts'
import { parallel, step, Story, workflowOf } from './tui-fixture.ts'
import { asked, release, reviewedDraft, secondRound } from './tui-fixture-groups.ts'

const lineOf = (text: string, path: string): string => text.split('\n').find((line) => line.includes(` ${path} `)) ?? ''

describe('the summary', () => {
  test('says which round it was, past the first', () => {
    const text = renderSummary(secondRound().view(reviewedDraft))
    expect(lineOf(text, 'draft.write')).toMatch(/1\.5s {2}round 2 of 4$/)
    expect(text.split('\n').filter((line) => line.includes('polish')).join()).not.toContain('round')
  })

  test('counts up to now while the run goes on, when it is told the time', () => {
    const view = asked().view(release)
    const later = Date.parse(view.lastEventAt ?? '') + 65_000
    expect(lineOf(renderSummary(view), 'gates.approve')).not.toMatch(/1m 0\ds/)
    expect(lineOf(renderSummary(view, 120, later), 'gates.approve')).toMatch(/1m 0\ds/)
  })

  test('leaves what is asked to those who also say how to answer', () => {
    expect(renderSummary(asked().view(release))).not.toContain('Ship version')
  })

  test('and the lines cut a long condition; the data has all of it', () => {
    const flow = workflowOf([step('build'), parallel('gates', [step('gates.one')])])
    const reason = `its condition is false: ${'input.mode == "fast" ||\n   '.repeat(20)}true`
    const story = new Story().begin().skip('build', reason)
    expect(lineOf(renderSummary(story.view(flow), 400), 'build')).toMatch(/its condition is false: input\.mode == "fast" \|\| input\.m.*…$/)
    expect(lineOf(renderSummary(story.view(flow), 400), 'build').length).toBeLessThan(100)
    const lines: string[] = []
    const print = createLinePrinter((line) => lines.push(line), flow)
    for (const event of story.events) print(event)
    expect(lines.at(-1)).toMatch(/build {2}skipped: its condition is false: input\.mode == "fast" \|\| input\.mode .*…$/)
    expect(lines.at(-1)?.length).toBeLessThan(140)
    expect(story.view(flow).byPath.get('build')?.reason).toBe(reason)
  })
})

test('lines of a run that nobody waits with leave the question to its end', () => {
  const lines: string[] = []
  const print = createLinePrinter((line) => lines.push(line.slice(14)), release, { answerCommand: null })
  for (const event of asked().events) print(event)
  expect(lines).toContain('gates.approve  waits for an answer')
  expect(lines).toContain('gates.staged  waits for the event staged')
  expect(lines.join('\n')).not.toMatch(/Ship|forkchart/)
})
