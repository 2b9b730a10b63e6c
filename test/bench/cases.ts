import { type Drive, inMemory, onDisk } from './drive.ts'
import { fdatasyncFloor, queueFloor } from './floors.ts'
import { chain, fan } from './workflows.ts'

/** One figure of the bench. */
export interface BenchCase {
  readonly name: string
  readonly unit: string
  /** One run; gives its samples, as a rule one. */
  readonly run: () => Promise<readonly number[]>
}

/** All cases; what they write goes below `dir`. */
export function benchCases(dir: string): BenchCase[] {
  const memory = inMemory()
  const durable = onDisk(dir)
  const perStep = (name: string, unit: string, drive: Drive, workflow: ReturnType<typeof chain>, steps: number) => ({
    name,
    unit,
    run: async () => [(await drive(workflow)).makespan / steps],
  })
  const chain100 = chain(100)
  const fan20 = fan(20)
  const fan1000 = fan(1000)
  return [
    perStep('chain-100/memory', 'µs/step', memory, chain100, 100),
    perStep('chain-100/durable', 'µs/step', durable, chain100, 100),
    { name: 'floor/fdatasync', unit: 'µs', run: async () => [await fdatasyncFloor(dir, 100)] },
    perStep('fan-20/memory', 'µs/branch', memory, fan20, 20),
    perStep('fan-20/durable', 'µs/branch', durable, fan20, 20),
    perStep('fan-1000/memory', 'µs/branch', memory, fan1000, 1000),
    perStep('fan-1000/durable', 'µs/branch', durable, fan1000, 1000),
    { name: 'floor/p-queue', unit: 'µs/task', run: async () => [await queueFloor(1000)] },
    { name: 'event-latency', unit: 'µs', run: async () => (await memory(chain100)).latencies },
    { name: 'event-latency/durable', unit: 'µs', run: async () => (await durable(chain100)).latencies },
    { name: 'run-fixed/durable', unit: 'µs/run', run: async () => [(await durable(fan20)).fixed] },
  ]
}
