import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AgentEvent, Question, StepResult } from '../src/executors/executor.ts'
import type { Json } from '../src/json.ts'
import { type LoopbackOpenAI, type LoopbackReply, type LoopbackRequest, startLoopbackOpenAI } from '../src/testing/loopback-openai.ts'
import { calls } from './fixtures/openai/tools.ts'
import { type AgentAttempt, attempt, listener, toolOf } from './openai-agent.ts'

let service: LoopbackOpenAI | undefined
beforeEach(() => void calls.splice(0))
afterEach(async () => {
  await service?.close()
  service = undefined
})

interface Ask extends AgentAttempt {
  readonly reply: (request: LoopbackRequest) => LoopbackReply | string
}

async function ask({ reply, env = {}, ...rest }: Ask): Promise<StepResult> {
  service = await startLoopbackOpenAI(reply)
  return attempt({ ...rest, env: { OPENAI_BASE_URL: service.baseUrl, ...env } })
}

/** Calls a tool once, then says what it gave. */
const callOnce = (name: string, args: Json = {}) => ({ toolResults }: LoopbackRequest): LoopbackReply =>
  toolResults.length === 0 ? { toolCalls: [{ name, arguments: args, id: 'call_1' }] } : { text: toolResults.join(' | ') }

const fn = (name: string, more: object = {}) => ({ call: toolOf(name), approve: false, ...more })

describe.each(['chat', 'responses'] as const)('tools over %s', (api) => {
  const env = { OPENAI_API: api }

  test('a function is called, and what it gives is told to the model and in the stream, in order', async () => {
    const { told, logged, context } = listener()
    const reply = (request: LoopbackRequest): LoopbackReply => {
      const call = callOnce('look', { word: 'owl' })(request)
      return request.toolResults.length === 0 ? { ...call, text: 'Let me see.', tokens: ['Let me see.'] } : call
    }
    const result = await ask({ env, reply, context, agent: { tools: [fn('look')] } })
    expect(result).toMatchObject({ output: '{"found":"owl"}', usage: { inputTokens: 20, outputTokens: 10 } })
    expect(service?.requests[0]?.tools).toEqual(['look'])
    expect(told.filter(({ type }) => type !== 'delta')).toEqual([
      { type: 'agent.message', data: { text: 'Let me see.' } },
      { type: 'agent.tool_call', data: { call: 'call_1', tool: 'look', arguments: { word: 'owl' } } },
      { type: 'agent.tool_result', data: { call: 'call_1', tool: 'look', output: { found: 'owl' } } },
      { type: 'agent.message', data: { text: '{"found":"owl"}' } },
    ])
    expect(logged).toContain('looked for owl')
  })

  test('what a function throws is told to the model and marked as failed', async () => {
    const { told, context } = listener()
    const result = await ask({ env, reply: callOnce('broken'), context, agent: { tools: [fn('broken')] } })
    expect(result.output).toBe('The call failed: the shelf is empty')
    expect(told).toContainEqual({
      type: 'agent.tool_result', data: { call: 'call_1', tool: 'broken', output: 'The call failed: the shelf is empty', failed: true },
    })
  })

  test('an error of ours fails the step with its code, and what was used is counted', async () => {
    await expect(ask({ env, reply: callOnce('refuses'), agent: { tools: [fn('refuses')] } })).rejects.toMatchObject({
      kind: 'terminal', code: 'NO_SUCH_BOOK', usage: { inputTokens: 10, outputTokens: 5 },
    })
  })

  test('arguments that do not fit are told to the model with their place', async () => {
    const parameters = { type: 'object', properties: { word: { type: 'string' } } }
    const result = await ask({ env, reply: callOnce('look', { word: 7 }), agent: { tools: [fn('look', { parameters })] } })
    expect(result.output).toContain('word')
    expect(calls).toEqual([])
  })

  test('a tool object of the SDK is taken as it is, also with an approval', async () => {
    expect((await ask({ env, reply: callOnce('double', { n: 4 }), agent: { tools: [fn('sdkTool')] } })).output).toBe('8')
    await service?.close()
    const asked: Question[] = []
    const context = { ask: (question: Question) => Promise.resolve(asked.push(question) === 1 ? 'approve' : 'reject') }
    expect((await ask({ env, reply: callOnce('double', { n: 5 }), context, agent: { tools: [fn('sdkTool', { approve: true })] } })).output).toBe('10')
    expect(asked).toEqual([{ message: 'May writer call double with {"n":5}?', options: ['approve', 'reject'] }])
  })

  test('a call is made only when a person approves it', async () => {
    const answers = ['reject', 'approve']
    const context = { ask: () => Promise.resolve(answers.shift() ?? null) }
    const reply = ({ toolResults }: LoopbackRequest): LoopbackReply =>
      toolResults.length < 2 ? { toolCalls: [{ name: 'order', arguments: { book: `book ${toolResults.length}` } }] } : { text: toolResults.join(' | ') }
    const { output } = await ask({ env, reply, context, agent: { tools: [fn('order', { approve: true })] } })
    expect(calls.map(({ args }) => args)).toEqual([{ book: 'book 1' }])
    expect(output).toMatch(/not approved.*ordered book 1/s)
  })

  test('two calls that wait for approval at once are both asked about', async () => {
    const questions: string[] = []
    const context = { ask: ({ message }: Question) => Promise.resolve(questions.push(message) === 1 ? 'approve' : 'reject') }
    const reply = ({ toolResults }: LoopbackRequest): LoopbackReply =>
      toolResults.length === 0
        ? { toolCalls: [{ name: 'order', arguments: { book: 'a' } }, { name: 'order', arguments: { book: 'b' } }] }
        : { text: 'done' }
    await ask({ env, reply, context, agent: { tools: [fn('order', { approve: true })] } })
    expect(questions).toEqual(['May writer call order with {"book":"a"}?', 'May writer call order with {"book":"b"}?'])
    expect(calls.map(({ args }) => args)).toEqual([{ book: 'a' }])
  })
})

test('the same call made again has its key again, another one another', async () => {
  const reply = ({ toolResults }: LoopbackRequest): LoopbackReply =>
    toolResults.length < 3 ? { toolCalls: [{ name: 'look', arguments: { word: toolResults.length === 1 ? 'b' : 'a' } }] } : { text: 'x' }
  const agent = { tools: [fn('look')] }
  await ask({ reply, agent })
  await service?.close()
  await ask({ reply, agent })
  const keys = calls.map(({ key }) => key)
  expect(new Set(keys.slice(0, 3)).size).toBe(3)
  expect(keys.slice(3)).toEqual(keys.slice(0, 3))
})

test('a function that listens to nothing else ends with the step', async () => {
  const stop = new AbortController()
  const context = { signal: stop.signal, tell: ({ type }: AgentEvent) => (type === 'agent.tool_call' ? stop.abort() : undefined) }
  await expect(ask({ reply: callOnce('endless'), context, agent: { tools: [fn('endless')] } })).rejects.toMatchObject({ kind: 'cancelled' })
})

test('hosted tools are passed on, and only to the Responses API', async () => {
  const tools = [{ hosted: 'web_search', settings: { search_context_size: 'low' } }]
  await ask({ reply: () => 'x', agent: { tools, api: 'responses' } })
  expect(service?.requests[0]?.body['tools']).toEqual([{ type: 'web_search', search_context_size: 'low' }])
  await service?.close()
  await expect(ask({ reply: () => 'x', agent: { tools } })).rejects.toMatchObject({
    code: 'OPENAI_SETTING_INVALID', message: expect.stringContaining('api: responses'),
  })
})

test('too many turns are terminal, and what was used is counted', async () => {
  const reply = () => ({ toolCalls: [{ name: 'look', arguments: {} }] })
  await expect(ask({ reply, agent: { tools: [fn('look')] }, request: { maxTurns: 2 } })).rejects.toMatchObject({
    kind: 'terminal', code: 'MAX_TURNS', usage: { inputTokens: 20, outputTokens: 10 },
  })
})

describe('guardrails', () => {
  const guardrails = { input: [toolOf('isPolite')], output: [toolOf('isPolite')] }

  test('refuse what goes in before the model is asked', async () => {
    await expect(ask({ reply: () => 'x', agent: { guardrails }, request: { prompt: 'damn!' } })).rejects.toMatchObject({
      kind: 'terminal', code: 'GUARDRAIL', message: 'The guardrail isPolite refused the input: it swears',
    })
    expect(service?.requests).toEqual([])
  })

  test('refuse what comes out, with what it cost', async () => {
    await expect(ask({ reply: () => 'damn!', agent: { guardrails } })).rejects.toMatchObject({
      kind: 'terminal', code: 'GUARDRAIL', details: { side: 'output' }, usage: { inputTokens: 10 },
    })
  })

  test('let the rest pass; one that does not answer lets nothing pass', async () => {
    expect((await ask({ reply: () => 'fine', agent: { guardrails } })).output).toBe('fine')
    await service?.close()
    const mute = { input: [toolOf('saysNothing')], output: [] }
    await expect(ask({ reply: () => 'x', agent: { guardrails: mute } })).rejects.toMatchObject({ code: 'GUARDRAIL_INVALID' })
  })
})

test('an agent hands over, and the other one answers with its own settings and schema', async () => {
  const { told, context } = listener()
  const reply = ({ model }: LoopbackRequest): LoopbackReply =>
    model === 'front' ? { toolCalls: [{ name: 'transfer_to_clerk', arguments: {} }] } : { text: '{"answer":"yes"}' }
  const output = { type: 'object', properties: { answer: { type: 'string' } } } as const
  const team = { clerk: { uses: 'openai' as const, model: 'back', output, instructions: 'You know the answers.', handoffs: ['writer'] } }
  const result = await ask({ reply, context, agent: { model: 'front', handoffs: ['clerk'] }, request: { team } })
  expect(result).toMatchObject({ output: { answer: 'yes' }, model: 'back' })
  expect(told).toContainEqual({ type: 'agent.handoff', data: { from: 'writer', to: 'clerk' } })
  expect(service?.requests.map(({ tools }) => tools)).toEqual([['transfer_to_clerk'], ['transfer_to_writer']])
})
