import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RunEvent } from '../src/events.ts'
import { Trace, traceOf } from '../src/runtime/trace.ts'
import type { Span } from '../src/runtime/trace-span.ts'
import { draftWorkflow } from '../src/testing/draft-workflow.ts'
import { formatTraceparent, parseTraceparent } from '../src/trace-id.ts'
import { act, randomBlocks } from './blocks-random.ts'
import { resumeHosted, runHosted } from './blocks-run.ts'
import { createBench, eventsOf } from './run-embedded.ts'

const outer = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

async function traced(traceparent?: string) {
  const bench = createBench(({ path, attempt }) => {
    if (path === 'g.b' && attempt === 1) throw new Error('not yet')
    return path
  })
  const retry = { attempts: 2, initialMs: 10 }
  const workflow = draftWorkflow([{ id: 'g', parallel: [{ id: 'a' }, { id: 'b', retry }] }, { id: 'no', when: 'false' }, { id: 'end' }])
  const handle = await bench.start(workflow, { requestId: 'req-1', ...(traceparent && { traceparent }) })
  await bench.settled(handle)
  return eventsOf(handle)
}

const shown = ({ kind, path, status }: Span): string => `${kind} ${path ?? ''} ${status}`.replaceAll(/\s+/g, ' ')

describe('the trace of a run', () => {
  test('has a span for the run, each group, step and attempt, each in the one around it', async () => {
    const spans = traceOf(await traced())
    expect(spans.map(shown).sort()).toEqual([
      'attempt end ok', 'attempt g.a ok', 'attempt g.b error', 'attempt g.b ok', 'group g ok', 'run ok', 'step end ok', 'step g.a ok',
      'step g.b ok', 'step no unset',
    ])
    const byId = new Map(spans.map((span) => [span.spanId, span]))
    const around = (span: Span): string | undefined => byId.get(span.parentSpanId ?? '')?.kind
    expect(spans.map((span) => [span.kind, around(span)])).toEqual(expect.arrayContaining([['group', 'run'], ['step', 'group'], ['attempt', 'step']]))
    expect(spans.find(({ path, kind }) => path === 'g.b' && kind === 'step')?.attributes).toMatchObject({
      'forkchart.path': 'g.b', 'forkchart.group': 'g', 'forkchart.branch': 'b', 'forkchart.status': 'completed',
    })
    expect(spans.find(({ status }) => status === 'error')?.attributes).toMatchObject({ 'error.type': 'STEP_FAILED', 'forkchart.attempt': 1 })
  })

  test('continues that of whoever started the run, and names the request', async () => {
    const [run] = traceOf(await traced(outer))
    expect(run).toMatchObject({ traceId: outer.slice(3, 35), parentSpanId: '00f067aa0ba902b7' })
    expect(run?.attributes).toMatchObject({ 'gen_ai.operation.name': 'invoke_workflow', 'forkchart.request.id': 'req-1' })
  })

  test('is in every event, and another one for every run', async () => {
    const events = await traced()
    const ids = new Set(events.map(({ traceId }) => traceId))
    expect([...ids]).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)])
  })

  test('is a tree without gaps: whatever runs, spans end once, inside of the one around them', async () => {
    await fc.assert(
      fc.asyncProperty(randomBlocks, async ({ workflow, seed }) => {
        const { events } = await runHosted(workflow, 'in', ({ path, input }, turn) => act(seed, path, turn, input))
        expectTree(traceOf(events))
      }),
      { numRuns: 40 },
    )
  })

  test('goes on with the same ids in another process, and no span is told twice', async () => {
    await fc.assert(
      fc.asyncProperty(randomBlocks, fc.nat(), async ({ workflow, seed }, dice) => {
        const work = ({ path, input }: { path: string; input: never }, turn: number) => act(seed, path, turn, input)
        const first = await runHosted(workflow, 'in', work as never)
        const cut = first.events.slice(0, 1 + (dice % (first.events.length - 1)))
        const { events } = await resumeHosted(first.spec, cut, work as never)
        const trace = new Trace()
        const before: Span[] = []
        const after: Span[] = []
        for (const event of events) (event.seq <= cut.length ? before : after).push(...trace.take(event))
        const ids = [...before, ...after].map(({ spanId }) => spanId)
        expect(new Set(ids).size).toBe(ids.length)
        expect(trace.open()).toEqual([])
        expectTree([...before, ...after])
        expect(new Set(events.map(({ traceId }) => traceId)).size).toBe(1)
      }),
      { numRuns: 40 },
    )
  })

  test('has what agents did under the names of OpenTelemetry', () => {
    const at = (ms: number): string => new Date(ms).toISOString()
    const base = { runId: 'r', traceId: 'a'.repeat(32) }
    const step = { ...base, path: 'x', agent: 'writer', attempt: 1 }
    const events = [
      { ...base, seq: 1, at: at(0), type: 'run.started', data: { workflow: 'w', input: null, scripted: false } },
      { ...step, seq: 2, at: at(1), type: 'step.started', data: {} },
      { ...step, seq: 3, at: at(2), type: 'agent.tool_call', data: { call: 'c1', tool: 'search', arguments: {} } },
      { ...step, seq: 4, at: at(3), type: 'agent.tool_result', data: { call: 'c1', tool: 'search', output: 'no', failed: true } },
      { ...step, seq: 5, at: at(4), type: 'agent.usage', data: { inputTokens: 7, outputTokens: 3, cachedTokens: 2, costUsd: 0.5, costSource: 'priced', model: 'gpt-5-mini', sessionId: 's' } },
      { ...step, seq: 6, at: at(5), type: 'step.completed', data: { output: 1 } },
    ] as RunEvent[]
    const spans = traceOf(events)
    expect(spans.find(({ kind }) => kind === 'attempt')).toMatchObject({
      name: 'invoke_agent writer',
      attributes: {
        'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'writer', 'gen_ai.response.model': 'gpt-5-mini',
        'gen_ai.usage.input_tokens': 7, 'gen_ai.usage.output_tokens': 3, 'gen_ai.conversation.id': 's',
        'forkchart.cost_usd': 0.5, 'forkchart.cost_source': 'priced',
      },
    })
    expect(spans.find(({ kind }) => kind === 'tool')).toMatchObject({
      name: 'execute_tool search', startedAt: at(2), endedAt: at(3), status: 'error', attributes: { 'gen_ai.tool.call.id': 'c1' },
    })
    expect(spans.find(({ kind }) => kind === 'run')).toMatchObject({ endedAt: null })
  })

  test('ends an attempt that was cut off when its process was last heard of', () => {
    const at = (ms: number): string => new Date(ms).toISOString()
    const base = { runId: 'r', traceId: 'a'.repeat(32) }
    const lost = { code: 'INTERRUPTED', kind: 'retryable', message: 'cut off' }
    const events = [
      { ...base, seq: 1, at: at(0), type: 'run.started', data: { workflow: 'w', input: null, scripted: false } },
      { ...base, seq: 2, at: at(1), path: 'x', attempt: 1, type: 'step.started', data: {} },
      { ...base, seq: 3, at: at(900), type: 'run.resumed', data: { afterSeq: 2 } },
      { ...base, seq: 4, at: at(901), path: 'x', attempt: 1, type: 'step.retrying', data: { error: lost, delayMs: 0 } },
    ] as RunEvent[]
    expect(traceOf(events).find(({ kind }) => kind === 'attempt')).toMatchObject({ status: 'error', endedAt: at(1) })
  })

  test('is empty for a run from before there were traces', async () => {
    const events = (await traced()).map(({ traceId: _, ...event }) => event as RunEvent)
    expect(traceOf(events)).toEqual([])
  })
})

describe('what the library of an agent does in an attempt', () => {
  const step = { runId: 'r', traceId: 'a'.repeat(32), path: 'x', agent: 'writer', attempt: 1 }
  const begin = (span: number, kind: string, more: object = {}) => ['agent.span_started', { span, kind, name: kind, ...more }] as const
  const end = (span: number, more: object = {}) => ['agent.span_ended', { span, ...more }] as const
  const call = ['agent.tool_call', { call: 'c', tool: 'look', arguments: {} }] as const
  const result = ['agent.tool_result', { call: 'c', tool: 'look', output: 1 }] as const
  const tool = begin(3, 'tool', { parent: 2, call: 'c' })
  const turn = [begin(1, 'agent'), begin(2, 'turn', { parent: 1 })] as const
  const done = [end(2), end(1), ['step.completed', { output: 1 }]] as const

  function told(events: readonly (readonly [type: string, data: object])[]): { readonly lines: string[]; readonly spans: Span[] } {
    const trace = new Trace()
    const all = [['run.started', { workflow: 'w', input: null, scripted: false }], ['step.queued', {}], ['step.started', {}], ...events] as const
    const ended = all.flatMap(([type, data], index) => trace.take({ ...step, seq: index + 1, at: new Date(index).toISOString(), type, data } as never))
    const byId = new Map(ended.map((span) => [span.spanId, span]))
    return { spans: ended, lines: ended.map((span) => `${span.name} in ${byId.get(span.parentSpanId ?? '')?.name ?? '-'} ${span.status}`) }
  }

  const whole = ['turn in agent ok', 'agent in invoke_agent writer ok', 'invoke_agent writer in step x ok', 'step x in - ok']

  test('is in what is around it; a call of a tool is one span, whoever tells of it first', () => {
    for (const order of [[call, tool, end(3), result], [tool, call, end(3), result], [tool, end(3), call, result], [call, tool, result, end(3)], [call, result]]) {
      const name = order[0] === call ? 'execute_tool look' : 'tool'
      expect(told([...turn, ...order, ...done]).lines).toEqual([`${name} in turn ok`, ...whole])
    }
  })

  test('has its errors, with their kind where it shows', () => {
    const { spans } = told([...turn, begin(3, 'model', { parent: 2 }), end(3, { error: 'RateLimitError: 429' }), end(2, { error: 'gone' }), end(1), ['step.completed', { output: 1 }]])
    expect(spans[0]).toMatchObject({ status: 'error', message: 'RateLimitError: 429', attributes: { 'error.type': 'RateLimitError' } })
    expect(spans[1]).toMatchObject({ status: 'error', message: 'gone', attributes: { 'error.type': '_OTHER' } })
  })

  test('ends with the attempt, the innermost first, and what comes later is none of it', () => {
    const { lines } = told([...turn, call, tool, begin(4, 'model', { parent: 3 }), ['step.failed', { error: { code: 'TIMEOUT', message: 'late' } }], end(4), end(1), begin(9, 'turn')])
    expect(lines).toEqual([
      'model in execute_tool look unset', 'execute_tool look in turn unset', 'turn in agent unset', 'agent in invoke_agent writer unset', 'invoke_agent writer in step x error', 'step x in - error',
    ])
  })
})

describe('a traceparent', () => {
  test('comes back as it was written', () => {
    const hex = (length: number) => fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length }).filter((text) => /[^0]/.test(text))
    fc.assert(fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, sampled) => {
      expect(parseTraceparent(formatTraceparent({ traceId, spanId, sampled }))).toEqual({ traceId, spanId, sampled })
    }))
  })

  test.each([
    '', 'x', outer.slice(0, -1), `ff${outer.slice(2)}`, `${outer}-more`, outer.toUpperCase(), `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`,
  ])('that is none is refused: %j', async (traceparent) => {
    expect(parseTraceparent(traceparent)).toBeUndefined()
    const bench = createBench(() => 1)
    await expect(bench.start(draftWorkflow([{ id: 'a' }]), { traceparent })).rejects.toMatchObject({ code: 'TRACEPARENT_INVALID' })
  })

  test('of a later version may say more', () => {
    expect(parseTraceparent(`01${outer.slice(2)}-more`)).toMatchObject({ spanId: '00f067aa0ba902b7' })
  })
})

function expectTree(spans: readonly Span[]): void {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  expect(byId.size).toBe(spans.length)
  expect(spans.filter(({ parentSpanId }) => parentSpanId === null)).toHaveLength(1)
  for (const { parentSpanId, endedAt, startedAt } of spans) {
    expect(endedAt).not.toBeNull()
    if (parentSpanId === null) continue
    const around = byId.get(parentSpanId)
    expect(around).toBeDefined()
    expect(around !== undefined && around.startedAt <= startedAt && (endedAt ?? '') <= (around.endedAt ?? '')).toBe(true)
  }
}
