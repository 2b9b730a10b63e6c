import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseRunEvent, type RunEvent } from '../src/events.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import type { RunWriter, Store } from '../src/store/store.ts'
import { type Draft, draftWorkflow } from '../src/testing/draft-workflow.ts'
import { performLater, randomWorkflow } from './random-workflow.ts'
import { createBench, eventsOf } from './run-embedded.ts'

const stages: Draft[] = [{ id: 'a' }, { id: 'g', parallel: [{ id: 'x' }, { id: 'y' }] }, { id: 'b' }]

/** What may follow what in the life of one step. */
const follows: Readonly<Record<string, readonly string[]>> = {
  '': ['step.queued', 'step.skipped', 'step.failed'],
  'step.queued': ['step.started', 'step.cancelled'],
  'step.started': ['step.completed', 'step.failed', 'step.skipped', 'step.retrying', 'step.cancelled'],
  'step.retrying': ['step.queued', 'step.cancelled'],
}

describe('the events of a run', () => {
  test('are numbered without a gap, fit their schema, are what is stored, and tell of each step in order', async () => {
    await fc.assert(
      fc.asyncProperty(randomWorkflow(), async (random) => {
        const bench = createBench((request) => performLater(random, request.path, request.input, request.attempt))
        const handle = await bench.start(random.workflow, { input: { text: 'in' } })
        const live: RunEvent[] = []
        handle.subscribe((event) => void ('seq' in event && live.push(event)))
        await bench.settled(handle)
        expect(live.map(({ seq }) => seq)).toEqual(live.map((_, index) => index + 1))
        expect(live[0]?.type).toBe('run.started')
        expect(live.filter(({ type }) => type === 'run.settled')).toEqual([live.at(-1)])
        expect((await bench.store.read('run')).events).toEqual(live)
        for (const event of live) expect(parseRunEvent(JSON.stringify(event))).toEqual(event)
        const last = new Map<string, RunEvent>()
        for (const event of live) {
          const { type, path = '', attempt } = event
          if (!type.startsWith('step.')) continue
          const before = last.get(path)
          expect(follows[before?.type ?? ''], `${type} after ${before?.type} of ${path}`).toContain(type)
          if (type === 'step.started') expect(attempt).toBe((before?.attempt ?? 0) + 1)
          last.set(path, event)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('come to a subscriber from the first on, however late it comes', async () => {
    const bench = createBench(({ path }) => path)
    const handle = await bench.start(draftWorkflow(stages))
    const seen: number[][] = []
    const subscribe = (): void => {
      const own: number[] = []
      seen.push(own)
      handle.subscribe((event) => void ('seq' in event && own.push(event.seq)))
    }
    subscribe()
    // One more with every event, also from within what it is told.
    handle.subscribe((event) => void ('seq' in event && event.seq % 3 === 0 && subscribe()))
    await bench.settled(handle)
    subscribe()
    const all = eventsOf(handle).map(({ seq }) => seq)
    expect(seen.length).toBeGreaterThan(5)
    for (const own of seen) expect(own).toEqual(all)
  })

  test('come no more once a subscriber unsubscribed', async () => {
    const bench = createBench(({ path }) => path)
    const handle = await bench.start(draftWorkflow(stages))
    let count = 0
    const unsubscribe = handle.subscribe(() => {
      count += 1
      if (count === 5) unsubscribe()
    })
    await bench.settled(handle)
    expect(count).toBe(5)
  })

  test('come to the others when one subscriber throws, and the run goes on', async () => {
    const bench = createBench(({ path }) => path)
    const handle = await bench.start(draftWorkflow(stages))
    const thrown: unknown[] = []
    const others = process.rawListeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => thrown.push(error.message))
    try {
      handle.subscribe((event) => {
        if (event.type === 'step.completed') throw new Error(`cannot draw ${event.path}`)
      })
      const seen: string[] = []
      handle.subscribe((event) => void seen.push(event.type))
      expect(await bench.settled(handle)).toEqual({ status: 'done', output: 'b' })
      expect(seen).toEqual(eventsOf(handle).map(({ type }) => type))
      expect(thrown).toEqual(['a', 'g.x', 'g.y', 'b'].map((path) => `cannot draw ${path}`))
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const listener of others) process.on('uncaughtException', listener as (error: Error) => void)
    }
  })

  test('tell why a group was not entered', async () => {
    const bench = createBench(({ path }) => path)
    const handle = await bench.start(draftWorkflow([{ id: 'g', when: 'input.nope', parallel: [{ id: 'x' }] }]))
    expect(await bench.settled(handle)).toMatchObject({ status: 'failed', error: { code: 'EXPRESSION_FAILED', path: 'g' } })
    expect(eventsOf(handle)[1]).toMatchObject({ type: 'step.failed', path: 'g', data: { error: { code: 'EXPRESSION_FAILED' } } })
  })

  test('tell of a group whose output does not fit that it failed', async () => {
    const bench = createBench(({ path }) => path)
    const handle = await bench.start(draftWorkflow([{ id: 'g', output: { type: 'string' }, parallel: [{ id: 'x' }, { id: 'y' }] }]))
    expect(await bench.settled(handle)).toMatchObject({ status: 'failed', error: { code: 'OUTPUT_INVALID', path: 'g' } })
    expect(eventsOf(handle).find(({ type }) => type === 'group.joined')).toMatchObject({
      data: { status: 'failed', completed: 2, failed: 0, error: { code: 'OUTPUT_INVALID' } },
    })
  })
})

describe('a step', () => {
  /** A memory store that puts nothing on disk until it is told to. */
  function heldStore(): { store: Store; flush: () => void; asked: () => number } {
    const memory = createMemoryStore()
    let waiting: (() => void)[] = []
    const hold = (writer: RunWriter): RunWriter => ({
      runId: writer.runId,
      artifactsDir: '/artifacts',
      append: (events) => writer.append(events),
      flushed: () => new Promise((resolve) => waiting.push(resolve)),
      readEvents: (lastSeq) => writer.readEvents(lastSeq),
      checkpoint: (checkpoint) => writer.checkpoint(checkpoint),
      receive: (handle) => writer.receive(handle),
      onLost: (told) => writer.onLost(told),
      loadState: (key) => writer.loadState(key),
      saveState: (key, value) => writer.saveState(key, value),
      log: (path, text) => writer.log(path, text),
      close: () => writer.close(),
    })
    return {
      store: { ...memory, create: async (spec) => hold(await memory.create(spec)) },
      flush: () => {
        const now = waiting
        waiting = []
        for (const resolve of now) resolve()
      },
      asked: () => waiting.length,
    }
  }

  test('runs only when all that led to it is on disk', async () => {
    const { store, flush } = heldStore()
    const executed: string[] = []
    const bench = createBench(({ path }) => {
      executed.push(path)
      return path
    }, { store })
    const handle = await bench.start(draftWorkflow([{ id: 'a' }, { id: 'b' }]))
    const idle = async (): Promise<void> => {
      for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate)
    }
    await idle()
    expect(executed).toEqual([])
    flush()
    await idle()
    expect(executed).toEqual(['a'])
    expect(eventsOf(handle).at(-1)).toMatchObject({ type: 'step.started', path: 'b' })
    flush()
    await idle()
    expect(executed).toEqual(['a', 'b'])
    let settled = false
    void handle.settled.then(() => (settled = true))
    await idle()
    expect(settled).toBe(false)
    for (let turn = 0; turn < 5; turn += 1) {
      flush()
      await idle()
    }
    expect(await handle.settled).toEqual({ status: 'done', output: 'b' })
  })
})
