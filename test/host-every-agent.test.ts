import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createEmbeddedHost, createMemoryStore, loadSpec, type RunEvent } from '../src/index.ts'
import { createFakeAgents, type FakeAgents, type LoopbackOpenAI, startLoopbackOpenAI } from '../src/testing/index.ts'
import { temporaryFolder } from './executor-agents.ts'

const clis = ['claude', 'codex', 'gemini', 'copilot'] as const
const server = createServer((_, response) => response.end('http says hello'))
let openai: LoopbackOpenAI
let fakes: FakeAgents
beforeAll(async () => {
  openai = await startLoopbackOpenAI(() => 'openai says hello')
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const turn = (name: string) => [{ say: `${name} says hello`, usage: { inputTokens: 3, outputTokens: 1 } }]
  fakes = createFakeAgents(join(temporaryFolder(), 'fakes'), {
    acp: turn('acp'), ...Object.fromEntries(clis.map((name) => [name, turn(name)])),
  })
})
afterAll(async () => {
  await openai.close()
  server.close()
})

test('agents of every kind, commands, functions and services work side by side in one group', { timeout: 60_000 }, async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'tools.ts'), "export const hello = (prompt: string) => `function says ${prompt}`\n")
  const spec = {
    forkchart: 1,
    name: 'every-kind',
    limits: { concurrency: 10 },
    agents: {
      openai: { uses: 'openai', model: 'm' },
      acp: { uses: 'acp', command: fakes.acp },
      ...Object.fromEntries(clis.map((name) => [name, { uses: 'cli', cli: name }])),
      command: { uses: 'command', command: ['sed', 's/^/command says /'] },
      function: { uses: 'function', call: './tools.ts#hello' },
    },
    stages: [{
      id: 'all',
      parallel: [
        ...['openai', 'acp', ...clis, 'command', 'function'].map((agent) => ({ id: agent, agent, prompt: 'hello' })),
        { id: 'http', http: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` } },
        { id: 'run', run: 'echo run says hello' },
      ],
    }],
  }
  writeFileSync(join(folder, 'spec.json'), JSON.stringify(spec))
  const { workflow, dir, file, text } = await loadSpec(join(folder, 'spec.json'))
  const host = createEmbeddedHost({ store: createMemoryStore(), env: { ...fakes.env(), OPENAI_BASE_URL: openai.baseUrl } })
  const run = await host.start({ workflow, input: null, specDir: dir, workingDir: folder, source: { file, text } })
  const events: RunEvent[] = []
  run.subscribe((event) => {
    if (!('ephemeral' in event)) events.push(event)
  })
  const names = ['openai', 'acp', ...clis, 'command', 'function', 'http', 'run']
  expect(await run.settled).toEqual({ status: 'done', output: names.map((name) => `${name} says hello`) })

  const told = (type: RunEvent['type']) => events.filter((event) => event.type === type).map(({ path }) => path?.slice('all.'.length)).toSorted()
  expect(told('agent.message')).toEqual(names.filter((name) => !['function', 'http', 'run'].includes(name)).toSorted())
  // Copilot does not say how many tokens it read.
  expect(told('agent.usage')).toEqual(['acp', 'claude', 'codex', 'gemini', 'openai'])
  expect(events.find(({ type, path }) => type === 'agent.usage' && path === 'all.claude')).toMatchObject({
    attempt: 1, group: 'all', branch: 'claude', data: { inputTokens: 3, outputTokens: 1, costUsd: null, model: 'claude-fake', sessionId: 'claude-session-1' },
  })
})
