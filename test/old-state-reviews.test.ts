import { writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import type { RunEvent } from '../src/events.ts'
import type { JsonObject } from '../src/json.ts'
import { deskOf, historical, startedIn } from './old-state-files.ts'

/** Outputs of the steps inside a stage, in the order they came, as `step: text`. */
function said(events: readonly RunEvent[], stage: string): string[] {
  return events.flatMap((event) => {
    if (event.type !== 'step.completed' || !event.path?.startsWith(`${stage}.`)) return []
    return [`${event.path.slice(stage.length + 1)}: ${String(event.data.output)}`]
  })
}

async function takenOver(state: JsonObject) {
  const desk = await deskOf('v0-between-stages')
  await writeFile(desk.file, JSON.stringify(state))
  const { code, err } = await desk.call('import', 'state.json', '--run-id', 'run')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return desk
}

describe('a review that is done', () => {
  test('of which the verdict is kept leaves the work as it was', async () => {
    const desk = await takenOver(await historical('v0-between-stages'))
    const { SPEC, SPEC_REVIEW } = (await historical('v0-between-stages'))['stage_outputs'] as Record<string, string>
    expect(said(await desk.events(), 'SPEC_REVIEW')).toEqual([`work: ${SPEC}`, `reviewer: ${SPEC_REVIEW}`])
  })

  test('of which the reworked work is kept has that as its output', async () => {
    const state = await historical('v0-between-stages')
    const desk = await takenOver({ ...state, stage_outputs: { ...(state['stage_outputs'] as JsonObject), SPEC_REVIEW: '# Better orders' } })
    expect(said(await desk.events(), 'SPEC_REVIEW')).toEqual([
      'work: # Better orders', 'reviewer: VERIFIED_APPROVED: in the run that this one goes on with.',
    ])
  })

  test('of which nothing is kept leaves the work as it was, and a stage of which nothing is kept gave nothing', async () => {
    const state = await historical('v0-between-stages')
    const desk = await takenOver({ ...state, stage_outputs: { SPEC: 'a spec' } })
    expect(said(await desk.events(), 'SPEC_REVIEW')[0]).toBe('work: a spec')
    expect((await desk.events()).find(({ type, path }) => type === 'step.completed' && path === 'SETUP')).toMatchObject({ data: { output: '' } })
  })
})

describe('acceptance tests', () => {
  const rounds = (count: number, fixed = count) => Array.from({ length: count }, (_, index) => ({
    iteration: index + 1, passed: 1, failed: 1, total: 2, all_passed: false, fix_applied: index < fixed, fix_summary: `fix ${index + 1}`,
  }))

  test('that were under way go on in the round they had come to', async () => {
    const desk = await takenOver({ ...(await historical('v1-in-acceptance')), acceptance_test_history: rounds(2) })
    expect(said(await desk.events(), 'ACCEPTANCE_TEST')).toEqual([
      'run: Round 1: 1 of 2 scenarios passed, 1 failed.', 'fix: fix 1', 'run: Round 2: 1 of 2 scenarios passed, 1 failed.', 'fix: fix 2',
    ])
    const taken = (await desk.events()).length
    await desk.call('resume', 'run')
    const after = (await desk.events()).slice(taken)
    expect(startedIn(after)[0]).toBe('ACCEPTANCE_TEST.run')
    expect(after.find(({ path }) => path === 'ACCEPTANCE_TEST.run')?.iteration).toBe(3)
  })

  test('whose last round was not fixed go on with fixing', async () => {
    const desk = await takenOver({ ...(await historical('v1-in-acceptance')), acceptance_test_history: rounds(1, 0) })
    const taken = (await desk.events()).length
    await desk.call('resume', 'run')
    expect(startedIn((await desk.events()).slice(taken)).slice(0, 2)).toEqual(['ACCEPTANCE_TEST.fix', 'ACCEPTANCE_TEST.run'])
  })

  test('that failed, or had all of their rounds, begin anew', async () => {
    for (const [status, count] of [['acceptance_test_failed', 2], ['in_progress', 4]] as const) {
      const desk = await takenOver({ ...(await historical('v1-in-acceptance')), status, acceptance_test_history: rounds(count) })
      expect(said(await desk.events(), 'ACCEPTANCE_TEST')).toEqual([])
    }
  })

  test('that passed are done even when the run stopped before it said so', async () => {
    const [round] = rounds(1)
    const desk = await takenOver({ ...(await historical('v1-in-acceptance')), acceptance_test_history: [{ ...round, passed: 2, failed: 0, all_passed: true }] })
    expect(said(await desk.events(), 'ACCEPTANCE_TEST')).toEqual(['run: AT-001: PASSED\nAT-002: PASSED'])
  })

  test('that passed are done though the scenarios are not kept; the check of later runs of them stays', async () => {
    const desk = await deskOf('v1-after-acceptance')
    await desk.call('import', 'state.json', '--run-id', 'run')
    expect(said(await desk.events(), 'ACCEPTANCE_TEST').at(-1)).toBe('run: VERIFIED_APPROVED: in the run that this one goes on with.')
    const { spec } = JSON.parse((await desk.call('export', 'run')).out) as { spec: { workflow: { stages: { id: string; approved?: string }[] } } }
    const approved = spec.workflow.stages.find(({ id }) => id === 'ACCEPTANCE_TEST')?.approved
    expect(approved).toMatch(/^\(.+\) \|\| prev == "VERIFIED_APPROVED: in the run/)
    expect(await desk.json('resume', 'run')).toMatchObject({ status: 'done' })
  })
})
