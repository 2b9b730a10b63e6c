import { createDice } from './dice.ts'
import { checkHistory, type Violation } from './history.ts'
import type { IncidentKind } from './incidents.ts'
import { scenarioOf } from './scenario.ts'
import { type Double, runTrial, type Trial } from './trial.ts'

export interface SeedResult {
  readonly seed: number
  readonly scenario: string
  readonly violations: readonly Violation[]
  readonly struck: readonly IncidentKind[]
  readonly trial: Trial
  /** Of everything that happened: equal for equal seeds. */
  readonly steps: number
}

/** Runs the seed's workflow undisturbed, then disturbed, and judges both. */
export async function runSeed(seed: number, double?: Double): Promise<SeedResult> {
  const dice = createDice(seed)
  const scenario = scenarioOf(dice.fork())
  const { concurrency } = scenario.workflow.limits
  const calm = await runTrial(scenario, dice.fork(), double === undefined ? {} : { double })
  const violations = [...judge(calm, concurrency)]
  const trial = await runTrial(scenario, dice.fork(), { moments: calm.moments, ...(double === undefined ? {} : { double }) })
  const expected = scenario.isTimeless ? calm.settlement : undefined
  violations.push(...judge(trial, concurrency, expected))
  return { seed, scenario: scenario.name, violations, struck: trial.struck, trial, steps: calm.steps + trial.steps }
}

function judge({ entries, events, defects, settlement }: Trial, concurrency: number, expected?: Trial['settlement']): Violation[] {
  const ended = settlement === undefined ? [{ code: 'NEVER_ENDED' as const, message: 'nothing more happened' }] : []
  const broken = defects.map((message) => ({ code: 'DEFECT' as const, message }))
  return [...ended, ...broken, ...checkHistory({ entries, events, concurrency, ...(expected === undefined ? {} : { expected }) })]
}
