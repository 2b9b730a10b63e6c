import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Config } from '../src/config.ts'
import { createEmbeddedHost } from '../src/hosts/embedded/embedded-host.ts'
import { traceTarget } from '../src/hosts/embedded/trace-target.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import { draftWorkflow } from '../src/testing/draft-workflow.ts'

interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: object }[]
}

interface Received {
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly spans: readonly OtlpSpan[]
  readonly text: string
}

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** A collector that keeps what it gets, and answers with these statuses in turn, the last one again and again. */
async function collector(statuses: readonly number[] = [200]) {
  const received: Received[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    request.on('end', () => {
      const { resourceSpans } = JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: OtlpSpan[] }[] }[] }
      const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))
      const status = statuses[Math.min(received.length, statuses.length - 1)] ?? 200
      received.push({ path: request.url ?? '', headers: request.headers, spans, text })
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => void server.close())
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function run(config: Config, options: { env?: Record<string, string>; onWarning?: (message: string) => void } = {}) {
  const host = createEmbeddedHost({
    store: createMemoryStore(),
    env: {},
    config,
    execute: async ({ path }, { traceparent, requestId }) => ({ output: { path, traceparent: traceparent ?? null, requestId: requestId ?? null } }),
    ...options,
  })
  const workflow = draftWorkflow([{ id: 'g', parallel: [{ id: 'a' }, { id: 'b' }], reduce: 'list' }, { id: 'end' }])
  const handle = await host.start({ workflow, input: null, runId: 'r', requestId: 'q', specDir: '/', workingDir: '/', source: { file: null, text: '' } })
  return handle.settled
}

describe('traces are sent', () => {
  test('over OTLP/HTTP to the endpoint of the config, with its headers, when the run ends at the latest', async () => {
    const { received, url } = await collector()
    await run({ tracing: { endpoint: url, headers: { 'x-key': 'mine' } } }, { env: { OTEL_SERVICE_NAME: 'shop' } })
    const spans = received.flatMap((request) => request.spans)
    expect(received[0]).toMatchObject({ path: '/v1/traces', headers: { 'content-type': 'application/json', 'x-key': 'mine' } })
    expect(received[0]?.text).toContain('"shop"')
    expect(spans.map(({ name }) => name).sort()).toEqual([
      'attempt 1', 'attempt 1', 'attempt 1', 'group g', 'invoke_workflow draft', 'step end', 'step g.a', 'step g.b',
    ])
    for (const span of spans) {
      expect(span).toMatchObject({ traceId: expect.stringMatching(/^[0-9a-f]{32}$/), spanId: expect.stringMatching(/^[0-9a-f]{16}$/) })
      expect(span.startTimeUnixNano).toMatch(/^\d{19}$/)
    }
    const attempts = spans.flatMap(({ attributes }) => attributes).filter(({ key }) => key === 'forkchart.attempt')
    expect(attempts.map(({ value }) => value)).toEqual([{ intValue: '1' }, { intValue: '1' }, { intValue: '1' }])
  })

  test('with the span of the attempt as what its work passes on', async () => {
    const { received, url } = await collector()
    const { output } = await run({ tracing: { endpoint: url } })
    const { traceparent, requestId } = output as { traceparent: string; requestId: string }
    const spans = received.flatMap((request) => request.spans)
    const end = spans.find(({ name, attributes }) => name === 'attempt 1' && attributes.some(({ value }) => JSON.stringify(value).includes('"end"')))
    expect(traceparent).toBe(`00-${end?.traceId}-${end?.spanId}-01`)
    expect(requestId).toBe('q')
  })

  test('nowhere unless somebody asks for it', async () => {
    const { received, url } = await collector()
    await run({}, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: url } })
    await run({ tracing: { endpoint: url, enabled: false } })
    await run({ tracing: { endpoint: url } }, { env: { FORKCHART_TRACING: '0' } })
    expect(received).toEqual([])
  })

  test('again with the next when the collector was not ready, and once when it said no', async () => {
    for (const [status, times] of [[503, 2], [400, 1]] as const) {
      const { received, url } = await collector([status, 200])
      const warnings: string[] = []
      // The time limit of a second for gathering is not waited for: the end of the run sends what there is.
      const settlement = await run({ tracing: { endpoint: url } }, { onWarning: (message) => warnings.push(message) })
      expect(settlement.status).toBe('done')
      expect(received.length).toBeGreaterThanOrEqual(1)
      expect(received.length).toBeLessThanOrEqual(times)
      expect(warnings).toEqual([`Traces could not be sent to ${url}/v1/traces: it answered ${status}. The run goes on without.`])
    }
  })

  test('each once, by whichever process ends it', async () => {
    const { received, url } = await collector()
    const store = createMemoryStore()
    const hostFor = (stuck: boolean) =>
      createEmbeddedHost({
        store,
        env: {},
        config: { tracing: { endpoint: url } },
        execute: ({ path }, { signal }) => {
          if (path !== 'b' || !stuck) return Promise.resolve({ output: path })
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
        },
      })
    const options = { input: null, runId: 'r', specDir: '/', workingDir: '/', source: { file: null, text: '' } }
    const handle = await hostFor(true).start({ workflow: draftWorkflow([{ id: 'a' }, { id: 'b' }, { id: 'c' }]), ...options })
    await new Promise<void>((done) => handle.subscribe((event) => void (event.type === 'step.started' && event.path === 'b' && done())))
    await handle.interrupt()
    const first = received.flatMap(({ spans }) => spans)
    expect(first.map(({ name }) => name)).toEqual(['attempt 1', 'step a'])
    await (await hostFor(false).resume({ runId: 'r' })).settled
    const spans = received.flatMap((request) => request.spans)
    expect(spans.map(({ name }) => name).slice(first.length)).toEqual([
      'attempt 1', 'attempt 2', 'step b', 'attempt 1', 'step c', 'invoke_workflow draft',
    ])
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length)
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
  })

  test('in vain without harm to the run', async () => {
    const warnings: string[] = []
    const settlement = await run({ tracing: { endpoint: 'http://127.0.0.1:1' } }, { onWarning: (message) => warnings.push(message) })
    expect(settlement.status).toBe('done')
    expect(warnings).toHaveLength(1)
  })
})

describe('where traces are sent', () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:1/base/', OTEL_EXPORTER_OTLP_HEADERS: 'a=1, b=x%20y,=z' }
  test.each([
    [undefined, {}, undefined],
    [undefined, env, undefined],
    [undefined, { ...env, FORKCHART_TRACING: '1' }, 'http://c:1/base/v1/traces'],
    [{ enabled: true }, env, 'http://c:1/base/v1/traces'],
    [{ enabled: true }, {}, 'http://localhost:4318/v1/traces'],
    [{ enabled: true }, { ...env, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://d:2/x' }, 'http://d:2/x'],
    [{ endpoint: 'https://e/v1/traces' }, env, 'https://e/v1/traces'],
    [{ endpoint: 'https://e' }, { FORKCHART_TRACING: 'false' }, undefined],
  ])('%j with %j: %s', (tracing, variables, url) => {
    expect(traceTarget(tracing, variables)?.url).toBe(url)
  })

  test('the headers of the variables are for their endpoint only', () => {
    expect(traceTarget({ enabled: true, headers: { b: '2' } }, env)?.headers).toEqual({ a: '1', b: '2' })
    expect(traceTarget({ endpoint: 'http://e' }, env)?.headers).toEqual({})
  })

  test('an endpoint that is none is refused', () => {
    expect(() => traceTarget({ enabled: true }, { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' })).toThrow(/tracing.endpoint/)
  })
})
