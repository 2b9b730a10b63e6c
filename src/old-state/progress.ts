import { UsageError } from '../errors.ts'
import type { OldState } from './old-state.ts'
import { endStage, isAcceptance, type PlannedStage, plannedStage, type StagePlan } from './stage-plan.ts'

/** How a stage stands when its run is taken over; what is `open` is still to be done. */
export type Stand = 'completed' | 'skipped' | 'failed' | 'open'

/** By the keys of the plan. */
export type Progress = ReadonlyMap<string, Stand>

/**
 * How each stage stands by an old state: done is what is before the place where it stands, and what it says is done of a
 * group there. Throws UsageError STATE_UNKNOWN_STAGE, STATE_UNKNOWN_GROUP or STATE_CONTRADICTS_ORDER.
 */
export function progressOf(state: OldState, plan: StagePlan, file: string): Progress {
  checkNames(state, plan, file)
  const at = placeOf(state, plan, file)
  const here = plan[at]
  const isLast = here === undefined || here.key === endStage || at === plan.length - 1
  if (state.status === 'complete' && !isLast) {
    throw contradiction(file, `it is complete, but stands at ${here.key}, which is not the last stage`)
  }
  return new Map(plan.map((stage) => [stage.key, standOf(stage, here, at, state, plan, file)]))
}

function standOf(
  stage: PlannedStage, here: PlannedStage | undefined, at: number, state: OldState, plan: StagePlan, file: string,
): Stand {
  const said = [...state.stages].find(([name]) => plannedStage(plan, name) === stage)?.[1]
  if (state.status === 'complete') return said?.status === 'skipped' ? 'skipped' : 'completed'
  const isHere = stage === here || (here?.group !== undefined && stage.group === here.group)
  const hasOutput = outputOf(stage, state, plan) !== undefined
  if (stage.place > at && !isHere) {
    if (said === undefined ? !hasOutput : said.status === 'open') return 'open'
    throw contradiction(file, `${stage.key} has run, but it stands at ${here?.key ?? endStage}, which comes before ${stage.key}`)
  }
  // A failure in the group where it stands is run again.
  if (said !== undefined) return said.status === 'failed' && isHere ? 'open' : said.status
  if (stage.place < at) return 'completed'
  const hasPassed = isAcceptance(stage.block) && state.testRounds.at(-1)?.all_passed === true
  return isUnderWay(state) && (hasOutput || hasPassed) ? 'completed' : 'open'
}

/** Whether it was stopped from outside or cut off: what it has an output of, it had finished. */
function isUnderWay({ status }: OldState): boolean {
  return status === 'in_progress' || status === 'cancelled' || status === 'timeout'
}

/** What the old run kept of a stage; undefined when it kept nothing. */
export function outputOf(stage: PlannedStage, { outputs }: OldState, plan: StagePlan): string | undefined {
  return [...outputs].find(([name]) => plannedStage(plan, name) === stage)?.[1]
}

function placeOf({ position, groups }: OldState, plan: StagePlan, file: string): number {
  if ('stage' in position) return plannedStage(plan, position.stage)?.place ?? plan.length
  const { group: name } = position
  const names = groups.get(name) ?? []
  const place = plan.findIndex(({ group, key }) => group !== undefined && (group.id === name || names.includes(key)))
  if (place >= 0) return place
  const known = [...new Set(plan.flatMap(({ group }) => (group === undefined ? [] : [group.id])))]
  throw new UsageError(
    'STATE_UNKNOWN_GROUP',
    `${file} stands at the group "${name}", which the workflow does not have (it has ${known.join(', ') || 'no groups'}). ` +
      'Give the stages.yaml that the run was started with as --spec.',
    { details: { file, group: name } },
  )
}

function checkNames({ position, outputs, stages, groups }: OldState, plan: StagePlan, file: string): void {
  const named = ['stage' in position ? position.stage : [], ...outputs.keys(), ...stages.keys(), ...groups.values()].flat()
  const unknown = [...new Set(named)].filter((name) => name.toUpperCase() !== endStage && plannedStage(plan, name) === undefined)
  if (unknown.length === 0) return
  throw new UsageError(
    'STATE_UNKNOWN_STAGE',
    `${file} names stages that the workflow does not have: ${unknown.join(', ')} (it has ${plan.map(({ key }) => key).join(', ')}). ` +
      'Give the stages.yaml that the run was started with as --spec.',
    { details: { file, stages: unknown } },
  )
}

export function contradiction(file: string, what: string): UsageError {
  return new UsageError(
    'STATE_CONTRADICTS_ORDER',
    `${file} does not go with the order of the stages: ${what}. Give the stages.yaml that the run was started with as --spec.`,
    { details: { file } },
  )
}
