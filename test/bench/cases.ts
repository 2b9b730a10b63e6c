import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { streamedAgents } from './agents.ts'
import { type Drive, inMemory, onDisk } from './drive.ts'
import { fdatasyncFloor, queueFloor } from './floors.ts'
import { largeRun } from './large-results.ts'
import { inNewProcess } from './new-process.ts'
import { resumer } from './resume.ts'
import { chain, dag, fan, map } from './workflows.ts'

const idleRuns = new URL('idle-runs-child.ts', import.meta.url)

/** One figure of the bench. */
export interface BenchCase {
  readonly name: string
  readonly unit: string
  /** It is run no more often than this: each run takes long. */
  readonly mostRuns?: number
  /** One run; gives its samples, as a rule one. */
  readonly run: () => Promise<readonly number[]>
}

/**
 * All cases of Forkchart; what they write goes below `dir`. With `smoke` everything wide or many is a fiftieth of what its
 * name says: enough to see that it works, and for nothing else.
 */
export function benchCases(dir: string, { smoke = false }: { readonly smoke?: boolean } = {}): BenchCase[] {
  const size = (full: number): number => (smoke ? full / 50 : full)
  const memory = inMemory()
  const durable = onDisk(dir)
  const timed = (name: string, drive: Drive, workflow: ReturnType<typeof fan>, steps: number): BenchCase => ({
    name,
    unit: name.startsWith('chain') ? 'µs/step' : 'µs/branch',
    ...(steps >= size(10_000) ? { mostRuns: 10 } : {}),
    run: async () => [(await drive(workflow)).makespan / steps],
  })
  const chain100 = chain(100)
  const fan20 = fan(20)
  const fan1000 = fan(size(1000))
  const fan10000 = fan(size(10_000))
  const dag10000 = dag(size(10_000))
  const resume = resumer(dir, size(10_000))
  return [
    timed('chain-100/memory', memory, chain100, 100),
    timed('chain-100/durable', durable, chain100, 100),
    { name: 'floor/fdatasync', unit: 'µs', run: async () => [await fdatasyncFloor(dir, 100)] },
    timed('fan-20/memory', memory, fan20, 20),
    timed('fan-20/durable', durable, fan20, 20),
    timed('fan-1000/memory', memory, fan1000, size(1000)),
    timed('fan-1000/durable', durable, fan1000, size(1000)),
    timed('fan-10000/memory', memory, fan10000, size(10_000)),
    timed('fan-10000/durable', durable, fan10000, size(10_000)),
    timed('dag-10000/memory', memory, dag10000, size(10_000)),
    timed('dag-10000/durable', durable, dag10000, size(10_000)),
    timed('map-1000/memory', memory, map(size(1000)), size(1000)),
    timed('map-10000/memory', memory, map(size(10_000)), size(10_000)),
    { name: 'floor/p-queue', unit: 'µs/task', run: async () => [await queueFloor(1000)] },
    { name: 'event-latency', unit: 'µs', run: async () => (await memory(chain100)).latencies },
    { name: 'event-latency/durable', unit: 'µs', run: async () => (await durable(chain100)).latencies },
    { name: 'run-fixed/durable', unit: 'µs/run', run: async () => [(await durable(fan20)).fixed] },
    { name: 'run-heap', unit: 'KB/run', mostRuns: 3, run: async () => [await inNewProcess(idleRuns, [mkdtempSync(join(dir, 'idle-')), smoke ? '100' : '200'])] },
    { name: 'agents-20x200/agent', unit: 'ms/agent', mostRuns: 10, run: async () => [(await streamedAgents()).perAgent] },
    { name: 'agents-20x200/event', unit: 'µs/event', mostRuns: 10, run: async () => [(await streamedAgents()).perEvent] },
    { name: 'resume-10000', unit: 'ms', mostRuns: 5, run: async () => [await resume()] },
    { name: 'checkpoint-10000/ratio', unit: 'x', mostRuns: 3, run: async () => [(await largeRun(dir, smoke ? 1000 : 10_000)).ratio] },
    { name: 'loop-block-10000/max', unit: 'ms', mostRuns: 3, run: async () => [(await largeRun(dir, smoke ? 1000 : 10_000)).blockedMs] },
  ]
}
