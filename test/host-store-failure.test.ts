import { describe, expect, test } from 'vitest'
import { TerminalError } from '../src/errors.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import type { RunWriter, Store } from '../src/store/store.ts'
import { type Draft, draftWorkflow } from '../src/testing/draft-workflow.ts'
import { createActBench, workflowOf } from './act-bench.ts'
import { createBench, eventsOf } from './run-embedded.ts'

const stages: Draft[] = [{ id: 'a' }, { id: 'g', parallel: [{ id: 'x' }, { id: 'y' }, { id: 'z' }] }, { id: 'b' }]
const full = new TerminalError('STORE_WRITE', 'cannot write events.ndjson: no space left on device')

interface Failing {
  readonly store: Store
  /** Calls that the store has answered. */
  calls(): number
}

/** A store that keeps everything until its n-th flush, checkpoint or close; from then on nothing, as on a full disk. */
function failingStore(memory: Store, after: number): Failing {
  let calls = 0
  const failing = (writer: RunWriter): RunWriter => {
    let broken = false
    const call = async (work: () => Promise<void>): Promise<void> => {
      calls += 1
      broken ||= calls > after
      if (broken) throw full
      await work()
    }
    return {
      runId: writer.runId,
      artifactsDir: '/artifacts',
      append: (events) => {
        if (!broken) writer.append(events)
      },
      flushed: () => call(() => writer.flushed()),
      readEvents: (lastSeq) => writer.readEvents(lastSeq),
      checkpoint: (checkpoint) => call(() => writer.checkpoint(checkpoint)),
      receive: (handle) => writer.receive(handle),
      onLost: (told) => writer.onLost(told),
      loadState: (key) => writer.loadState(key),
      saveState: (key, value) => writer.saveState(key, value),
      log: (path, text) => writer.log(path, text),
      close: async () => {
        await writer.close()
        await call(async () => {})
      },
    }
  }
  return { store: { ...memory, create: async (spec) => failing(await memory.create(spec)) }, calls: () => calls }
}

describe('a run whose store fails', () => {
  test('when it only waits for a person says so, too: nobody could be asked', async () => {
    // The start of the question is kept, the question is not.
    const { store } = failingStore(createMemoryStore(), 1)
    const bench = createActBench(({ path }) => path, { store })
    const handle = await bench.begin(workflowOf([{ id: 'q', ask: '?' }]))
    await expect(handle.settled).rejects.toMatchObject({ code: 'STORE_WRITE' })
  })

  test('that is taken from it ends here, with what it was doing, though it had nothing to write', async () => {
    const stopped = Promise.withResolvers<unknown>()
    const bench = createBench((_, signal) => new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        stopped.resolve(signal.reason)
        reject(signal.reason)
      })
    }))
    const handle = await bench.start(draftWorkflow([{ id: 'long' }]))
    while (eventsOf(handle).length < 3) await new Promise(setImmediate)
    await bench.store.open('run', { force: true })
    await expect(handle.settled).rejects.toMatchObject({ code: 'LOCK_LOST' })
    expect(await stopped.promise).toMatchObject({ code: 'INTERRUPTED' })
  })

  test('at any moment says so, stops, and loses nothing that was told to be safe', async () => {
    const whole = failingStore(createMemoryStore(), Number.POSITIVE_INFINITY)
    const undisturbed = createBench(({ path }) => path, { store: whole.store })
    const settlement = await undisturbed.settled(await undisturbed.start(draftWorkflow(stages)))
    expect(settlement).toEqual({ status: 'done', output: 'b' })
    expect(whole.calls()).toBeGreaterThan(5)

    for (let after = 0; after < whole.calls(); after += 1) {
      const memory = createMemoryStore()
      const running = new Set<string>()
      const { store } = failingStore(memory, after)
      const bench = createBench(({ path }, signal) => {
        running.add(path)
        signal.addEventListener('abort', () => running.delete(path))
        return new Promise((resolve) => setImmediate(() => {
          running.delete(path)
          resolve(path)
        }))
      }, { store })
      const end = bench.start(draftWorkflow(stages)).then((handle) => bench.settled(handle))
      const committed = new Set<string>()
      await expect(end, `failing after ${after} calls`).rejects.toBe(full)
      expect(running.size).toBe(0)
      expect(bench.clock.pending).toBe(0)
      for (const event of (await memory.read('run')).events) if (event.type === 'step.completed') committed.add(event.path ?? '')

      const again: string[] = []
      const healthy = createBench(({ path }) => {
        again.push(path)
        return path
      }, { store: memory })
      expect(await healthy.settled(await healthy.host.resume({ runId: 'run' }))).toEqual(settlement)
      expect(again.filter((path) => committed.has(path))).toEqual([])
    }
  })

  test('is not an unhandled rejection for who only watches', async () => {
    const { store } = failingStore(createMemoryStore(), 2)
    const bench = createBench(({ path }) => path, { store })
    const handle = await bench.start(draftWorkflow(stages))
    const types: string[] = []
    handle.subscribe(({ type }) => void types.push(type))
    for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate)
    expect(types).not.toContain('run.settled')
  })

  test('cannot be interrupted any more, and says so only by its end', async () => {
    const { store } = failingStore(createMemoryStore(), 1)
    const bench = createBench(({ path }) => path, { store })
    const handle = await bench.start(draftWorkflow(stages))
    await expect(handle.settled).rejects.toBe(full)
    await handle.interrupt()
    handle.cancel('too late')
  })

  test('does not start when the run cannot be made', async () => {
    const memory = createMemoryStore()
    const bench = createBench(({ path }) => path, { store: { ...memory, create: () => Promise.reject(full) } })
    await expect(bench.start(draftWorkflow(stages))).rejects.toBe(full)
  })

  test('gives back its places among the agents of the process', async () => {
    const agents = { poet: { uses: 'scripted' as const, replies: [{ output: 'x' }] } }
    const workflow = draftWorkflow([{ id: 'a', agent: 'poet' }], { agents, limits: { concurrency: 1, agents: 1 } })
    const memory = createMemoryStore()
    let broken = true
    const breakable = (writer: RunWriter): RunWriter => ({
      runId: writer.runId,
      artifactsDir: '/artifacts',
      append: (events) => writer.append(events),
      flushed: () => (broken ? Promise.reject(full) : writer.flushed()),
      readEvents: (lastSeq) => writer.readEvents(lastSeq),
      checkpoint: (checkpoint) => writer.checkpoint(checkpoint),
      receive: () => {},
      onLost: () => {},
      loadState: async () => undefined,
      saveState: async () => {},
      log: () => {},
      close: () => writer.close(),
    })
    const bench = createBench(({ path }) => path, { store: { ...memory, create: async (spec) => breakable(await memory.create(spec)) } })
    await expect((await bench.start(workflow, { runId: 'one' })).settled).rejects.toBe(full)
    broken = false
    expect(await bench.settled(await bench.start(workflow, { runId: 'two' }))).toEqual({ status: 'done', output: 'a' })
  })
})
