import { describe, expect, test } from 'vitest'
import { createEmbeddedHost } from '../src/hosts/embedded/embedded-host.ts'
import type { StartOptions } from '../src/hosts/host.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import type { StepFunction } from '../src/step-function.ts'
import { type Draft, draftWorkflow } from '../src/testing/draft-workflow.ts'
import { createBench, eventsOf } from './run-embedded.ts'

const workflow = draftWorkflow([{ id: 'a' }], {
  input: {
    type: 'object',
    required: ['text'],
    properties: { text: { type: 'string' }, language: { type: 'string', default: 'French' }, n: { type: 'number' } },
  },
})

describe('starting a run', () => {
  test('refuses an input that does not fit, names every value, and makes no run', async () => {
    const bench = createBench(() => null)
    const start = bench.start(workflow, { input: { language: 7, n: 'x' } })
    await expect(start).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      kind: 'usage',
      message: expect.stringMatching(/input schema of "draft".*text.*language.*n: /s),
    })
    expect(await bench.store.list()).toEqual([])
  })

  test('fills in the defaults of the input schema', async () => {
    const bench = createBench(({ input }) => input)
    const handle = await bench.start(workflow, { input: { text: 'hi' } })
    expect(await bench.settled(handle)).toEqual({ status: 'done', output: { text: 'hi', language: 'French' } })
    expect(eventsOf(handle)[0]).toMatchObject({ type: 'run.started', seq: 1, data: { input: { text: 'hi', language: 'French' }, scripted: false } })
  })

  test.each<[Partial<StartOptions>, string]>([
    [{ runId: '../up' }, 'RUN_ID_INVALID'],
    [{ runId: '' }, 'RUN_ID_INVALID'],
    [{ concurrency: 0 }, 'CONCURRENCY_INVALID'],
    [{ concurrency: 1.5 }, 'CONCURRENCY_INVALID'],
    [{ concurrency: Number.NaN }, 'CONCURRENCY_INVALID'],
  ])('refuses %o', async (options, code) => {
    const bench = createBench(() => null)
    await expect(bench.start(workflow, { input: { text: 'hi' }, ...options })).rejects.toMatchObject({ code, kind: 'usage' })
    expect(await bench.store.list()).toEqual([])
  })

  test('refuses an id that is taken', async () => {
    const bench = createBench(() => null)
    await bench.start(workflow, { input: { text: 'hi' } })
    await expect(bench.start(workflow, { input: { text: 'hi' } })).rejects.toMatchObject({ code: 'RUN_EXISTS' })
  })

  test('makes an id that sorts by time when none is given', async () => {
    const bench = createBench(() => null)
    const { runId: _, ...rest } = { runId: undefined }
    const handle = await bench.host.start({ workflow, input: { text: 'hi' }, specDir: '/', workingDir: '/', source: { file: null, text: '' }, ...rest })
    expect(handle.runId).toMatch(/^20260101-000000-[0-9a-z]{6}$/)
  })

  test('checks the output of the whole workflow against its schema', async () => {
    const bench = createBench(() => 'no number')
    const handle = await bench.start(draftWorkflow([{ id: 'a' }], { output: { type: 'number' } }))
    expect(await bench.settled(handle)).toMatchObject({ status: 'failed', error: { code: 'OUTPUT_INVALID' } })
  })

  test('checks what an agent answers against the schema of the agent, unless the step has its own', async () => {
    const agents = { poet: { uses: 'scripted' as const, replies: [{ output: 'x' }], output: { type: 'object' } } }
    const asked: unknown[] = []
    const bench = createBench((request) => {
      if (request.kind === 'agent') asked.push(request.outputSchema)
      return 'a text'
    })
    const refused = await bench.start(draftWorkflow([{ id: 'a', agent: 'poet' }], { agents }), { runId: 'refused' })
    expect(await bench.settled(refused)).toMatchObject({ status: 'failed', error: { code: 'OUTPUT_INVALID', path: 'a' } })
    const taken = await bench.start(draftWorkflow([{ id: 'a', agent: 'poet', output: { type: 'string' } }], { agents }), { runId: 'taken' })
    expect(await bench.settled(taken)).toEqual({ status: 'done', output: 'a text' })
    expect(asked).toEqual([{ type: 'object' }, { type: 'string' }])
  })

  test('checks it also when the last stage was skipped', async () => {
    const bench = createBench(() => 'no number')
    const handle = await bench.start(draftWorkflow([{ id: 'a' }, { id: 'b', when: 'false' }], { output: { type: 'number' } }))
    expect(await bench.settled(handle)).toMatchObject({ status: 'failed', error: { code: 'OUTPUT_INVALID' } })
  })
})

describe('a run by the real executors', () => {
  const run = (functions: Readonly<Record<string, StepFunction>>, stages: readonly Draft[]) =>
    createEmbeddedHost({ store: createMemoryStore(), functions, env: {} })
      .start({ workflow: draftWorkflow(stages), input: 2, specDir: '/', workingDir: '/', source: { file: null, text: '' } })

  test('calls functions with what they are promised', async () => {
    const seen: unknown[] = []
    const handle = await run(
      {
        work: (input, { runId, path, attempt, idempotencyKey, signal }) => {
          seen.push({ runId, path, attempt, idempotencyKey, aborted: signal.aborted })
          return Number(input) * 2
        },
      },
      [{ id: 'a' }, { id: 'b' }],
    )
    expect(await handle.settled).toEqual({ status: 'done', output: 8 })
    const { runId } = handle
    expect(seen).toEqual(['a', 'b'].map((path) => ({ runId, path, attempt: 1, idempotencyKey: `${runId}/${path}`, aborted: false })))
  })

  test('tells a reducer function how every branch ended, in branch order', async () => {
    const handle = await run(
      {
        work: (_, { path, skip }) => (path === 'g.b' ? skip('no need') : path),
        gather: (input, { branches }) => ({ input, branches: branches?.map(({ id, status, reason }) => [id, status, reason]) ?? null }),
      },
      [{ id: 'g', reduce: { call: 'gather' }, parallel: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] }],
    )
    expect(await handle.settled).toEqual({
      status: 'done',
      output: { input: ['g.a', 'g.c'], branches: [['a', 'completed', null], ['b', 'skipped', 'no need'], ['c', 'completed', null]] },
    })
  })

  test('answers for agents from their scripts', async () => {
    const workflow = draftWorkflow([{ id: 'a', agent: 'poet', prompt: 'write' }], {
      agents: { poet: { uses: 'scripted', replies: [{ output: 'a poem', usage: { inputTokens: 3, outputTokens: 4 }, costUsd: 0.5 }] } },
    })
    const host = createEmbeddedHost({ store: createMemoryStore(), env: {} })
    const handle = await host.start({ workflow, input: null, scripted: true, specDir: '/', workingDir: '/', source: { file: null, text: '' } })
    expect(await handle.settled).toEqual({ status: 'done', output: 'a poem' })
    const completed = eventsOf(handle).find(({ type }) => type === 'step.completed')
    expect(completed).toMatchObject({ agent: 'poet', data: { usage: { inputTokens: 3, outputTokens: 4, costUsd: 0.5 } } })
  })
})
