import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { corpus, deskOf, deskWith, namesIn, startedIn } from './old-state-files.ts'

/** What becomes of each state: what is done, and which steps run first when it is gone on with. */
interface Expected {
  readonly format: string
  readonly open: readonly string[]
  readonly next: readonly string[]
  readonly ends: 'done' | 'failed'
}

const expected = JSON.parse(await readFile(join(corpus, 'expected.json'), 'utf8')) as Readonly<Record<string, Expected>>

test('every state of the corpus is looked at', async () => {
  expect(Object.keys(expected).sort()).toEqual(await namesIn('historical'))
})

describe('a state file', () => {
  test.each(Object.entries(expected))('%s loads, is shown, and goes on with what was not done', async (name, { format, open, next, ends }) => {
    const desk = await deskOf(name)
    const before = { bytes: await readFile(desk.file), ...(await stat(desk.file)) }

    const made = await desk.json('import', 'state.json', '--run-id', 'run')
    const stages = made['stages'] as { stage: string; status: string }[]
    expect(made).toMatchObject({ kind: 'state', runId: 'run', format, settled: open.length === 0, spec: expect.stringContaining('beside') })
    expect(stages.filter(({ status }) => status === 'open').map(({ stage }) => stage)).toEqual(open)

    const shown = await desk.json('show', 'state.json')
    const run = await desk.json('show', 'run')
    expect(shown['steps']).toEqual(run['steps'])
    expect(run).toMatchObject({ status: open.length === 0 ? 'done' : 'interrupted', workflow: 'fourteen' })

    const taken = await desk.events()
    const result = await desk.json('resume', 'run')
    expect(result['status']).toBe(ends)
    const ran = startedIn((await desk.events()).slice(taken.length))
    expect(ran.slice(0, next.length)).toEqual(next)
    const outside = ran.filter((path) => !open.some((key) => path.split('.').includes(key)))
    expect(outside).toEqual([])

    const after = await stat(desk.file)
    expect(await readFile(desk.file)).toEqual(before.bytes)
    expect(after).toMatchObject({ mtimeMs: before.mtimeMs, ino: before.ino })
  })

  test('is gone on with in one word, and the run lives in the store', async () => {
    const desk = await deskOf('v0-second-of-group')
    const { code, out, err } = await desk.call('resume', 'state.json', '--ui', 'none')
    expect({ code, out: out.trim() }).toEqual({ code: 0, out: 'by pm' })
    expect(err).toMatch(/^run \S+, from orchestration_state v0: 5 of 13 stages are done, left: TEST_STRATEGY, PLAN/)
    expect(err).toContain('stages: ')
    const [run] = JSON.parse((await desk.call('ls', '--json')).out) as { runId: string; status: string }[]
    expect(run?.status).toBe('done')
    expect(startedIn(await desk.events(run?.runId)).filter((path) => path.endsWith('RESEARCH'))).toHaveLength(1)
  })

  test('keeps the time that was spent, and the times that it knows', async () => {
    const v0 = await deskOf('v0-between-stages')
    const savedAt = new Date(Math.round((await stat(v0.file)).mtimeMs)).toISOString()
    expect(await v0.json('show', 'state.json')).toMatchObject({ elapsedMs: 1_834_250, lastEventAt: savedAt })
    const proposed = await deskOf('proposed-with-times')
    const steps = (await proposed.json('show', 'state.json'))['steps'] as { path: string }[]
    expect(steps.find(({ path }) => path === 'post_spec.TEST_STRATEGY')).toMatchObject({ endedAt: expect.any(String), output: 'end to end' })
    const older = await deskOf('workflow-state')
    const shown = await older.json('show', 'state.json')
    expect(shown).toMatchObject({ elapsedMs: 30 * 60_000 })
    expect((shown['steps'] as { path: string }[]).slice(0, 3)).toMatchObject([
      { path: 'SETUP', status: 'completed', output: 'ready' },
      { path: 'BUSINESS_PROBLEM', status: 'skipped' },
      { path: 'SPEC', status: 'completed', output: 'Files: feature_spec.md' },
    ])
  })
})

describe('the stages of a state', () => {
  test('are those given, else those it names, else those beside it, else the fourteen standard ones', async () => {
    const desk = await deskOf('v1-cancelled')
    await writeFile(join(desk.dir, 'other.yaml'), await readFile(join(desk.dir, 'stages.yaml')))
    const used = async (...options: readonly string[]): Promise<unknown> => (await desk.json('import', 'state.json', ...options))['spec']
    expect(await used('--spec', 'other.yaml')).toBe('other.yaml')
    expect(await used()).toBe(`${join(desk.dir, 'stages.yaml')}, which is beside the state`)
    const state = JSON.parse(await readFile(desk.file, 'utf8'))
    await writeFile(desk.file, JSON.stringify({ ...state, stages_config_source: 'other.yaml' }))
    expect(await used()).toBe(`${join(desk.dir, 'other.yaml')}, which the state names`)
    const alone = await deskOf('v0-between-stages')
    await rm(join(alone.dir, 'stages.yaml'))
    const made = await alone.json('import', 'state.json')
    expect(made).toMatchObject({ spec: 'the fourteen standard stages' })
    expect(made['stages']).toHaveLength(13)
  })

  test('are told the objective of the file that the state names, or what is given', async () => {
    const desk = await deskOf('v1-cancelled')
    const input = async (run: string): Promise<unknown> => (await desk.json('show', run))['input']
    await desk.call('import', 'state.json', '--run-id', 'without')
    expect(await input('without')).toEqual({ objective: 'See export.md.', feature: 'orders-export' })
    await writeFile(join(desk.dir, 'objectives/export.md'), '# Objective: Load a month\n\nAs one file.\n')
    await desk.call('import', 'state.json', '--run-id', 'with')
    expect(await input('with')).toMatchObject({ objective: '# Objective: Load a month\n\nAs one file.', feature: 'orders-export' })
    await desk.call('import', 'state.json', '--run-id', 'given', '--input', 'objective=Another')
    expect(await input('given')).toMatchObject({ objective: 'Another', feature: 'orders-export' })
  })

  test('a secret in what they gave is not stored', async () => {
    const desk = await deskOf('v0-between-stages')
    const state = JSON.parse(await readFile(desk.file, 'utf8'))
    const secret = `ghp_${'a1'.repeat(18)}`
    await writeFile(desk.file, JSON.stringify({ ...state, stage_outputs: { ...state.stage_outputs, RESEARCH: `found ${secret}` } }))
    await desk.call('import', 'state.json', '--run-id', 'run')
    const journal = JSON.stringify(await desk.events())
    expect(journal).toContain('found <redacted>')
    expect(journal).not.toContain(secret)
  })
})

test('a stage that may fail, and did, is not run again once the run was past it', async () => {
  const desk = await deskWith(join(corpus, 'negative', 'group-failed-behind.json'))
  const file = join(desk.dir, 'stages.yaml')
  await writeFile(file, (await readFile(file, 'utf8')).replace('TEST_STRATEGY: { ', 'TEST_STRATEGY: { optional: true, '))
  const made = await desk.json('import', 'state.json', '--run-id', 'run')
  expect(made['stages']).toContainEqual({ stage: 'TEST_STRATEGY', status: 'failed' })
  const state = JSON.parse((await desk.call('export', 'run', '--format', 'orchestration-state')).out)
  expect(state).toMatchObject({
    current_stage: 'PLAN', parallel_group_status: { post_spec: { stages: { TEST_STRATEGY: { status: 'failed', error: 'rate limit' } } } },
  })
  const taken = await desk.events()
  expect(await desk.json('resume', 'run')).toMatchObject({ status: 'done' })
  expect(startedIn((await desk.events()).slice(taken.length))[0]).toBe('PLAN')
})

describe('a state that cannot be gone on with is refused, and makes no run:', () => {
  const codes: Readonly<Record<string, readonly [code: string, says: string]>> = {
    'a-list-of-texts': ['IMPORT_FORMAT', 'does not hold an object'],
    'complete-in-the-middle': ['STATE_CONTRADICTS_ORDER', 'stands at PLAN'],
    'group-ahead': ['STATE_CONTRADICTS_ORDER', 'RESEARCH has run'],
    'group-failed-behind': ['STATE_CONTRADICTS_ORDER', 'post_spec'],
    'group-status-of-another-kind': ['STATE_INVALID', 'post_spec.stages.RESEARCH.status'],
    'history-without-stage': ['STATE_INVALID', 'history.0.stage'],
    neither: ['IMPORT_FORMAT', 'neither a run, nor a state file'],
    'no-status': ['STATE_INVALID', '`status`'],
    'output-ahead': ['STATE_CONTRADICTS_ORDER', 'SPEC_REVIEW has run, but it stands at SPEC'],
    'outputs-are-a-list': ['STATE_INVALID', 'stage_outputs'],
    'time-is-a-text': ['STATE_INVALID', 'elapsed_seconds'],
    torn: ['IMPORT_FORMAT', 'not JSON'],
    'unknown-group': ['STATE_UNKNOWN_GROUP', 'pre_spec'],
    'unknown-stage': ['STATE_UNKNOWN_STAGE', 'DEPLOY'],
    'unknown-stage-with-output': ['STATE_UNKNOWN_STAGE', 'DEPLOY'],
    'unknown-status': ['STATE_INVALID', '`status`'],
  }
  test('all of the corpus', async () => {
    expect(Object.keys(codes).sort()).toEqual(await namesIn('negative'))
  })
  test.each(Object.entries(codes))('%s', async (name, [code, says]) => {
    const desk = await deskWith(join(corpus, 'negative', `${name}.json`))
    for (const command of ['import', 'show', 'resume']) {
      const called = await desk.call(command, 'state.json', '--json')
      expect(called.code).toBe(2)
      expect(JSON.parse(called.out)).toMatchObject({ error: { code, message: expect.stringContaining(says) } })
    }
    expect(await desk.call('ls')).toMatchObject({ out: '', err: expect.stringContaining('no runs') })
  })

  test('a branch that is done before one that stands before it in an order without groups', async () => {
    const desk = await deskOf('v2-one-of-group-done')
    const file = join(desk.dir, 'stages.yaml')
    await writeFile(file, (await readFile(file, 'utf8')).replace(/parallel_groups:\n.*\n/, ''))
    expect(await desk.call('import', 'state.json')).toMatchObject({ code: 2, err: expect.stringContaining('TEST_STRATEGY has run, but it stands at RESEARCH') })
  })
})
