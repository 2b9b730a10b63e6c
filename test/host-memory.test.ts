import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compileWorkflow } from '../src/compiler/compile.ts'
import type { RunEvent } from '../src/events.ts'
import { openTree } from '../src/hosts/embedded/open-tree.ts'
import type { Json } from '../src/json.ts'
import { createProgram } from '../src/runtime/program.ts'
import { createFileStore } from '../src/store/file-store.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import type { Checkpoint, RunWriter, Store } from '../src/store/store.ts'
import { draftWorkflow } from '../src/testing/draft-workflow.ts'
import { createBench, eventsOf } from './run-embedded.ts'
import { temporaryFolder } from './store-folder.ts'

const width = 1_100
const wide = draftWorkflow([{ id: 'g', parallel: Array.from({ length: width }, (_, index) => ({ id: `b${index}` })) }, { id: 'last' }], { limits: { concurrency: width, agents: 1 } })
const outputOf = (path: string): Json => ({ path, text: `${path} `.repeat(1_000 / (path.length + 1)) })
const outputs = Array.from({ length: width }, (_, index) => outputOf(`g.b${index}`))

/** A store that tells of each checkpoint and of how often old events were read. */
function watched(store: Store): { store: Store; checkpoints: Checkpoint[]; reads: () => number } {
  const checkpoints: Checkpoint[] = []
  let reads = 0
  const watch = (writer: RunWriter): RunWriter =>
    new Proxy(writer, {
      get(_, key) {
        if (key === 'checkpoint') return (checkpoint: Checkpoint) => writer.checkpoint(checkpoint).then(() => void checkpoints.push(checkpoint))
        if (key === 'readEvents') return (lastSeq: number) => ((reads += 1), writer.readEvents(lastSeq))
        const value: unknown = writer[key as keyof RunWriter]
        return typeof value === 'function' ? value.bind(writer) : value
      },
    })
  return {
    checkpoints,
    reads: () => reads,
    store: {
      ...store,
      create: async (spec) => watch(await store.create(spec)),
      open: async (id, options) => {
        const { writer, contents } = await store.open(id, options)
        return { writer: watch(writer), contents }
      },
    },
  }
}

/** A run that is at its last step; `go` lets that end. */
async function atLast(store: Store, runId: string) {
  const released = Promise.withResolvers<Json>()
  const reached = Promise.withResolvers<void>()
  const { start } = createBench(
    ({ path }, signal) => {
      if (path !== 'last') return outputOf(path)
      reached.resolve()
      const stopped = Promise.withResolvers<Json>()
      signal.addEventListener('abort', () => stopped.reject(signal.reason))
      return Promise.race([released.promise, stopped.promise])
    },
    { store },
  )
  const run = await start(wide, { runId })
  await reached.promise
  return { run, go: () => released.resolve('end') }
}

describe.each<[string, () => Promise<Store>]>([
  ['memory', async () => createMemoryStore()],
  ['files', async () => createFileStore(await temporaryFolder())],
])('events of a long run, with a store of %s', (kind, create) => {
  test('are read from the journal by whoever subscribes late: all, in order, none twice', async () => {
    const { store, reads, checkpoints } = watched(await create())
    const { run, go } = await atLast(store, `late-${kind}`)
    while (checkpoints.length < 1) await new Promise(setImmediate)
    await new Promise(setImmediate)
    const seen: RunEvent[] = []
    run.subscribe((event) => void ('ephemeral' in event || seen.push(event)))
    expect(reads()).toBe(1)
    expect(seen.length).toBeGreaterThan(3 * width)
    go()
    expect(await run.settled).toMatchObject({ status: 'done' })
    expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, index) => index + 1))
    expect(seen).toEqual((await store.read(run.runId)).events)
  })

  test('are read from there before any checkpoint, too: those that are on disk are not kept', async () => {
    const { store, reads, checkpoints } = watched(await create())
    const stopped = Promise.withResolvers<Json>()
    const reached = Promise.withResolvers<void>()
    const { start } = createBench(({ path }) => (path === 'one' ? 'done' : (reached.resolve(), stopped.promise)), { store })
    const run = await start(draftWorkflow([{ id: 'one' }, { id: 'two' }]), { runId: `short-${kind}` })
    await reached.promise
    const before = checkpoints.length
    const seen = eventsOf(run)
    expect(reads()).toBe(1)
    expect(checkpoints).toHaveLength(before)
    expect(seen.at(-1)).toMatchObject({ type: 'step.started', path: 'two' })
    expect(seen).toEqual((await store.read(run.runId)).events)
    stopped.resolve('end')
    expect(await run.settled).toMatchObject({ status: 'done' })
  })

  test('are all there for steps that are to run again', async () => {
    const { store, reads, checkpoints } = watched(await create())
    const { run, go } = await atLast(store, `again-${kind}`)
    while (checkpoints.length < 1) await new Promise(setImmediate)
    await run.act({ type: 'retry', again: ['g.b7'] })
    expect(reads()).toBeGreaterThan(0)
    go()
    expect(await run.settled).toMatchObject({ status: 'done' })
    const b7 = eventsOf(run).filter(({ path, type }) => path === 'g.b7' && type === 'step.completed')
    expect(b7).toHaveLength(2)
  })
})

describe('checkpoints of a run with large outputs', () => {
  /** Interrupts a run at its last step; gives its newest checkpoint. */
  async function interrupted(runId: string): Promise<{ store: Store; folder: string; checkpoints: Checkpoint[] }> {
    const folder = await temporaryFolder()
    const { store, checkpoints } = watched(createFileStore(folder))
    const { run } = await atLast(store, runId)
    await run.interrupt()
    return { store, checkpoints, folder: join(folder, 'runs', runId) }
  }

  /** Goes on with it; gives what the last step was given. */
  async function resumed(store: Store, runId: string): Promise<{ output: Json | undefined; executed: string[]; given: Json }> {
    const executed: string[] = []
    let given: Json = null
    const bench = createBench(({ path, input }) => {
      executed.push(path)
      given = input
      return 'end'
    }, { store })
    const { settled } = await bench.host.resume({ runId })
    const { output } = await settled
    return { output: output ?? null, executed, given }
  }

  test('hold none of them, and give them all back', async () => {
    const { store, checkpoints } = await interrupted('small')
    const live = JSON.stringify(outputs).length
    expect(live).toBeGreaterThan(1_000_000)
    expect(JSON.stringify(checkpoints.at(-1)).length).toBeLessThan(live / 10)
    for (const checkpoint of checkpoints) expect(JSON.stringify(checkpoint).length).toBeLessThan(1.5 * live)
    const { after } = openTree(await store.read('small'), createProgram(compileWorkflow(wide), { env: {}, redact: (value) => value }))
    expect(after).toBe(checkpoints.at(-1)?.lastSeq)
    expect(await resumed(store, 'small')).toEqual({ output: 'end', executed: ['last'], given: outputs })
  })

  test.each([
    ['an event that holds no value', (seq: number) => seq + 1_000_000],
    ['a place before the journal', () => 0],
  ])('that name %s are not used: the journal is', async (name, change) => {
    const runId = name.replaceAll(' ', '-')
    const { store, folder } = await interrupted(runId)
    const file = join(folder, 'run.json')
    const text = readFileSync(file, 'utf8')
    const damaged = text.replace(/"\$known":(\d+)/, (_, seq: string) => `"$known":${change(Number(seq))}`)
    expect(damaged).not.toBe(text)
    writeFileSync(file, damaged)
    expect(await resumed(store, runId)).toEqual({ output: 'end', executed: ['last'], given: outputs })
  })
})

test('places for many steps are granted in turns with whatever else there is to do', async () => {
  let started = 0
  const startedAt: number[] = []
  const bench = createBench(() => ((started += 1), null))
  const handle = await bench.start(wide)
  while (started < width) {
    startedAt.push(started)
    await new Promise(setImmediate)
  }
  expect(startedAt.length).toBeGreaterThan(width / 200)
  expect(Math.max(...startedAt.map((count, index) => count - (startedAt[index - 1] ?? 0)))).toBeLessThan(300)
  expect(await handle.settled).toMatchObject({ status: 'done' })
})
