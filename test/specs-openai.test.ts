import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import type { EphemeralEvent, RunEvent } from '../src/events.ts'
import { createEmbeddedHost } from '../src/hosts/embedded/embedded-host.ts'
import type { Json } from '../src/json.ts'
import { loadSpec } from '../src/spec/load.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import { type LoopbackOpenAI, type LoopbackReply, type LoopbackRequest, startLoopbackOpenAI } from '../src/testing/index.ts'

let service: LoopbackOpenAI | undefined
afterEach(async () => {
  await service?.close()
  service = undefined
})

/** Runs a sample as a user would whose service is the double. */
async function run(sample: string, input: Json, env: Record<string, string>, reply: (request: LoopbackRequest) => LoopbackReply | string) {
  service = await startLoopbackOpenAI(reply)
  const { workflow, dir, file, text } = await loadSpec(fileURLToPath(new URL(`../specs/${sample}.yaml`, import.meta.url)))
  const host = createEmbeddedHost({ store: createMemoryStore(), env: { OPENAI_BASE_URL: service.baseUrl, ...env } })
  const handle = await host.start({ workflow, input, specDir: dir, workingDir: dir, source: { file, text } })
  const events: (RunEvent | EphemeralEvent)[] = []
  handle.subscribe((event) => void events.push(event))
  return { settlement: await handle.settled, events }
}

describe.each(['chat', 'responses'])('over %s', (api) => {
  const env = { OPENAI_API: api }

  test('translation-vote takes what two of three translators say, and streams all', async () => {
    const { settlement, events } = await run('translation-vote', { text: 'Good morning' }, env, ({ text }) => {
      if (text.includes('Polish')) return JSON.stringify({ text: 'Bonjour !', remark: 'A space.' })
      return text.includes('letters') ? 'Madame, bonjour' : 'Bonjour, tout le monde'
    })
    expect(settlement).toEqual({ status: 'done', output: { text: 'Bonjour !', remark: 'A space.' } })
    expect(service?.requests).toHaveLength(4)
    expect(service?.requests.at(-1)?.text).toContain('Bonjour, tout le monde')
    const live = events.flatMap((event) => ('ephemeral' in event && event.type === 'agent.message' && event.path === 'draft.literal' ? [event.data.text] : []))
    expect(live.join('')).toBe('Bonjour, tout le monde')
    expect(events.filter(({ type }) => type === 'agent.usage')).toHaveLength(4)
  })

  test('analysis-code writes code only when there is code to write', async () => {
    const analyst = (needsCode: boolean) => ({ text }: LoopbackRequest): string =>
      text.includes('Study the request') ? JSON.stringify({ summary: 'Sort it', requirements: ['Fast'], needsCode }) : 'sort()'
    expect((await run('analysis-code', { request: 'Sort the list' }, env, analyst(true))).settlement).toEqual({ status: 'done', output: 'sort()' })
    await service?.close()
    const { settlement } = await run('analysis-code', { request: 'What is a list?' }, env, analyst(false))
    expect(settlement).toMatchObject({ status: 'done', output: { needsCode: false } })
    expect(service?.requests).toHaveLength(1)
  })
})

test('a rate limit is waited for as long as the service says, and no longer', async () => {
  let limited = true
  const since = performance.now()
  const { settlement, events } = await run('analysis-code', { request: 'x', code: false }, {}, () => {
    if (!limited) return JSON.stringify({ summary: 's', requirements: [], needsCode: false })
    limited = false
    return { status: 429, code: 'rate_limit_exceeded', headers: { 'retry-after-ms': '1200' } }
  })
  expect(settlement.status).toBe('done')
  expect(performance.now() - since).toBeGreaterThan(1150)
  expect(events.find(({ type }) => type === 'step.retrying')?.data).toMatchObject({ error: { code: 'RATE_LIMIT', retryAfterMs: 1200 }, delayMs: 1200 })
})

test('a step that takes too long drops its stream', async () => {
  const file = fileURLToPath(new URL('../specs/analysis-code.yaml', import.meta.url))
  service = await startLoopbackOpenAI(() => ({ text: 'one two', pace: (token) => (token === 0 ? undefined : new Promise<void>(() => undefined)) }))
  const { workflow, dir, text } = await loadSpec(file)
  const [first] = workflow.stages
  if (first === undefined) throw new Error('no stage')
  Object.assign(first, { timeoutMs: 200, retry: { attempts: 1, initialMs: 0, factor: 1, maxMs: 0, jitter: 0, totalMs: 1000 } })
  const host = createEmbeddedHost({ store: createMemoryStore(), env: { OPENAI_BASE_URL: service.baseUrl } })
  const handle = await host.start({ workflow, input: { request: 'x' }, specDir: dir, workingDir: dir, source: { file, text } })
  expect(await handle.settled).toMatchObject({ status: 'failed', error: { code: 'TIMEOUT' } })
  await service.dropped
})

test('an answer that does not fit its schema fails once, with its place', async () => {
  const { settlement } = await run('analysis-code', { request: 'x' }, {}, () => JSON.stringify({ summary: 's', requirements: 'none', needsCode: false }))
  expect(settlement).toMatchObject({ status: 'failed', error: { code: 'OUTPUT_INVALID', details: [{ path: 'requirements' }] } })
  expect(service?.requests).toHaveLength(1)
})
