import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isJsonObject, type JsonObject } from '../src/json.ts'
import { deskOf, historical, namesIn, stages } from './old-state-files.ts'

const states = await namesIn('historical')

const exported = async (desk: Awaited<ReturnType<typeof deskOf>>, runId = 'run'): Promise<JsonObject> =>
  JSON.parse((await desk.call('export', runId, '--format', 'orchestration-state')).out) as JsonObject

describe('a state that was taken over', () => {
  test.each(states.filter((name) => /^v\d/.test(name)))('%s is given back with the fields it had', async (name) => {
    const desk = await deskOf(name)
    await desk.call('import', 'state.json', '--run-id', 'run')
    const before = await historical(name)
    const after = await exported(desk)
    expect(after).toMatchObject({ ...before, ...(isJsonObject(before['parallel_group_status']) ? { parallel_group_status: {} } : {}) })
    const group = isJsonObject(before['parallel_group_status']) ? before['parallel_group_status']['post_spec'] : undefined
    const given = isJsonObject(after['parallel_group_status']) ? after['parallel_group_status']['post_spec'] : undefined
    // A stage that failed is open again: what runs next is the same.
    for (const [stage, ended] of Object.entries(isJsonObject(group) && isJsonObject(group['stages']) ? group['stages'] : {})) {
      if (isJsonObject(ended) && ended['status'] === 'completed') expect(given).toMatchObject({ stages: { [stage]: ended } })
    }
  })

  test.each(states)('%s is taken over from its export as it was from itself', async (name) => {
    const desk = await deskOf(name)
    const first = await desk.json('import', 'state.json', '--run-id', 'run')
    await writeFile(join(desk.dir, 'again.json'), JSON.stringify(await exported(desk)))
    const second = await desk.json('import', 'again.json', '--run-id', 'again')
    const isDone = (made: JsonObject) => (made['stages'] as { stage: string; status: string }[]).map((one) => [one.stage, one.status !== 'open'])
    expect(isDone(second)).toEqual(isDone(first))
    expect(await exported(desk, 'again')).toEqual(await exported(desk))
  })

  test('as proposed becomes v2, which stands at the first stage of the group', async () => {
    const desk = await deskOf('proposed-with-times')
    await desk.call('import', 'state.json', '--run-id', 'run')
    expect(await exported(desk)).toMatchObject({
      current_stage: 'RESEARCH',
      status: 'in_progress',
      stage_outputs: { SPEC_REVIEW: 'VERIFIED_APPROVED: both scenarios can be checked', TEST_STRATEGY: 'end to end' },
      parallel_group_status: { post_spec: { stages: { TEST_STRATEGY: { status: 'completed', error: null } } } },
    })
  })

  test('of the oldest kind becomes v2 with its objective as a text', async () => {
    const desk = await deskOf('workflow-state')
    await desk.call('import', 'state.json', '--run-id', 'run')
    const state = await exported(desk)
    expect(state).toMatchObject({
      objective_file: null, objective: 'Accountants can load a month of orders.', current_stage: 'RESEARCH', elapsed_seconds: 1800,
      stage_outputs: { SETUP: 'ready', SPEC: 'Files: feature_spec.md', SPEC_REVIEW: 'approved' },
    })
    expect(Object.keys(state)).not.toContain('history')
  })

  test('says after going on what has happened since, beside what it said before', async () => {
    const desk = await deskOf('v1-in-acceptance')
    await desk.call('import', 'state.json', '--run-id', 'run')
    await desk.call('resume', 'run')
    const before = await historical('v1-in-acceptance')
    const after = await exported(desk)
    expect(after).toMatchObject({
      current_stage: 'COMPLETE', status: 'complete', objective_file: before['objective_file'], feature_name: 'orders-export', max_seconds: 28_800,
      acceptance_tests_passed: true, acceptance_test_iterations: 2,
      acceptance_test_history: [
        ...(before['acceptance_test_history'] as JsonObject[]),
        { iteration: 2, passed: 2, failed: 0, total: 2, all_passed: true, fix_applied: false },
      ],
    })
    expect(after['stage_outputs']).toEqual({
      ...(before['stage_outputs'] as JsonObject), ACCEPTANCE_TEST: 'AT-001: PASSED\nAT-002: PASSED', POST_REVIEW: 'by pm',
    })
    expect(after['elapsed_seconds']).toBeGreaterThan(before['elapsed_seconds'] as number)
  })
})

describe('a run of a stages.yaml', () => {
  const started = async (change: (yaml: string) => string) => {
    const desk = await deskOf('v0-first-stage')
    await writeFile(join(desk.dir, 'stages.yaml'), change(await readFile(stages, 'utf8')))
    await desk.call('run', 'stages.yaml', '--run-id', 'run', '--ui', 'none', '--input', 'objective=Load a month', '--input', 'feature=orders')
    return desk
  }

  test('that is done is complete', async () => {
    const desk = await started((yaml) => yaml)
    const state = await exported(desk)
    expect(state).toMatchObject({
      objective_file: null, objective: 'Load a month', feature_name: 'orders', stages_config_source: join(desk.dir, 'stages.yaml'),
      current_stage: 'COMPLETE', status: 'complete', acceptance_tests_passed: true, acceptance_test_iterations: 1,
      parallel_group_status: { post_spec: { stages: { RESEARCH: { status: 'completed' }, TEST_STRATEGY: { status: 'completed' } } } },
    })
    expect(Object.keys(state['stage_outputs'] as JsonObject)).toHaveLength(13)
    // The work of a review, and of one that left it as it was the verdict.
    expect(state['stage_outputs']).toMatchObject({ POST_REVIEW: 'by pm', IMPLEMENTATION_REVIEW: 'by builder-1', PLAN_REVIEW: 'VERIFIED_APPROVED: read all of it' })
    expect(state['stage_outputs']).toMatchObject({ IMPLEMENTATION: 'by builder-1\n\nby builder-2', RESEARCH: 'by builder-1' })
  })

  test.each([
    ['a stage of a group', 'builder-2: { uses: scripted, replies: [by builder-2] }', 'builder-2: { uses: scripted, replies: [{ error: auth }] }', 'RESEARCH', 'error'],
    ['a review', 'replies: ["VERIFIED_APPROVED: read all of it"]', 'replies: [no]', 'SPEC_REVIEW', 'review_failed'],
    ['the acceptance tests', 'AT-002: PASSED', 'AT-002: FAILED - no file', 'ACCEPTANCE_TEST', 'acceptance_test_failed'],
  ])('that failed in %s says so, and can be taken up again', async (_, text, by, stage, status) => {
    const desk = await started((yaml) => yaml.replace(text, by))
    const state = await exported(desk)
    expect(state).toMatchObject({ current_stage: stage, status })
    if (status === 'error') {
      expect(state['parallel_group_status']).toEqual({
        post_spec: { stages: { RESEARCH: { status: 'completed', error: null }, TEST_STRATEGY: { status: 'failed', error: expect.any(String) } } },
      })
    }
    if (status === 'acceptance_test_failed') expect(state).toMatchObject({ acceptance_test_iterations: 4, acceptance_tests_passed: false })
    await writeFile(join(desk.dir, 'out.json'), JSON.stringify(state))
    await writeFile(join(desk.dir, 'stages.yaml'), await readFile(stages, 'utf8'))
    const { status: end } = await desk.json('resume', 'out.json')
    expect(end).toBe('done')
  })

  test('is the only kind that can be such a file', async () => {
    const desk = await deskOf('v0-first-stage')
    await writeFile(join(desk.dir, 'own.yaml'), 'forkchart: 1\nname: own\nstages: [{ id: a, run: [echo, a] }]\n')
    await desk.call('run', 'own.yaml', '--run-id', 'own', '--ui', 'none')
    expect(await desk.call('export', 'own', '--format', 'orchestration-state')).toMatchObject({
      code: 2, out: '', err: expect.stringMatching(/"own" is not written as `stages`.*--format run.*EXPORT_NO_STAGES/s),
    })
    expect(await desk.call('export', 'nobody')).toMatchObject({ code: 5, out: '', err: expect.stringContaining('RUN_NOT_FOUND') })
  })
})

describe('an exported run', () => {
  test('is the same run where it is taken in, down to the last byte of its journal, and goes on there', async () => {
    const desk = await deskOf('v2-one-of-group-failed')
    await desk.call('import', 'state.json', '--run-id', 'run')
    expect(await desk.call('export', 'run', '-o', 'run.json')).toMatchObject({ code: 0, out: '', err: 'wrote run.json\n' })
    const text = await readFile(join(desk.dir, 'run.json'), 'utf8')
    expect((await desk.call('export', 'run', '--json')).out).toBe(text)
    expect(await desk.json('import', 'run.json', '--store', 'there')).toMatchObject({ kind: 'run', runId: 'run', settled: false, resume: 'forkchart resume run --store there' })
    const journal = (store: string): Promise<Buffer> => readFile(join(desk.dir, store, 'runs/run/events.ndjson'))
    expect(await journal('there')).toEqual(await journal('.forkchart'))
    expect((await desk.call('export', 'run', '--store', 'there')).out).toBe(text)
    expect(await desk.json('show', 'run.json')).toMatchObject({ runId: 'run', status: 'interrupted' })

    expect(await desk.json('resume', 'run', '--store', 'there')).toMatchObject({ status: 'done' })
    const whole = (await desk.call('export', 'run', '--store', 'there')).out
    await writeFile(join(desk.dir, 'whole.json'), whole)
    await rm(join(desk.dir, 'there'), { recursive: true })
    expect(await desk.json('import', 'whole.json', '--store', 'there')).toMatchObject({ settled: true, resume: null })
    expect((await desk.call('export', 'run', '--store', 'there')).out).toBe(whole)
    expect(await desk.json('show', 'run', '--store', 'there')).toMatchObject({ status: 'done' })
  })

  test('does not take the place of a run, but may get another name', async () => {
    const desk = await deskOf('v0-between-stages')
    await desk.call('import', 'state.json', '--run-id', 'run')
    await desk.call('export', 'run', '-o', 'run.json')
    expect(await desk.call('import', 'run.json')).toMatchObject({ code: 2, out: '', err: expect.stringContaining('RUN_EXISTS') })
    expect(await desk.json('import', 'run.json', '--run-id', 'other')).toMatchObject({ runId: 'other' })
    expect(await desk.json('show', 'other')).toMatchObject({ damage: [], steps: (await desk.json('show', 'run'))['steps'] })
    expect(await desk.json('resume', 'other')).toMatchObject({ runId: 'other', status: 'done' })
    expect(await desk.call('import', 'run.json', '--run-id', '../x')).toMatchObject({ code: 2, err: expect.stringContaining('RUN_ID_INVALID') })
  })

  test.each([
    ['of a later format', (run: JsonObject) => ({ ...run, format: 2 }), 'FORMAT_TOO_NEW'],
    ['without a spec', ({ spec: _, ...run }: JsonObject) => run, 'RUN_DAMAGED'],
    ['without events', ({ events: _, ...run }: JsonObject) => run, 'RUN_DAMAGED'],
    ['with a gap in its events', (run: JsonObject) => ({ ...run, events: (run['events'] as JsonObject[]).toSpliced(3, 1) }), 'RUN_DAMAGED'],
    ['with an event of another run', (run: JsonObject) => ({ ...run, events: (run['events'] as JsonObject[]).with(2, { ...(run['events'] as JsonObject[])[2], runId: 'x' }) }), 'RUN_DAMAGED'],
    ['with an event that is not known yet', (run: JsonObject) => ({ ...run, events: (run['events'] as JsonObject[]).with(2, { ...(run['events'] as JsonObject[])[2], type: 'step.dreamt' }) }), 'FORMAT_TOO_NEW'],
    ['whose workflow is broken', (run: JsonObject) => ({ ...run, spec: { ...(run['spec'] as JsonObject), workflow: {} } }), 'RUN_DAMAGED'],
  ])('%s is refused', async (_, change, code) => {
    const desk = await deskOf('v0-between-stages')
    await desk.call('import', 'state.json', '--run-id', 'run')
    const run = JSON.parse((await desk.call('export', 'run')).out) as JsonObject
    await writeFile(join(desk.dir, 'run.json'), JSON.stringify(change(run)))
    const { code: exit, out } = await desk.call('import', 'run.json', '--store', 'there', '--json')
    expect({ exit, error: JSON.parse(out) }).toMatchObject({ exit: 2, error: { error: { code } } })
  })
})
