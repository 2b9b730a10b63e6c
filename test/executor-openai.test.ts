import { spawn, spawnSync } from 'node:child_process'
import { afterEach, describe, expect, test } from 'vitest'
import { createExecutors } from '../src/executors/executors.ts'
import type { AgentRequest, ExecutionContext, StepResult } from '../src/executors/executor.ts'
import type { Agent } from '../src/spec/ir.ts'
import { type LoopbackOpenAI, type LoopbackReply, type LoopbackRequest, startLoopbackOpenAI } from '../src/testing/loopback-openai.ts'

const answerSchema = {
  type: 'object',
  properties: { score: { type: 'integer' } },
  required: ['score'],
  additionalProperties: false,
} as const

let service: LoopbackOpenAI | undefined
afterEach(async () => {
  await service?.close()
  service = undefined
})

interface Ask {
  readonly reply: (request: LoopbackRequest) => LoopbackReply | string
  readonly request?: Partial<AgentRequest>
  readonly agent?: Partial<Extract<Agent, { uses: 'openai' }>>
  readonly env?: NodeJS.ProcessEnv
  readonly context?: Partial<ExecutionContext>
}

async function ask({ reply, request = {}, agent = {}, env = {}, context = {} }: Ask): Promise<StepResult> {
  service = await startLoopbackOpenAI(reply)
  return execute({ request, agent, env: { OPENAI_BASE_URL: service.baseUrl, OPENAI_API_KEY: 'test-key', ...env }, context })
}

function execute({ request = {}, agent = {}, env = {}, context = {} }: Omit<Ask, 'reply'>): Promise<StepResult> {
  const full: AgentRequest = {
    kind: 'agent', runId: 'r', path: 'draft', attempt: 1, idempotencyKey: 'r/draft', input: null,
    agentName: 'writer', agent: { uses: 'openai', ...agent }, prompt: 'Say hello.', ...request,
  }
  return createExecutors({ scripted: false, env }).execute(full, {
    signal: new AbortController().signal, log: () => undefined, artifactsDir: '/nowhere', since: 0, ...context,
  })
}

describe.each(['chat', 'responses'] as const)('an openai agent over %s', (api) => {
  const env = { OPENAI_API: api }

  test('answers with the text, the usage as counted and an unknown cost', async () => {
    const logged: string[] = []
    const result = await ask({
      env,
      reply: () => ({ text: 'Hello!', usage: { inputTokens: 12, outputTokens: 3 } }),
      agent: { model: 'model-x', instructions: 'Be brief.' },
      context: { log: (text) => logged.push(text) },
    })
    expect(result).toEqual({ output: 'Hello!', model: 'model-x', usage: { inputTokens: 12, outputTokens: 3, costUsd: null } })
    const [request] = service?.requests ?? []
    expect(request).toMatchObject({ api, model: 'model-x', text: 'Be brief.\nSay hello.' })
    expect(request?.headers.authorization).toBe('Bearer test-key')
    expect(logged).toHaveLength(1)
    expect(logged.join()).not.toContain('Hello!')
  })

  test('gives no usage when the service reports none', async () => {
    expect(await ask({ env, reply: () => ({ text: 'x', usage: null }) })).toEqual({ output: 'x', model: 'gpt-5-mini' })
  })

  test('asks for and parses structured output', async () => {
    const result = await ask({ env, reply: () => '{"score": 4}', request: { outputSchema: answerSchema } })
    expect(result.output).toEqual({ score: 4 })
    const [request] = service?.requests ?? []
    const format = JSON.stringify(api === 'chat' ? request?.body.response_format : request?.body.text)
    expect(format).toContain('"json_schema"')
    expect(format).toContain('"strict":true')
  })

  test('wraps and unwraps output that is no object', async () => {
    const outputSchema = { type: 'array', items: { type: 'string' } } as const
    expect((await ask({ env, reply: () => '{"value": ["a"]}', request: { outputSchema } })).output).toEqual(['a'])
  })

  test('an answer that is not the JSON asked for is terminal', async () => {
    await expect(ask({ env, reply: () => 'four', request: { outputSchema: answerSchema } })).rejects.toMatchObject({
      kind: 'terminal', code: 'OUTPUT_NOT_JSON',
    })
  })

  test('JSON of another shape is terminal', async () => {
    await expect(ask({ env, reply: () => '{"score":"four"}', request: { outputSchema: answerSchema } })).rejects.toMatchObject({
      kind: 'terminal', code: 'OUTPUT_INVALID', details: [{ path: 'score' }],
    })
  })

  test('a refusal is a content filter error', async () => {
    await expect(ask({ env, reply: () => ({ refusal: 'I will not.' }) })).rejects.toMatchObject({
      kind: 'terminal', code: 'CONTENT_FILTER',
    })
  })

  test('an abort drops the request at once', async () => {
    const stop = new AbortController()
    const reply = (): LoopbackReply => {
      stop.abort()
      return { silent: true }
    }
    await expect(ask({ env, reply, context: { signal: stop.signal } })).rejects.toMatchObject({ kind: 'cancelled' })
    await service?.dropped
  })

  test.each([
    [429, { code: 'rate_limit_exceeded', headers: { 'retry-after': '7' } }, { kind: 'retryable', code: 'RATE_LIMIT', retryAfterMs: 7000 }],
    [429, { headers: { 'retry-after-ms': '1500' } }, { kind: 'retryable', code: 'RATE_LIMIT', retryAfterMs: 1500 }],
    [429, { headers: { 'retry-after': 'whenever' } }, { kind: 'retryable', code: 'RATE_LIMIT', retryAfterMs: undefined }],
    [429, { code: 'insufficient_quota' }, { kind: 'terminal', code: 'QUOTA_EXCEEDED' }],
    [500, {}, { kind: 'retryable', code: 'SERVER_ERROR' }],
    [503, { headers: { 'retry-after': '2' } }, { kind: 'retryable', code: 'SERVER_ERROR', retryAfterMs: 2000 }],
    [409, {}, { kind: 'retryable', code: 'SERVER_ERROR' }],
    [408, {}, { kind: 'retryable', code: 'TIMEOUT' }],
    [401, {}, { kind: 'terminal', code: 'AUTH' }],
    [403, {}, { kind: 'terminal', code: 'AUTH' }],
    [404, {}, { kind: 'terminal', code: 'NOT_FOUND' }],
    [400, {}, { kind: 'terminal', code: 'BAD_REQUEST' }],
    [400, { code: 'content_filter' }, { kind: 'terminal', code: 'CONTENT_FILTER' }],
  ])('status %i %o is asked once and means %o', async (status, more, expected) => {
    await expect(ask({ env, reply: () => ({ status, ...more }) })).rejects.toMatchObject(expected)
    expect(service?.requests).toHaveLength(1)
  })
})

test('a broken connection is a network error, asked once', async () => {
  await expect(ask({ reply: () => ({ hangUp: true }) })).rejects.toMatchObject({ kind: 'retryable', code: 'NETWORK' })
  expect(service?.requests).toHaveLength(1)
})

test('a service that is not there is a network error', async () => {
  const gone = await startLoopbackOpenAI(() => 'never')
  await gone.close()
  await expect(execute({ env: { OPENAI_BASE_URL: gone.baseUrl } })).rejects.toMatchObject({
    kind: 'retryable', code: 'NETWORK', details: { code: 'ECONNREFUSED' },
  })
})

test('without key and base URL it says what to do', async () => {
  await expect(execute({ env: {} })).rejects.toMatchObject({
    kind: 'terminal', code: 'OPENAI_KEY_MISSING', message: expect.stringContaining('OPENAI_API_KEY'),
  })
})

test('a service of one\'s own is spoken to over Chat Completions, needs no key and gets the default model', async () => {
  await ask({ reply: () => 'x', env: { OPENAI_API_KEY: undefined, OPENAI_ORG_ID: 'org-1' } })
  expect(service?.requests).toMatchObject([{ api: 'chat', model: 'gpt-5-mini', headers: { authorization: 'Bearer no-key' } }])
  expect(service?.requests[0]?.headers['openai-organization']).toBeUndefined()
})

test('the base URL of the agent goes before that of the environment', async () => {
  service = await startLoopbackOpenAI(() => 'mine')
  const env = { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', OPENAI_DEFAULT_MODEL: 'model-y' }
  expect((await execute({ env, agent: { baseUrl: `${service.baseUrl}/` } })).output).toBe('mine')
  expect(service.requests[0]?.model).toBe('model-y')
})

test('the SDK prints nothing, calls nobody else, leaves no signal listeners behind and lets the process end', async () => {
  service = await startLoopbackOpenAI(() => 'x')
  const script = `
    const { createExecutors } = await import(${JSON.stringify(new URL('../src/executors/executors.ts', import.meta.url).href)})
    const count = () => ['SIGINT', 'SIGTERM', 'unhandledRejection'].map((event) => process.listenerCount(event)).join()
    const before = count()
    const realFetch = globalThis.fetch
    globalThis.fetch = (url, init) => {
      if (new URL(url).hostname === '127.0.0.1') return realFetch(url, init)
      console.log('calls', String(url))
      return Promise.resolve(new Response('{}'))
    }
    const executors = createExecutors({ scripted: false })
    const request = { kind: 'agent', runId: 'r', path: 'p', attempt: 1, idempotencyKey: 'k', input: null,
      agentName: 'a', agent: { uses: 'openai' }, prompt: 'p' }
    const context = { signal: new AbortController().signal, log() {}, artifactsDir: '/', since: 0 }
    const { output } = await executors.execute(request, context)
    console.log(output, before === count())`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, NODE_ENV: 'production', OPENAI_BASE_URL: service.baseUrl, OPENAI_API_KEY: 'k-12345678' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  child.stdout.on('data', (chunk) => (printed += String(chunk)))
  child.stderr.on('data', (chunk) => (printed += String(chunk)))
  const code = await new Promise((resolve) => child.once('close', resolve))
  expect({ printed, code }).toEqual({ printed: 'x true\n', code: 0 })
  expect(service.requests).toHaveLength(1)
})

test('making executors loads nothing heavy', () => {
  const url = new URL('../src/executors/executors.ts', import.meta.url).href
  const script = `const { createExecutors } = await import(${JSON.stringify(url)}); createExecutors({ scripted: false })
    const { createRequire } = await import('node:module')
    console.log(Object.keys(createRequire('/x').cache).length, Symbol.for('openai.agents.core.traceProvider') in globalThis)`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  expect(stdout).toBe('0 false\n')
})
