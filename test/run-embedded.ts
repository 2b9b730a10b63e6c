import type { RunEvent } from '../src/events.ts'
import type { StepRequest } from '../src/executors/executor.ts'
import { createEmbeddedHost } from '../src/hosts/embedded/embedded-host.ts'
import type { Host, RunHandle, RunSettlement, StartOptions } from '../src/hosts/host.ts'
import type { Json } from '../src/json.ts'
import type { Workflow } from '../src/spec/ir.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import type { Store } from '../src/store/store.ts'
import { createVirtualClock, type VirtualClock } from '../src/testing/virtual-clock.ts'

/** What does a step's work in a test. */
export type Work = (request: StepRequest, signal: AbortSignal) => Json | Promise<Json>

export interface Bench {
  readonly host: Host
  readonly store: Store
  readonly clock: VirtualClock
  /** Starts a run whose folders do not exist: nothing in it touches files. */
  start(workflow: Workflow, options?: Partial<StartOptions>): Promise<RunHandle>
  /** Moves the clock on, one ms at a time, until the run settles. */
  settled(handle: RunHandle): Promise<RunSettlement>
}

/** An embedded host on a memory store and a clock that stands still. */
export function createBench(work: Work, { store = createMemoryStore(), env = {} }: { store?: Store; env?: Record<string, string> } = {}): Bench {
  const clock = createVirtualClock(Date.UTC(2026, 0, 1))
  const host = createEmbeddedHost({
    store,
    clock,
    env,
    execute: async (request, { signal }) => ({ output: await work(request, signal) }),
  })
  return {
    host,
    store,
    clock,
    start: (workflow, options = {}) =>
      host.start({
        workflow,
        input: null,
        runId: 'run',
        specDir: '/spec',
        workingDir: '/work',
        source: { file: null, text: '' },
        ...options,
      }),
    settled: (handle) => settled(clock, handle),
  }
}

async function settled(clock: VirtualClock, handle: RunHandle): Promise<RunSettlement> {
  let over = false
  const end = (): void => {
    over = true
  }
  handle.settled.then(end, end)
  for (let idle = 0; !over && idle < 10_000; idle += 1) {
    // A macrotask: by then all that can happen without time has happened.
    await new Promise(setImmediate)
    if (!over) clock.advance(1)
  }
  if (!over) throw new Error('The run did not settle in 10 s of its time.')
  return handle.settled
}

/** The durable events of a run so far. */
export function eventsOf(handle: RunHandle): RunEvent[] {
  const events: RunEvent[] = []
  const listener = (event: Parameters<Parameters<RunHandle['subscribe']>[0]>[0]): void => {
    if (!('ephemeral' in event)) events.push(event)
  }
  handle.subscribe(listener)()
  return events
}
