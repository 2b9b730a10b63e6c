import type { StepRequest } from '../src/executors/executor.ts'
import type { RunSettlement } from '../src/hosts/host.ts'
import type { Json } from '../src/json.ts'
import type { Workflow } from '../src/spec/ir.ts'
import { createBench, eventsOf } from './run-embedded.ts'

export interface TimedRun {
  readonly settlement: RunSettlement
  /** From its start to its end, in ms of the virtual clock. */
  readonly makespan: number
}

/**
 * Runs a workflow on a virtual clock that only moves when nothing else can happen: every step takes as long as `timeOf`
 * says, in ms, and nothing else takes any time.
 */
export async function timedRun(
  workflow: Workflow,
  timeOf: (request: StepRequest) => number,
  answer: (request: StepRequest) => Json,
  input: Json = null,
): Promise<TimedRun> {
  const due = new Set<number>()
  const bench = createBench(async (request) => {
    const time = timeOf(request)
    if (time > 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      due.add(bench.clock.now() + time)
      bench.clock.schedule(resolve, time)
      await promise
    }
    return answer(request)
  })
  const started = bench.clock.now()
  const handle = await bench.start(workflow, { input })
  let over = false
  const end = (): void => {
    over = true
  }
  handle.settled.then(end, end)
  for (;;) {
    await quiet(() => eventsOf(handle).length + due.size)
    if (over) break
    const next = Math.min(...due)
    if (!Number.isFinite(next)) throw new Error('The run waits for something that will not happen.')
    due.delete(next)
    bench.clock.advance(next - bench.clock.now())
  }
  return { settlement: await handle.settled, makespan: bench.clock.now() - started }
}

/** Waits until all that can happen without time has happened. */
async function quiet(count: () => number): Promise<void> {
  for (let still = 0, before = -1; still < 3; still += 1) {
    await new Promise(setImmediate)
    const now = count()
    if (now !== before) still = 0
    before = now
  }
}
