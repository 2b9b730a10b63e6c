import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createEmbeddedHost } from '../src/hosts/embedded/embedded-host.ts'
import type { RunHandle } from '../src/hosts/host.ts'
import type { Json } from '../src/json.ts'
import { createFileStore } from '../src/store/file-store.ts'
import { workflowOf } from './act-bench.ts'

let dir = ''
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forkchart-artifacts-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

/** What the nth execution of a step leaves: files in the folder it runs in, or, with `own/` in front, in its own. */
type Leaves = (path: string, count: number) => Readonly<Record<string, string>>

async function begin(stages: readonly Json[], leaves: Leaves): Promise<RunHandle> {
  const counts = new Map<string, number>()
  const host = createEmbeddedHost({
    store: createFileStore(dir),
    env: {},
    execute: async ({ path }, { artifactsDir }) => {
      const count = (counts.get(path) ?? 0) + 1
      counts.set(path, count)
      for (const [name, text] of Object.entries(leaves(path, count))) {
        const file = name.startsWith('own/') ? join(artifactsDir, name.slice(4)) : join(dir, 'work', name)
        await mkdir(dirname(file), { recursive: true })
        await writeFile(file, text)
      }
      return { output: `${path} ${count}` }
    },
  })
  await mkdir(join(dir, 'work'), { recursive: true })
  const agents = { w: { uses: 'scripted', replies: ['x'] } }
  return host.start({
    workflow: workflowOf(stages, { agents }), input: null, runId: 'run', specDir: dir, workingDir: join(dir, 'work'), source: { file: null, text: '' },
  })
}

const kept = (path: string, name: string): Promise<string> => readFile(join(dir, 'runs', 'run', 'artifacts', path, name), 'utf8')
const step = (id: string, ...artifacts: string[]): Json => ({ id, call: './w.ts#w', artifacts })

describe('artifacts', () => {
  test('are kept with the run, in a folder of the step: copied from where it ran, or written there', async () => {
    const handle = await begin([{ id: 'g', parallel: [step('a', 'out/x.txt'), step('b', 'x.txt')] }], (path) =>
      path === 'g.a' ? { 'out/x.txt': 'of a' } : { 'own/x.txt': 'of b' },
    )
    expect(await handle.settled).toMatchObject({ status: 'done' })
    expect([await kept('g.a', 'out/x.txt'), await kept('g.b', 'x.txt')]).toEqual(['of a', 'of b'])
  })

  test('that are not there fail the step, which names them all', async () => {
    const handle = await begin([step('a', 'x.txt', 'y.txt', 'z.txt')], () => ({ 'y.txt': 'y' }))
    expect(await handle.settled).toMatchObject({ status: 'failed', error: { code: 'ARTIFACT_MISSING', details: { artifacts: ['x.txt', 'z.txt'] } } })
  })

  test('of an agent that wrote none hold its answer', async () => {
    const handle = await begin([{ id: 'a', agent: 'w', prompt: 'go', artifacts: ['x.md', 'y.md'] }], () => ({ 'y.md': 'written' }))
    expect(await handle.settled).toMatchObject({ status: 'done' })
    expect([await kept('a', 'x.md'), await kept('a', 'y.md')]).toEqual(['a 1', 'written'])
  })

  test('of each round replace those of the one before, in whichever folder they were written', async () => {
    for (const folder of ['', 'own/']) {
      const handle = await begin([{ id: 'l', loop: { do: step('x', 'r.txt'), max: 3 } }], (_, count) => ({ [`${folder}r.txt`]: `round ${count}` }))
      expect(await handle.settled).toMatchObject({ status: 'done' })
      expect(await kept('l.x', 'r.txt')).toBe('round 3')
      await rm(join(dir, 'runs'), { recursive: true })
    }
    const handle = await begin([{ id: 'l', loop: { do: { id: 'x', agent: 'w', artifacts: ['a.txt'] }, max: 2 } }], () => ({}))
    expect(await handle.settled).toMatchObject({ status: 'done' })
    expect(await kept('l.x', 'a.txt')).toBe('l.x 2')
  })
})
