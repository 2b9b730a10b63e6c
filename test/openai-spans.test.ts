import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTraceProcessors, setTracingDisabled, withCustomSpan, withTrace } from '@openai/agents'
import { afterEach, describe, expect, test } from 'vitest'
import { createEmbeddedHost, createMemoryStore, loadSpec, type RunEvent } from '../src/index.ts'
import type { Span } from '../src/runtime/trace-span.ts'
import { traceOf } from '../src/runtime/trace.ts'
import { type LoopbackOpenAI, type LoopbackReply, type LoopbackRequest, startLoopbackOpenAI } from '../src/testing/loopback-openai.ts'
import { withoutItsExporter } from '../src/executors/openai/tracing-scope.ts'
import { temporaryFolder } from './executor-agents.ts'
// Before anything else: the other copy of the SDK sets up its tracing when it is loaded.
import * as inner from './fixtures/openai/inner.ts'

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/openai/${name}`, import.meta.url))
let service: LoopbackOpenAI | undefined
afterEach(() => service?.close())

type Reply = (request: LoopbackRequest) => LoopbackReply | string | Promise<LoopbackReply | string>

async function run(agents: object, stages: readonly object[], reply: Reply, env: Record<string, string> = {}) {
  service = await startLoopbackOpenAI(reply)
  const folder = temporaryFolder()
  const openai = Object.fromEntries(Object.entries(agents).map(([name, agent]) => [name, { uses: 'openai', model: 'm', ...(agent as object) }]))
  writeFileSync(join(folder, 'spec.json'), JSON.stringify({ forkchart: 1, name: 'spans', limits: { concurrency: 20 }, agents: openai, stages }))
  const { workflow, dir, file, text } = await loadSpec(join(folder, 'spec.json'))
  const host = createEmbeddedHost({ store: createMemoryStore(), env: { PATH: process.env['PATH'] ?? '', OPENAI_BASE_URL: service.baseUrl, ...env } })
  const handle = await host.start({ workflow, input: null, specDir: dir, workingDir: folder, source: { file, text } })
  const events: RunEvent[] = []
  handle.subscribe((event) => {
    if (!('ephemeral' in event)) events.push(event)
  })
  return { settlement: await handle.settled, events, spans: traceOf(events), url: service.baseUrl }
}

/** The attempt of a step and all in it, one per line. */
function inside(spans: readonly Span[], path: string): string[] {
  const lines: string[] = []
  const add = (span: Span, depth: number): void => {
    lines.push(`${'  '.repeat(depth)}${span.name}${span.status === 'ok' ? '' : ` ${span.status}`}`)
    for (const inner of spans) if (inner.parentSpanId === span.spanId) add(inner, depth + 1)
  }
  for (const span of spans) if (span.kind === 'attempt' && span.path === path) add(span, 0)
  return lines
}

const write = { id: 'write', agent: 'writer', prompt: 'Say hello.' }
const called = (name: string, args: object = {}) => ({ toolCalls: [{ name, arguments: args as never, id: 'call_1' }] })
const firstCalls = (name: string, args: object = {}): Reply => ({ toolResults, model }) => (model === 'm' && toolResults.length === 0 ? called(name, args) : 'done')

describe('the spans of the SDK', () => {
  test.each(['chat', 'responses'])('are inside of the attempt, turn by turn, with what models used (%s)', async (api) => {
    const tools = [{ call: `${fixture('tools.ts')}#look` }]
    const { spans } = await run({ writer: { api, tools } }, [write], firstCalls('look', { word: 'x' }))
    expect(inside(spans, 'write')).toEqual([
      'invoke_agent writer', '  invoke_agent writer', '    turn 1', '      chat m', '      execute_tool look', '    turn 2', '      chat m',
    ])
    const models = spans.filter(({ kind }) => kind === 'model')
    for (const { attributes } of models) {
      expect(attributes).toMatchObject({
        'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm', 'gen_ai.response.model': 'm',
        'gen_ai.usage.input_tokens': 10, 'gen_ai.usage.output_tokens': 5, 'server.address': expect.stringMatching(/^127\.0\.0\.1:/),
      })
    }
    expect(spans.find(({ kind }) => kind === 'tool')?.attributes).toMatchObject({ 'gen_ai.tool.name': 'look', 'gen_ai.tool.call.id': 'call_1' })
    for (const span of spans) {
      const around = spans.find(({ spanId }) => spanId === span.parentSpanId)
      if (around === undefined) continue
      expect(span.startedAt >= around.startedAt && (span.endedAt ?? '') <= (around.endedAt ?? '')).toBe(true)
    }
  })

  test('are there for hand-overs, guardrails, lists of tools, and tools that fail', async () => {
    const agents = {
      writer: {
        model: 'front', allow_handoffs: true, handoffs: ['clerk'],
        mcp: [{ name: 'tiny', command: [process.execPath, fixture('mcp-server.ts')] }],
        guardrails: { input: [`${fixture('tools.ts')}#isPolite`] },
      },
      clerk: { model: 'back', tools: [{ call: `${fixture('tools.ts')}#broken` }] },
    }
    const reply: Reply = ({ model, toolResults }) => {
      if (model === 'front') return called('transfer_to_clerk')
      return toolResults.some((text) => text.includes('failed')) ? 'no' : { toolCalls: [{ name: 'broken', arguments: {}, id: 'call_2' }] }
    }
    const { spans, settlement } = await run(agents, [write], reply)
    expect(settlement.status).toBe('done')
    expect(inside(spans, 'write')).toEqual([
      'invoke_agent writer', '  guardrail isPolite', '  invoke_agent writer', '    turn 1', '      chat front', '      handoff', '    tools/list tiny',
      '  invoke_agent clerk', '    turn 2', '      chat back', '      execute_tool broken error', '    turn 3', '      chat back',
    ])
    expect(spans.find(({ kind }) => kind === 'handoff')?.attributes).toEqual({ 'forkchart.handoff.from': 'writer', 'forkchart.handoff.to': 'clerk' })
  })

  test('say what failed, without its secrets', async () => {
    const { spans, events } = await run({ writer: {} }, [{ ...write, retry: { attempts: 1 } }], () => ({ status: 401, message: 'no such key: test-key-12345' }), { OPENAI_API_KEY: 'test-key-12345' })
    expect(inside(spans, 'write')).toEqual(['invoke_agent writer error', '  invoke_agent writer error', '    turn 1 error', '      chat m error'])
    expect(spans.find(({ kind }) => kind === 'model')?.message).toContain('401 no such key: <redacted>')
    expect(JSON.stringify(events)).not.toContain('test-key-12345')
  })

  test('end with an attempt that is cut off', async () => {
    const { spans } = await run({ writer: {} }, [{ ...write, timeout: '300ms', retry: { attempts: 1 } }], () => ({ silent: true }))
    expect(inside(spans, 'write')).toEqual(['invoke_agent writer error', '  invoke_agent writer unset', '    turn 1 unset', '      chat m unset'])
    expect(spans.every(({ endedAt }) => endedAt !== null)).toBe(true)
  })

  test('of agents that work at once do not mix', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `w${index}`)
    const agents = Object.fromEntries(names.map((name) => [name, { model: `model-${name}`, tools: [{ call: `${fixture('tools.ts')}#look` }] }]))
    const group = { id: 'all', parallel: names.map((name) => ({ id: name, agent: name, prompt: 'Say hello.' })) }
    const { spans } = await run(agents, [group], ({ toolResults }) => (toolResults.length === 0 ? called('look') : { text: 'a b c d e', pace: 1 }))
    for (const name of names) {
      expect(inside(spans, `all.${name}`)).toEqual([
        `invoke_agent ${name}`, `  invoke_agent ${name}`, '    turn 1', `      chat model-${name}`, '      execute_tool look', '    turn 2', `      chat model-${name}`,
      ])
    }
  })
})

describe('the tracing of the SDK that others in the process have', () => {
  const seen: string[] = []
  const spy = {
    onTraceStart: async ({ name }: { name: string }) => void seen.push(name),
    onTraceEnd: async () => undefined,
    onSpanStart: async ({ spanData }: { spanData: { type: string } }) => void seen.push(spanData.type),
    onSpanEnd: async () => undefined,
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  }

  test.each(Object.keys(inner))('gets nothing of our agents, nor of agents that their tools run (%s)', { timeout: 20_000 }, async (name) => {
    seen.length = 0
    setTracingDisabled(false)
    setTraceProcessors([spy])
    const second = await startLoopbackOpenAI(() => 'from inside')
    const tools = [{ call: `${fixture('inner.ts')}#${name}`, parameters: { type: 'object', properties: { url: { type: 'string' } } } }]
    const { spans, settlement } = await withTrace('of somebody else', () => run({ writer: { tools } }, [write], firstCalls(name, { url: second.baseUrl })))
    await second.close()
    expect(settlement).toMatchObject({ status: 'done', output: 'done' })
    expect(seen).toEqual(['of somebody else'])
    expect(inside(spans, 'write')).toEqual([
      'invoke_agent writer', '  invoke_agent writer', '    turn 1', '      chat m', `      execute_tool ${name}`, '        searching', '          invoke_agent inner',
      '            turn 1', '              chat', '    turn 2', '      chat m',
    ])
    await withTrace('mine', () => withCustomSpan(async () => undefined, { data: { name: 'x' } }))
    expect(seen).toEqual(['of somebody else', 'mine', 'custom'])
    setTraceProcessors([])
    setTracingDisabled(true)
  })

  test('keeps where it goes when our copy of the SDK is loaded', async () => {
    seen.length = 0
    setTracingDisabled(false)
    setTraceProcessors([spy])
    withoutItsExporter(() => setTraceProcessors([]))
    await withTrace('mine', async () => undefined)
    expect(seen).toEqual(['mine'])
    setTraceProcessors([])
    await withTrace('mine', async () => undefined)
    expect(seen).toEqual(['mine'])
    setTracingDisabled(true)
  })
})
