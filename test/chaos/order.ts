import type { StartOptions } from '../../src/hosts/host.ts'
import { createDice } from '../sim/dice.ts'
import { type Scenario, scenarioOf } from '../sim/scenario.ts'

export const runId = 'run'

/** What a process of the chaos harness is to do. */
export interface WorkerOrder {
  readonly dir: string
  /** Decides the workflow and what its steps do. */
  readonly seed: number
  /** Counts the processes of a run. */
  readonly number: number
  /** Take the run from whoever has it. */
  readonly force: boolean
  /** How far its clock is off, in ms. */
  readonly skewMs: number
  /** No file may grow: what it does is told on stdout. */
  readonly isFull?: boolean
  /** It kills itself once the journal has so many events, before or after the last of them is in the file. */
  readonly killAt?: number
  readonly how?: 'written' | 'unwritten'
}

/** One whose end does not depend on time. */
export function caseScenario(seed: number): Scenario {
  for (let dice = createDice(seed); ; dice = dice.fork()) {
    const scenario = scenarioOf(dice.fork())
    if (scenario.isTimeless && scenario.name !== 'wide') return scenario
  }
}

export function startOptions({ workflow }: Scenario, dir: string): StartOptions {
  return { workflow, input: 'in', runId, specDir: dir, workingDir: dir, source: { file: null, text: '' } }
}
