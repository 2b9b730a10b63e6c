import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { createEmbeddedHost, createMemoryStore, loadSpec, type RunEvent, type RunHandle } from '../src/index.ts'
import { createFakeAgents, type FakeAgents } from '../src/testing/index.ts'
import { git, repository, runs, temporaryFolder } from './executor-agents.ts'

const program = fileURLToPath(new URL('../src/cli/bin.ts', import.meta.url))

function specOf(agent: object, folder = temporaryFolder()): string {
  const file = join(folder, 'spec.json')
  writeFileSync(file, JSON.stringify({ forkchart: 1, name: 'coding', agents: { coder: agent }, stages: [{ id: 'first', run: 'echo began' }, { id: 'code', agent: 'coder', prompt: 'Do it' }] }))
  return file
}

async function started(spec: string, workingDir: string, { env }: Pick<FakeAgents, 'env'>) {
  const { workflow, dir, file, text } = await loadSpec(spec)
  const host = createEmbeddedHost({ store: createMemoryStore(), env: env() })
  const handle = await host.start({ workflow, input: null, runId: 'run', specDir: dir, workingDir, source: { file, text } })
  return { host, handle }
}

/** Resolves with the first event of the type from now on or before. */
function event<T extends RunEvent['type']>(handle: RunHandle, type: T): Promise<Extract<RunEvent, { type: T }>> {
  return new Promise((resolve) => {
    handle.subscribe((event) => {
      if (!('ephemeral' in event) && event.type === type) resolve(event as Extract<RunEvent, { type: T }>)
    })
  })
}

describe('a permission that an agent asks for', () => {
  const turn = { permission: 'Edit main.ts', write: { 'main.ts': 'x' }, say: 'Edited.' }

  test('is a question of the step, and the answer goes back', async () => {
    const [folder, fakes] = [temporaryFolder(), createFakeAgents(join(temporaryFolder(), 'fakes'), { acp: [turn] })]
    const { handle } = await started(specOf({ uses: 'acp', command: fakes.acp }), folder, fakes)
    const { data } = await event(handle, 'ask.opened')
    expect(data).toMatchObject({ options: ['Allow', 'Always allow', 'Reject'] })
    expect(existsSync(join(folder, 'main.ts'))).toBe(false)
    await handle.act({ type: 'answer', ask: data.ask, value: 'Allow' })
    expect(await handle.settled).toEqual({ status: 'done', output: 'Edited.' })
    expect(readFileSync(join(folder, 'main.ts'), 'utf8')).toBe('x')
  })

  test('survives a restart: the agent is begun again with its session, and not asked about again', async () => {
    const [folder, fakes] = [temporaryFolder(), createFakeAgents(join(temporaryFolder(), 'fakes'), { acp: [turn] })]
    const { host, handle } = await started(specOf({ uses: 'acp', command: fakes.acp }), folder, fakes)
    const { data } = await event(handle, 'ask.opened')
    await handle.interrupt()
    await host.act('run', { type: 'answer', ask: data.ask, value: 'Allow' })
    const resumed = await host.resume({ runId: 'run' })
    expect(await resumed.settled).toEqual({ status: 'done', output: 'Edited.' })
    expect(fakes.calls().at(-1)).toMatchObject({ chosen: 'yes', resumed: 'acp-session-1' })
    const asked: string[] = []
    resumed.subscribe(({ type }) => asked.push(type))
    expect(asked.filter((type) => type === 'ask.opened')).toHaveLength(1)
  })
})

test.each([
  [{ uses: 'cli', cli: 'claude' }, /coder.*claude.*npm install/],
  [{ uses: 'acp', command: ['no-such-agent', '--acp'] }, /coder.*no-such-agent/],
  [{ uses: 'command', command: ['no-such-agent'] }, /coder.*no-such-agent/],
  [{ uses: 'command', command: 'cat', workspace: 'worktree' }, /coder.*git/],
])('a program that is missing is told of before any step runs: %j', async (agent, message) => {
  const attempt = started(specOf(agent), temporaryFolder(), { env: () => ({ PATH: '/nowhere' }) })
  await expect(attempt).rejects.toMatchObject({ kind: 'usage', code: 'AGENT_UNAVAILABLE', message: expect.stringMatching(message) })
})

/** Without those that are still being written. */
const filesIn = (folder: string): string[] => readdirSync(folder).filter((file) => file.endsWith('.json')).map((file) => readFileSync(join(folder, file), 'utf8'))

test('a run that is killed goes on in the same worktree, and the agent that was left behind is ended', { timeout: 60_000 }, async () => {
  const folder = repository({ 'a.txt': 'a\n' })
  const store = join(temporaryFolder(), 'store')
  const fakes = createFakeAgents(join(temporaryFolder(), 'fakes'), {
    claude: [{ write: { 'half.txt': 'half\n' }, hang: true }, { write: { '+half.txt': 'whole\n' }, say: 'Done now.' }],
  })
  const spec = specOf({ uses: 'cli', cli: 'claude', workspace: 'worktree' })
  const start = (...words: readonly string[]) =>
    spawn(process.execPath, [program, ...words, '--store', store, '--ui', 'json'], { cwd: folder, env: fakes.env(), stdio: ['ignore', 'pipe', 'inherit'] })
  const killed = start('run', spec, '--run-id', 'run')
  for await (const chunk of killed.stdout) if (String(chunk).includes('agent.message')) break
  const kept = (): boolean => filesIn(join(store, 'runs', 'run', 'state')).some((text) => text.includes('claude-session-1'))
  await expect.poll(kept, { interval: 10, timeout: 10_000 }).toBe(true)
  killed.kill('SIGKILL')
  await once(killed, 'close')
  const [{ pids = [] } = {}] = fakes.calls()
  expect(pids.map(runs)).toEqual([true, true])

  const resumed = start('resume', 'run')
  resumed.stdout.resume()
  const [code] = (await once(resumed, 'close')) as [number]
  expect(code).toBe(0)
  const [first, second] = fakes.calls()
  expect(second).toMatchObject({ cwd: first?.cwd, resumed: 'claude-session-1' })
  expect(pids.map(runs)).toEqual([false, false])
  expect(readFileSync(join(folder, 'half.txt'), 'utf8')).toBe('half\nwhole\n')
  expect(git(folder, 'worktree', 'list').split('\n')).toHaveLength(1)
})
