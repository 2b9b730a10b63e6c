import { createEmbeddedHost } from '../../src/hosts/embedded/embedded-host.ts'
import type { Workflow } from '../../src/spec/ir.ts'
import { createFileStore } from '../../src/store/file-store.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import type { RunWriter, Store } from '../../src/store/store.ts'

/** What one run took, in µs. */
interface Timing {
  /** From the moment the run exists to the moment its last event is on disk. */
  readonly makespan: number
  /** The rest of `start` to `settled`: making the run and taking its lock, the last checkpoint, letting go of the lock. */
  readonly fixed: number
  /** For each step, from the end of its work to the subscriber that hears of it. */
  readonly latencies: readonly number[]
}

export type Drive = (workflow: Workflow) => Promise<Timing>

/** In memory: a new store for each run, so that none pays for the garbage of those before. */
export function inMemory(): Drive {
  return driver((create) => create(createMemoryStore()))
}

/** On disk, in run folders below `dir`. */
export function onDisk(dir: string): Drive {
  return driver((create) => create(createFileStore(dir)))
}

/** One host for all runs, as in a service: a workflow is compiled once. Steps do nothing, at once. */
function driver(withStore: <T>(use: (store: Store) => T) => T): Drive {
  let begun = 0
  let committed = 0
  const ends = new Map<string, number>()
  const unused = withStore((store) => store)
  const host = createEmbeddedHost({
    store: {
      ...unused,
      create: async (spec) => {
        const writer = await withStore((store) => store.create(spec))
        begun = performance.now()
        return watched(writer, () => {
          committed = performance.now()
        })
      },
    },
    execute: async ({ path }) => {
      ends.set(path, performance.now())
      return { output: path }
    },
  })
  return async (workflow) => {
    const called = performance.now()
    const run = await host.start({ workflow, input: {}, specDir: '/', workingDir: '/', source: { file: null, text: '' } })
    const latencies: number[] = []
    run.subscribe((event) => {
      if (event.type !== 'step.completed') return
      latencies.push((performance.now() - (ends.get(event.path ?? '') ?? Number.NaN)) * 1000)
    })
    const { status } = await run.settled
    const settled = performance.now()
    if (status !== 'done') throw new Error(`the run of ${workflow.name} ended as ${status}`)
    const makespan = (committed - begun) * 1000
    return { makespan, fixed: (settled - called) * 1000 - makespan, latencies }
  }
}

/** Calls back when the last checkpoint is asked for, which is when everything before it has been flushed. */
function watched(writer: RunWriter, onCommitted: () => void): RunWriter {
  return {
    runId: writer.runId,
    get artifactsDir() {
      return writer.artifactsDir
    },
    append: (events) => writer.append(events),
    flushed: () => writer.flushed(),
    readEvents: (lastSeq) => writer.readEvents(lastSeq),
    checkpoint: (checkpoint) => {
      if (checkpoint.status !== 'running') onCommitted()
      return writer.checkpoint(checkpoint)
    },
    receive: (handle) => writer.receive(handle),
    onLost: (told) => writer.onLost(told),
    loadState: (key) => writer.loadState(key),
    saveState: (key, value) => writer.saveState(key, value),
    log: (path, text) => writer.log(path, text),
    close: () => writer.close(),
  }
}
