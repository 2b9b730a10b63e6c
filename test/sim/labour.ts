import { executeAsk } from '../../src/executors/ask.ts'
import type { ExecutionContext, StepRequest, StepResult } from '../../src/executors/executor.ts'
import type { Dice } from './dice.ts'
import type { HistoryEntry } from './history.ts'
import type { Scenario } from './scenario.ts'
import type { SimProcess, World } from './world.ts'

interface Surroundings {
  readonly runId: string
  readonly scenario: Scenario
  readonly world: World
  readonly dice: Dice
  /** The number of the run's last event that is on disk. */
  durable(): number
  tell(entry: HistoryEntry): void
}

/** Does the work of steps. What it does to the world outlives the process that asked for it. */
export class Labour {
  readonly #around: Surroundings
  #effects = 0

  constructor(around: Surroundings) {
    this.#around = around
  }

  async execute(process: SimProcess, request: StepRequest, context: ExecutionContext): Promise<StepResult> {
    const { runId, scenario, world, dice, durable, tell } = this.#around
    const { signal, turn = 1 } = context
    const { path, attempt, input, idempotencyKey: key } = request
    if (request.kind === 'ask' || request.kind === 'event') return executeAsk(request, context)
    if (request.kind === 'workflow' && context.runChild !== undefined) return context.runChild(request)
    const isOwn = request.runId === runId
    this.#effects += 1
    const effect = this.#effects
    const before = durable()
    world.moment(process, 'effect')
    if (process.alive && isOwn) tell({ kind: 'began', process: process.id, effect, path, attempt, key, durable: before, input })
    const ms = dice.chance(5) ? dice.roll(200) : scenario.takes(request, turn)
    // Some work does not listen when it is told to stop.
    const isDeaf = dice.chance(20)
    await new Promise<void>((resolve, reject) => {
      world.after(ms, process, resolve)
      if (!isDeaf) signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
    world.moment(process, 'effect')
    const output = scenario.does(request, turn)
    if (isOwn) tell({ kind: 'gave', effect, output })
    return { output }
  }
}
