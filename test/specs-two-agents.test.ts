import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { createEmbeddedHost, createMemoryStore, loadSpec } from '../src/index.ts'
import { createFakeAgents } from '../src/testing/index.ts'
import { git, repository, temporaryFolder } from './executor-agents.ts'

const spec = fileURLToPath(new URL('../specs/two-agents-one-repo.yaml', import.meta.url))
const scripts = { 'build:api': 'node --check api/index.js', 'build:web': 'node --check web/index.js' }
const files = { 'package.json': JSON.stringify({ name: 'shop', scripts }), 'api/index.js': 'export const routes = []\n', 'web/index.js': 'export const pages = []\n' }
const input = { task: 'Show the weather.' }

async function run(workingDir: string, env: NodeJS.ProcessEnv, scripted: boolean) {
  const { workflow, dir, file, text } = await loadSpec(spec)
  const host = createEmbeddedHost({ store: createMemoryStore(), env })
  const handle = await host.start({ workflow, input, scripted, specDir: dir, workingDir, source: { file, text } })
  const completed: string[] = []
  handle.subscribe((event) => {
    if (event.type === 'step.completed') completed.push(event.path ?? '')
  })
  return { settlement: await handle.settled, completed }
}

describe('two coding agents in one repository', () => {
  test('are rehearsed without any of them: the reviewer sends them back once', { timeout: 30_000 }, async () => {
    const { settlement, completed } = await run(repository(files), { PATH: process.env['PATH'] }, true)
    expect(settlement.status).toBe('done')
    expect(completed.filter((path) => path === 'deliver.reviewer')).toHaveLength(2)
    expect(completed.filter((path) => path === 'deliver.work.change.api')).toHaveLength(2)
  })

  test('work in worktrees, are merged, verified and sent back: only whose build is broken', { timeout: 60_000 }, async () => {
    const folder = repository(files)
    const fakes = createFakeAgents(join(temporaryFolder(), 'fakes'), {
      claude: [
        { write: { 'api/index.js': 'export const routes = [\n' }, say: 'Added the route.' },
        { when: 'build:api` fails', write: { 'api/index.js': "export const routes = ['weather']\n" }, say: 'Mended it.', costUsd: 0.02, usage: { inputTokens: 9, outputTokens: 1 } },
        { when: 'has no test', write: { 'api/test.js': 'weather()\n' } },
      ],
      codex: [{ write: { 'web/index.js': "export const pages = ['weather']\n" } }, { when: 'has no test', say: 'Not mine.' }],
      gemini: [{ say: '{ "approved": false, "remarks": "the route has no test" }' }, { say: '```json\n{ "approved": true, "remarks": "" }\n```' }],
    })
    const { settlement, completed } = await run(folder, fakes.env({ PATH: process.env['PATH'] }), false)
    expect(settlement).toMatchObject({ status: 'done' })

    // The broken build sent back the one who broke it, the review both.
    const called = fakes.calls().map(({ program }) => program)
    expect(called.filter((program) => program === 'claude')).toHaveLength(3)
    expect(called.filter((program) => program === 'codex')).toHaveLength(2)
    expect(completed.filter((path) => path === 'deliver.work.builds.round.verify.web').length).toBeGreaterThanOrEqual(2)
    // Each worked in a folder of its own.
    for (const { cwd, program } of fakes.calls()) expect(cwd === folder, program).toBe(program === 'gemini')

    expect(readFileSync(join(folder, 'api/index.js'), 'utf8')).toContain("['weather']")
    expect(readFileSync(join(folder, 'web/index.js'), 'utf8')).toContain("['weather']")
    expect(readFileSync(join(folder, 'api/test.js'), 'utf8')).toContain('weather')
    expect(git(folder, 'status', '--porcelain')).toBe('')
    expect(git(folder, 'worktree', 'list').split('\n')).toHaveLength(1)
    expect(git(folder, 'branch', '--list', 'forkchart/*')).toBe('')
  })
})
