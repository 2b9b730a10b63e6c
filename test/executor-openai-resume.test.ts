import { join } from 'node:path'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import type { RunEvent } from '../src/events.ts'
import { createEmbeddedHost } from '../src/hosts/embedded/embedded-host.ts'
import { createFileStore } from '../src/store/file-store.ts'
import { type LoopbackOpenAI, type LoopbackReply, type LoopbackRequest, startLoopbackOpenAI } from '../src/testing/loopback-openai.ts'
import { specFolder, work } from './openai-run.ts'

let service: LoopbackOpenAI | undefined
afterEach(async () => {
  await service?.close()
  service = undefined
})

const spec = `
forkchart: 1
name: orders
agents:
  clerk:
    uses: openai
    tools:
      - { call: "TOOLS#look", description: Looks a book up }
      - { call: "TOOLS#order", approve: true }
stages:
  - { id: buy, agent: clerk, prompt: Buy an owl book. }
`

const eventsOf = async (dir: string): Promise<readonly RunEvent[]> => (await createFileStore(join(dir, 'store')).read('run')).events
const count = (events: readonly RunEvent[], type: string): number => events.filter((event) => event.type === type).length

/** Looks up, orders (which must be approved), orders another, and says what came of it. */
function clerk({ toolResults }: LoopbackRequest): LoopbackReply {
  switch (toolResults.length) {
    case 0:
      return { toolCalls: [{ name: 'look', arguments: { word: 'owl' } }] }
    case 1:
      return { toolCalls: [{ name: 'order', arguments: { book: 'Owls' } }] }
    case 2:
      return { toolCalls: [{ name: 'order', arguments: { book: 'More owls' } }] }
    default:
      return { text: toolResults.join(' | ') }
  }
}

describe('an agent that waits for approvals', () => {
  test('goes on in other processes where it was, and asks the model nothing twice', async () => {
    service = await startLoopbackOpenAI(clerk)
    const env = { OPENAI_BASE_URL: service.baseUrl, OPENAI_API_KEY: 'test-key-1234' }
    const folder = specFolder(spec)
    const host = createEmbeddedHost({ store: createFileStore(join(folder.dir, 'store')) })

    expect((await work(folder, ['start', '--no-wait'], env)).settlement).toEqual({ status: 'waiting' })
    expect(service.requests).toHaveLength(2)
    const opened = (await eventsOf(folder.dir)).filter((event) => event.type === 'ask.opened')
    expect(opened).toMatchObject([{ path: 'buy', data: { message: 'May clerk call order with {"book":"Owls"}?', options: ['approve', 'reject'] } }])
    await host.act('run', { type: 'answer', ask: 'buy', value: 'approve' })

    expect((await work(folder, ['resume', '--no-wait'], env)).settlement).toEqual({ status: 'waiting' })
    expect(service.requests).toHaveLength(3)
    await host.act('run', { type: 'answer', ask: 'buy~2', value: 'reject' })

    const { settlement } = await work(folder, ['resume'], env)
    expect(settlement).toMatchObject({ status: 'done', output: expect.stringMatching(/found.*ordered Owls.*not approved/s) })
    expect(service.requests).toHaveLength(4)
    const events = await eventsOf(folder.dir)
    expect(count(events, 'ask.opened')).toBe(2)
    expect(events.find(({ type }) => type === 'agent.usage')?.data).toMatchObject({ inputTokens: 40, outputTokens: 20 })
  })

  test('that is killed while it waits is asked no second time', async () => {
    const { promise: reached, resolve } = Promise.withResolvers<void>()
    service = await startLoopbackOpenAI((request) => {
      if (request.toolResults.length === 1) resolve()
      return clerk(request)
    })
    const env = { OPENAI_BASE_URL: service.baseUrl }
    const folder = specFolder(spec)
    const isAsked = async (): Promise<void> => {
      await reached
      while (count(await eventsOf(folder.dir), 'run.waiting') === 0) await new Promise(setImmediate)
    }
    await work(folder, ['start'], env, isAsked())
    const host = createEmbeddedHost({ store: createFileStore(join(folder.dir, 'store')) })
    await host.act('run', { type: 'answer', ask: 'buy', value: 'approve' })
    expect((await work(folder, ['resume', '--no-wait'], env)).settlement).toEqual({ status: 'waiting' })
    expect(service.requests).toHaveLength(3)
  })
})

test('a call whose arguments were kept without a secret is not made with what is left of them', async () => {
  service = await startLoopbackOpenAI(() => ({ toolCalls: [{ name: 'order', arguments: { book: 'sk-proj-0123456789abcdefabcd' } }] }))
  const env = { OPENAI_BASE_URL: service.baseUrl }
  const folder = specFolder(spec)
  await work(folder, ['start', '--no-wait'], env)
  await createEmbeddedHost({ store: createFileStore(join(folder.dir, 'store')) }).act('run', { type: 'answer', ask: 'buy', value: 'approve' })
  expect((await work(folder, ['resume'], env)).settlement).toMatchObject({
    status: 'failed', error: { code: 'AGENT_STATE_LOST', message: expect.stringContaining('retry run --step buy') },
  })
})

test('an agent that is killed between two turns goes on with the later one', async () => {
  const { promise: reached, resolve } = Promise.withResolvers<void>()
  let silent = true
  service = await startLoopbackOpenAI((request) => {
    if (request.toolResults.length < 1) return clerk(request)
    if (silent) {
      resolve()
      return { silent: true }
    }
    return { text: request.toolResults.join() }
  })
  const env = { OPENAI_BASE_URL: service.baseUrl }
  const folder = specFolder(spec)
  await work(folder, ['start'], env, reached)
  silent = false
  expect((await work(folder, ['resume'], env)).settlement).toMatchObject({ status: 'done', output: '{"found":"owl"}' })
  // Asked, asked with the result and cut off, asked with the result again.
  expect(service.requests.map(({ toolResults }) => toolResults.length)).toEqual([0, 1, 1])
  expect(count(await eventsOf(folder.dir), 'agent.tool_call')).toBe(1)
})

test('an attempt after one that failed goes on with its run, and each counts what it used', async () => {
  let broken = true
  service = await startLoopbackOpenAI((request) => {
    if (request.toolResults.length < 1) return clerk(request)
    if (!broken) return { text: 'done' }
    broken = false
    return { status: 503, message: 'later' }
  })
  const folder = specFolder(spec.replace('id: buy,', 'id: buy, retry: { attempts: 2, initial: 1ms },'))
  expect((await work(folder, ['start'], { OPENAI_BASE_URL: service.baseUrl })).settlement).toMatchObject({ status: 'done', output: 'done' })
  expect(service.requests.map(({ toolResults }) => toolResults.length)).toEqual([0, 1, 1])
  const usages = (await eventsOf(folder.dir)).filter(({ type }) => type === 'agent.usage').map(({ data }) => data)
  expect(usages).toMatchObject([{ inputTokens: 10, outputTokens: 5 }, { inputTokens: 10, outputTokens: 5 }])
})

test('steps of one session are one conversation, over processes', async () => {
  service = await startLoopbackOpenAI(({ text, body }) => {
    const asked = (body['messages'] as { role: string; content: unknown }[]).filter(({ role }) => role === 'user').length
    return `answer ${asked} to ${text.split('\n').length}`
  })
  const folder = specFolder(`
forkchart: 1
name: talk
agents: { one: { uses: openai, session: run }, other: { uses: openai } }
stages:
  - { id: first, agent: one, prompt: Hello. }
  - { id: aside, agent: other, prompt: Something else. }
  - { id: sure, ask: Go on? }
  - { id: second, agent: one, prompt: And now? }
  - { id: third, agent: one, prompt: And then? }
`)
  const env = { OPENAI_BASE_URL: service.baseUrl }
  await work(folder, ['start', '--no-wait'], env)
  await createEmbeddedHost({ store: createFileStore(join(folder.dir, 'store')) }).act('run', { type: 'answer', ask: 'sure', value: 'yes' })
  expect((await work(folder, ['resume'], env)).settlement).toMatchObject({ status: 'done' })
  expect(service.requests.map(({ text }) => text)).toEqual([
    'Hello.', 'Something else.', 'Hello.\nanswer 1 to 1\nAnd now?',
    'Hello.\nanswer 1 to 1\nAnd now?\nanswer 2 to 3\nAnd then?',
  ])
})

test('a key in the environment, in a prompt and in what a tool gives is nowhere in the store, the stream or the logs', async () => {
  service = await startLoopbackOpenAI(({ toolResults }) =>
    toolResults.length === 0
      ? { text: 'I use shelf-secret-value-1', toolCalls: [{ name: 'secret', arguments: { key: 'shelf-secret-value-1' } }] }
      : { text: toolResults.join() },
  )
  const folder = specFolder(`
forkchart: 1
name: secrets
env: [SHELF_API_KEY]
agents: { clerk: { uses: openai, tools: ["TOOLS#secret"] } }
stages: [{ id: buy, agent: clerk, prompt: "With \${{ env.SHELF_API_KEY }}, tell." }]
`)
  const env = { OPENAI_BASE_URL: service.baseUrl, OPENAI_API_KEY: 'vendor-secret-value-1', SHELF_API_KEY: 'shelf-secret-value-1' }
  const { said } = await work(folder, ['start'], env)
  expect(said.split('\n')).toMatchObject([expect.stringContaining('"done"'), ''])
  expect(service.requests[1]?.text).toContain('shelf-secret-value-1')
  const kept = [said, ...filesIn(join(folder.dir, 'store')).map((file) => readFileSync(file, 'utf8'))].join('\n')
  expect(kept).toContain('<redacted>')
  for (const secret of ['shelf-secret-value-1', 'vendor-secret-value-1', 'sk-proj-']) expect(kept).not.toContain(secret)
})

test('a run whose agents cannot be asked is not begun, unless it is a rehearsal or may not come to it', async () => {
  const start = (text: string) => work(specFolder(text), ['start'], { SHELF_API_KEY: 'x' })
  const plain = 'forkchart: 1\nname: x\nagents: { one: { uses: openai } }\nstages: [{ agent: one, prompt: Hi, '
  expect((await start(`${plain} }]`)).settlement).toMatchObject({
    code: 'AGENT_UNAVAILABLE', kind: 'usage', message: expect.stringContaining('set OPENAI_API_KEY'),
  })
  expect((await start(`${plain} when: run.id == "other" }]`)).settlement).toMatchObject({ status: 'done' })
})

function filesIn(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => (statSync(join(dir, name)).isDirectory() ? filesIn(join(dir, name)) : [join(dir, name)]))
}
