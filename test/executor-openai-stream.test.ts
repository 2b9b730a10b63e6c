import { afterEach, describe, expect, test } from 'vitest'
import type { StepResult } from '../src/executors/executor.ts'
import { type LoopbackOpenAI, type LoopbackOptions, type LoopbackReply, type LoopbackRequest, startLoopbackOpenAI } from '../src/testing/loopback-openai.ts'
import { type AgentAttempt, attempt, listener } from './openai-agent.ts'

let service: LoopbackOpenAI | undefined
afterEach(async () => {
  await service?.close()
  service = undefined
})

interface Ask extends AgentAttempt, LoopbackOptions {
  readonly reply: (request: LoopbackRequest) => LoopbackReply | string
}

async function ask({ reply, env = {}, streaming = 'served', ...rest }: Ask): Promise<StepResult> {
  service = await startLoopbackOpenAI(reply, { streaming })
  return attempt({ ...rest, env: { OPENAI_BASE_URL: service.baseUrl, OPENAI_API_KEY: 'test-key-1', ...env } })
}

describe.each(['chat', 'responses'] as const)('a streamed answer over %s', (api) => {
  const env = { OPENAI_API: api }

  test('comes token by token, then whole', async () => {
    const { told, context } = listener()
    const result = await ask({ env, reply: () => ({ text: 'one two three', tokens: ['one', ' two', ' three'] }), context })
    expect(result.output).toBe('one two three')
    expect(service?.requests[0]?.isStreamed).toBe(true)
    expect(told).toEqual([
      { type: 'delta', data: 'one' }, { type: 'delta', data: ' two' }, { type: 'delta', data: ' three' },
      { type: 'agent.message', data: { text: 'one two three' } },
    ])
  })

  test('counts cached and reasoning tokens', async () => {
    const usage = { inputTokens: 100, outputTokens: 30, cachedTokens: 80, reasoningTokens: 20 }
    expect(await ask({ env, reply: () => ({ text: 'x', usage }) })).toMatchObject({ usage: { ...usage, costUsd: null } })
  })

  test('that breaks off is a network error, asked once', async () => {
    const reply = () => ({ text: 'one two three', breakAfter: 2 })
    await expect(ask({ env, reply })).rejects.toMatchObject({ kind: 'retryable', code: 'NETWORK' })
    expect(service?.requests).toHaveLength(1)
  })

  test.each([
    ['rate_limit_exceeded', { kind: 'retryable', code: 'RATE_LIMIT' }],
    ['server_error', { kind: 'retryable', code: 'SERVER_ERROR' }],
    ['content_filter', { kind: 'terminal', code: 'CONTENT_FILTER' }],
    ['insufficient_quota', { kind: 'terminal', code: 'QUOTA_EXCEEDED' }],
  ])('in which the service says %s means %o', async (code, expected) => {
    await expect(ask({ env, reply: () => ({ text: 'one', failure: { code, message: 'sorry' } }) })).rejects.toMatchObject(expected)
    expect(service?.requests).toHaveLength(1)
  })

  test('is dropped at once when the step is cancelled', async () => {
    const stop = new AbortController()
    const never = new Promise<void>(() => undefined)
    const reply = () => ({ text: 'one two', pace: (token: number) => (token === 0 ? undefined : never) })
    const context = { signal: stop.signal, delta: () => stop.abort() }
    await expect(ask({ env, reply, context })).rejects.toMatchObject({ kind: 'cancelled' })
    await service?.dropped
  })

  test.each(['refused', 'ignored'] as const)('is not needed: a service for which `stream` is %s is served, and remembered', async (streaming) => {
    const { told, context } = listener()
    const usage = { inputTokens: 7, outputTokens: 2, cachedTokens: 3 }
    const result = await ask({ env, streaming, reply: () => ({ text: 'whole answer', usage }), context })
    expect(result).toMatchObject({ output: 'whole answer', usage })
    expect(told.at(-1)).toEqual({ type: 'agent.message', data: { text: 'whole answer' } })
    const asked = (): boolean[] => service?.requests.map(({ isStreamed }) => isStreamed) ?? []
    expect(asked()).toEqual(streaming === 'refused' ? [true, false] : [true])
    await attempt({ env: { OPENAI_BASE_URL: service?.baseUrl, ...env } })
    expect(asked().slice(-1)).toEqual([streaming === 'ignored'])
    expect(asked()).toHaveLength(streaming === 'refused' ? 3 : 2)
  })

  test('another refusal is no reason to ask again', async () => {
    const reply = () => ({ status: 400, message: 'no such parameter: temperature' })
    await expect(ask({ env, reply })).rejects.toMatchObject({ code: 'BAD_REQUEST' })
    expect(service?.requests).toHaveLength(1)
  })

  test('settings of the model are sent', async () => {
    await ask({ env, reply: () => 'x', agent: { settings: { temperature: 0.3, maxTokens: 50, reasoning: { effort: 'low' } } } })
    const body = service?.requests[0]?.body ?? {}
    expect(body).toMatchObject({ temperature: 0.3, ...(api === 'chat' ? { max_tokens: 50, reasoning_effort: 'low' } : { max_output_tokens: 50, reasoning: { effort: 'low' } }) })
  })
})

test('a setting that Chat Completions does not have is an error', async () => {
  await expect(ask({ env: { OPENAI_API: 'chat' }, reply: () => 'x', agent: { settings: { reasoning: { mode: 'pro' } } } })).rejects.toMatchObject({
    kind: 'terminal', code: 'AGENT_FAILED', message: expect.stringContaining('mode'),
  })
})

test('what Chat Completions cuts off is no answer', async () => {
  const env = { OPENAI_API: 'chat' }
  await expect(ask({ env, reply: () => ({ text: 'cut', finish: 'length', usage: { inputTokens: 9, outputTokens: 4 } }) })).rejects.toMatchObject({
    kind: 'terminal', code: 'OUTPUT_CUT', message: expect.stringContaining('maxTokens'), usage: { inputTokens: 9, outputTokens: 4 },
  })
  await service?.close()
  await expect(ask({ env, reply: () => ({ text: 'x', finish: 'content_filter' }) })).rejects.toMatchObject({ kind: 'terminal', code: 'CONTENT_FILTER' })
})

test('what the Responses API did not finish says why', async () => {
  const env = { OPENAI_API: 'responses' }
  await expect(ask({ env, reply: () => ({ text: 'cut', finish: 'max_output_tokens', usage: { inputTokens: 9, outputTokens: 4 } }) })).rejects.toMatchObject({
    kind: 'terminal', code: 'OUTPUT_CUT', message: expect.stringContaining('maxTokens'),
  })
  await service?.close()
  await expect(ask({ env, reply: () => ({ text: 'x', finish: 'content_filter' }) })).rejects.toMatchObject({ kind: 'terminal', code: 'CONTENT_FILTER' })
})

describe('the key', () => {
  const sentTo = async (agent: AgentAttempt['agent'], env: NodeJS.ProcessEnv): Promise<string | undefined> => {
    service = await startLoopbackOpenAI(() => 'x')
    await attempt({ agent: { ...agent, baseUrl: service.baseUrl }, env })
    return service.requests[0]?.headers.authorization
  }

  test('of the vendor is sent to nobody else', async () => {
    expect(await sentTo({}, { OPENAI_API_KEY: 'vendor-key-1' })).toBe('Bearer no-key')
  })

  test('of another service comes from the variable that the agent names', async () => {
    expect(await sentTo({ apiKeyEnv: 'OTHER_API_KEY' }, { OPENAI_API_KEY: 'vendor-key-1', OTHER_API_KEY: 'other-key-1' })).toBe('Bearer other-key-1')
  })

  test('that an agent names must be there', async () => {
    await expect(sentTo({ apiKeyEnv: 'OTHER_API_KEY' }, { OPENAI_API_KEY: 'vendor-key-1' })).rejects.toMatchObject({
      code: 'OPENAI_KEY_MISSING', message: expect.stringContaining('OTHER_API_KEY'),
    })
  })

  test('goes where OPENAI_BASE_URL says, also when the agent says the same', async () => {
    service = await startLoopbackOpenAI(() => 'x')
    await attempt({ agent: { baseUrl: `${service.baseUrl}/` }, env: { OPENAI_API_KEY: 'given-key-1', OPENAI_BASE_URL: service.baseUrl } })
    expect(service.requests[0]?.headers.authorization).toBe('Bearer given-key-1')
  })
})

test('20 agents streamed at once lose and reorder nothing', async () => {
  const words = Array.from({ length: 200 }, (_, index) => ` ${index}`)
  service = await startLoopbackOpenAI(({ text }) => ({ text: `${text}${words.join('')}`, tokens: [text, ...words] }))
  const env = { OPENAI_BASE_URL: service.baseUrl }
  const names = Array.from({ length: 20 }, (_, index) => `agent ${index}`)
  const heard = await Promise.all(
    names.map(async (prompt) => {
      const { told, context } = listener()
      await attempt({ env, context, request: { prompt, path: prompt, idempotencyKey: prompt } })
      return told.flatMap((event) => (event.type === 'delta' ? [event.data] : []))
    }),
  )
  expect(heard).toEqual(names.map((name) => [name, ...words]))
})
