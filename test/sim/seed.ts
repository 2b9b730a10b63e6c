import { createDice } from './dice.ts'
import type { Json } from '../../src/json.ts'
import { actionFlaws } from './history-actions.ts'
import { checkHistory, type Violation } from './history.ts'
import { orderFlaws } from './history-order.ts'
import type { IncidentKind } from './incidents.ts'
import { type Scenario, scenarioOf } from './scenario.ts'
import type { Double, Trial } from './lives.ts'
import { runTrial } from './trial.ts'

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
  const calm = await runTrial(scenario, dice.fork(), double === undefined ? {} : { double })
  const violations = [...judge(calm, scenario)]
  const trial = await runTrial(scenario, dice.fork(), { moments: calm.moments, ...(double === undefined ? {} : { double }) })
  const expected = scenario.isTimeless ? calm.settlement : undefined
  violations.push(...judge(trial, scenario, expected))
  return { seed, scenario: scenario.name, violations, struck: trial.struck, trial, steps: calm.steps + trial.steps }
}

function judge({ entries, events, children, defects, settlement }: Trial, { workflow, reads, waiting }: Scenario, expected?: Trial['settlement']): Violation[] {
  const { concurrency } = workflow.limits
  const ended = settlement === undefined ? [{ code: 'NEVER_ENDED' as const, message: 'nothing more happened' }] : []
  const broken = defects.map((message) => ({ code: 'DEFECT' as const, message }))
  const outputs = new Map<string, Json[]>()
  const ofChildren: Violation[] = []
  for (const [runId, journal] of children) {
    const last = journal.at(-1)
    const path = runId.slice('run.'.length).replace(/-\d+$/, '')
    const isDone = last?.type === 'run.settled' && last.data.status === 'done'
    if (isDone) outputs.set(path, [...(outputs.get(path) ?? []), last.data.output ?? null])
    // One whose step was stopped or begun anew may be left where it was: then only what it did is judged.
    const flaws = [...actionFlaws(runId, entries, journal), ...orderFlaws(journal, concurrency, waiting).filter((flaw) => isDone || !flaw.includes(' ended with '))]
    ofChildren.push(...flaws.map((message): Violation => ({ code: 'CHILD', message: `${runId}: ${message}` })))
  }
  const given = { children: outputs, ...(reads && { reads }), ...(waiting && { waiting }), ...(expected && { expected }) }
  return [...ended, ...broken, ...checkHistory({ entries, events, concurrency, ...given }), ...ofChildren]
}
