import { UsageError } from '../errors.ts'
import type { RunEvent } from '../events.ts'
import { isJsonObject, type JsonObject, toText } from '../json.ts'
import type { RunNode, RunView } from '../runtime/run-view.ts'
import { innerBlocks } from '../spec/blocks.ts'
import type { RunSpec } from '../store/store.ts'
import { type OldStatus, type OldTestRound } from './old-state.ts'
import { outputOf } from './progress.ts'
import { endStage, isAcceptance, type PlannedStage, stagePlan, stageOfPath, stepPaths } from './stage-plan.ts'
import { type TakenOverMark, takenOverMark } from './taken-over.ts'

export interface GivenRun {
  readonly spec: RunSpec
  readonly events: readonly RunEvent[]
  /** With all of the events in it. */
  readonly view: RunView
  readonly elapsedMs: number
}

const eightHours = 28_800

/**
 * The `orchestration_state.json` of a run, in the newest of its formats (v2). What was taken over from an old state and
 * has not changed since is given back as it was. Throws UsageError EXPORT_NO_STAGES when the run is not one of stages:
 * `isStageOrder` says whether its spec is.
 */
export function giveBack(run: GivenRun, isStageOrder: boolean): JsonObject {
  const { spec, events, view, elapsedMs } = run
  const mark = takenOverMark(events)
  if (mark === undefined && !isStageOrder) {
    throw new UsageError(
      'EXPORT_NO_STAGES',
      `the run ${spec.runId} cannot be an orchestration_state.json: its workflow "${spec.workflow.name}" is not written as ` +
        '`stages` with a `stage_order`. Use --format run.',
    )
  }
  const plan = stagePlan(spec.workflow)
  const before = mark === undefined || mark.state.format === 'workflow_state' ? {} : mark.state.document
  const isUntouched = mark !== undefined && !events.some(({ seq, type }) => seq > mark.seq && type !== 'run.settled')
  const rounds = testRounds(run, mark)
  const failed = plan.find((stage) => nodeOf(view, stage)?.status === 'failed')
  const at = plan.find((stage) => !isDone(nodeOf(view, stage)) && !isPassedOver(view, stage))
  const first = plan.find(({ group }) => group !== undefined && group === at?.group)
  const { objective, feature } = isJsonObject(spec.input) ? spec.input : {}
  const { parallel_group_status: _, objective_file: file, ...rest } = before
  return {
    ...(file == null ? { objective_file: null, objective: objective ?? null } : { objective_file: file }),
    elapsed_seconds: Math.round(elapsedMs) / 1000,
    max_seconds: eightHours,
    stages_config_source: spec.source.file,
    feature_name: feature ?? null,
    acceptance_test_summary: null,
    ...rest,
    ...(isUntouched ? {} : { elapsed_seconds: Math.round(elapsedMs) / 1000 }),
    current_stage: (isUntouched ? placeBefore(mark) : undefined) ?? (first ?? at)?.key ?? endStage,
    status: isUntouched ? mark.state.status : statusOf(view, failed),
    stage_outputs: outputsOf(run, mark, isUntouched),
    acceptance_tests_passed: hasPassed(run, mark, rounds),
    acceptance_test_iterations: rounds.length,
    acceptance_test_history: rounds.map((round) => ({ ...round })),
    parallel_group_status: groupsOf(run),
  }
}

function statusOf({ status }: RunView, failed: PlannedStage | undefined): OldStatus {
  if (status === 'done') return 'complete'
  if (status === 'cancelled') return 'cancelled'
  if (status !== 'failed') return 'in_progress'
  if (failed?.block.kind !== 'review') return 'error'
  return isAcceptance(failed.block) ? 'acceptance_test_failed' : 'review_failed'
}

/** Where a state stood that had a stage there, as this one has. */
function placeBefore({ state: { position, format } }: TakenOverMark): string | undefined {
  return 'stage' in position && format !== 'workflow_state' ? position.stage : undefined
}

/** What a stage gave that is to run again counts as long as it has not. */
function outputsOf({ spec, events, view }: GivenRun, mark: TakenOverMark | undefined, isUntouched: boolean): JsonObject {
  const plan = stagePlan(spec.workflow)
  const last = new Map<string, { text: string; seq: number }>()
  for (const event of events) {
    if (event.type !== 'step.completed' || event.path === undefined) continue
    last.set(event.path, { text: toText(event.data.output), seq: event.seq })
  }
  const outputs = plan.flatMap((stage): [string, string][] => {
    const kept = mark && outputOf(stage, mark.state, plan)
    if (nodeOf(view, stage)?.status !== 'completed') return kept === undefined || !isUntouched ? [] : [[stage.key, kept]]
    const steps = resultPaths(stage, last, plan).flatMap((path) => last.get(path) ?? [])
    if (mark !== undefined && steps.every(({ seq }) => seq < mark.seq)) return kept === undefined ? [] : [[stage.key, kept]]
    return [[stage.key, steps.map(({ text }) => text).join('\n\n')]]
  })
  return Object.fromEntries(outputs)
}

/** The steps whose outputs are the stage's: of a review the work, or the verdict on earlier work that it left as it was. */
function resultPaths({ block }: PlannedStage, last: ReadonlyMap<string, { text: string }>, plan: readonly PlannedStage[]): string[] {
  if (block.kind !== 'review') return stepPaths(block, innerBlocks)
  const [work, reviewer] = [stepPaths(block.work, innerBlocks), stepPaths(block.reviewer, innerBlocks)]
  if (isAcceptance(block)) return reviewer
  const reviewed = plan.find((other) => block.input === `\${{ stages.${other.block.path}.output }}`)
  if (reviewed === undefined) return work
  const textOf = (paths: readonly string[]): string => paths.map((path) => last.get(path)?.text ?? '').join('\n\n')
  return textOf(work) === textOf(resultPaths(reviewed, last, plan)) ? reviewer : work
}

/** The rounds of tests so far: those that were taken over, and those that ran since. */
function testRounds({ spec, events }: GivenRun, mark: TakenOverMark | undefined): OldTestRound[] {
  const rounds = [...(mark?.state.testRounds ?? [])]
  const block = stagePlan(spec.workflow).find((stage) => isAcceptance(stage.block))?.block
  if (block?.kind !== 'review') return rounds
  for (const event of events) {
    if (event.type !== 'step.completed' || event.seq < (mark?.seq ?? 0)) continue
    const text = toText(event.data.output)
    const before = rounds.at(-1)
    if (event.path === block.work.path && before !== undefined) {
      rounds[rounds.length - 1] = { ...before, fix_applied: true, fix_summary: text }
    } else if (event.path === block.reviewer.path) {
      const results = [...text.matchAll(/^[*_#>` -]*AT-\d+[*_#>` -]*: *(PASSED|FAILED|SKIPPED)/gm)].map(([, result]) => result)
      const passed = results.filter((result) => result === 'PASSED').length
      const failed = results.filter((result) => result === 'FAILED').length
      const all_passed = results.length > 0 && passed === results.length
      rounds.push({ iteration: (before?.iteration ?? 0) + 1, passed, failed, total: results.length, all_passed, fix_applied: false })
    }
  }
  return rounds
}

function hasPassed({ spec, view }: GivenRun, mark: TakenOverMark | undefined, rounds: readonly OldTestRound[]): boolean {
  const stage = stagePlan(spec.workflow).find(({ block }) => isAcceptance(block))
  if (rounds.length === 0 && mark !== undefined) return mark.state.document['acceptance_tests_passed'] === true
  return stage !== undefined && nodeOf(view, stage)?.status === 'completed' && rounds.at(-1)?.all_passed === true
}

/** How the stages of each group stand that have ended. */
function groupsOf({ spec, view, events }: GivenRun): JsonObject {
  const plan = stagePlan(spec.workflow)
  const ended = new Set(
    events.flatMap(({ path }) => (path === undefined ? [] : (stageOfPath(plan, path) ?? []))).filter((stage) => {
      const status = nodeOf(view, stage)?.status
      return stage.group !== undefined && (isDone(nodeOf(view, stage)) || status === 'failed')
    }),
  )
  const groups = [...new Set([...ended].map(({ group }) => group?.id ?? ''))]
  return Object.fromEntries(
    groups.map((id) => {
      const stages = plan.filter((stage) => stage.group?.id === id && ended.has(stage))
      return [id, { stages: Object.fromEntries(stages.map((stage) => [stage.key, endOf(nodeOf(view, stage))])) }]
    }),
  )
}

function endOf(node: RunNode | undefined): JsonObject {
  return isDone(node) ? { status: 'completed', error: null } : { status: 'failed', error: node?.error?.message ?? 'It failed.' }
}

function nodeOf(view: RunView, stage: PlannedStage): RunNode | undefined {
  return view.byPath.get(stage.block.path)
}

/** A stage that may fail, and did. */
function isPassedOver(view: RunView, stage: PlannedStage): boolean {
  return stage.block.onFailure === 'continue' && nodeOf(view, stage)?.status === 'failed'
}

function isDone(node: RunNode | undefined): boolean {
  return node?.status === 'completed' || node?.status === 'skipped'
}

