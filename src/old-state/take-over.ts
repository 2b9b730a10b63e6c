import { compileWorkflow } from '../compiler/compile.ts'
import { initialScope } from '../compiler/scope.ts'
import type { RunEvent, UnnumberedEvent } from '../events.ts'
import type { Json } from '../json.ts'
import { type Foretold, foretell } from '../runtime/foretold.ts'
import { createProgram } from '../runtime/program.ts'
import { RunTree } from '../runtime/run-tree.ts'
import type { Block, Workflow } from '../spec/ir.ts'
import type { RunSpec } from '../store/store.ts'
import { knownEnds, takenAsApproved } from './known-ends.ts'
import type { OldState } from './old-state.ts'
import { contradiction, type Progress, progressOf } from './progress.ts'
import { takenOverEvent } from './taken-over.ts'
import { stagePlan, stageOfPath } from './stage-plan.ts'

export interface TakeOverOptions {
  /** What the run is to be; its `workflow` as the spec has it. */
  readonly spec: RunSpec
  /** The state file, for messages; absolute. */
  readonly file: string
  /** When the state was saved, in ms since the epoch. */
  readonly savedAt: number
  /** Variables that the workflow lists. */
  readonly env: Readonly<Record<string, string>>
  readonly redact: (value: Json) => Json
}

export interface TakenOver {
  /** Its workflow lets a review pass of which the state says that it did, if what is kept of it does not show that. */
  readonly spec: RunSpec
  readonly events: readonly RunEvent[]
  readonly progress: Progress
}

/**
 * The run that an old state is of, as far as it had come: its journal holds what is done, and going on with it does the
 * rest. Pure. Throws UsageError when the state does not go with the workflow.
 */
export function takeOver(state: OldState, options: TakeOverOptions): TakenOver {
  const { spec, file, savedAt } = options
  const plan = stagePlan(spec.workflow)
  const progress = progressOf(state, plan, file)
  const startedAt = state.startedAt ?? savedAt - (state.elapsedMs ?? 0)
  const endedAt = state.elapsedMs === null ? savedAt : startedAt + state.elapsedMs

  let { workflow } = spec
  let told = tell(workflow)
  if (told.unproven.size > 0) {
    workflow = withPassed(workflow, told.unproven)
    told = tell(workflow)
  }
  const { events, outcome } = told.foretold
  const missed = plan.find(({ key }) => progress.get(key) !== 'open' && !told.asked.has(key))
  if (outcome?.status === 'failed') {
    throw contradiction(file, `what comes after ${outcome.error.path ?? 'a stage'} has run, but that one failed`)
  }
  if (missed !== undefined) throw contradiction(file, `${missed.key} has run, but a stage before it has not`)

  const { runId, input, options: { scripted } } = spec
  const started: UnnumberedEvent = { type: 'run.started', data: { workflow: workflow.name, input, scripted } }
  const mark = takenOverEvent(state, file, options.redact)
  const last = Math.max(endedAt, events.at(-1)?.at ?? startedAt)
  const journal = [{ event: started, at: startedAt }, ...events, { event: mark, at: last }]
  if (outcome?.status === 'completed' || outcome?.status === 'skipped') {
    journal.push({ event: { type: 'run.settled', data: { status: 'done', output: outcome.output } }, at: last })
  }
  return {
    spec: { ...spec, workflow },
    events: journal.map(
      ({ event, at }, index) => ({ seq: index + 1, runId, at: new Date(at).toISOString(), ...event }) as RunEvent,
    ),
    progress,
  }

  function tell(attempt: Workflow): { foretold: Foretold; unproven: ReadonlySet<string>; asked: ReadonlySet<string> } {
    const asked = new Set<string>()
    const known = knownEnds(redacted(state, options.redact), stagePlan(attempt), progress)
    const program = createProgram(compileWorkflow(attempt), { env: options.env, redact: options.redact })
    const scope = initialScope(attempt, spec.input, spec.runId)
    const foretold = foretell(new RunTree(program), scope, startedAt, (path, turn) => {
      const stage = stageOfPath(plan, path)
      if (stage !== undefined) asked.add(stage.key)
      return known.endOf(path, turn)
    })
    return { foretold, unproven: known.unproven, asked }
  }
}

/** What the state kept goes into the journal, so secrets are taken out of it first. */
function redacted(state: OldState, redact: (value: Json) => Json): OldState {
  const text = (value: string): string => String(redact(value))
  return {
    ...state,
    outputs: new Map([...state.outputs].map(([key, output]) => [key, text(output)])),
    stages: new Map(
      [...state.stages].map(([key, stage]) => [key, stage.error === undefined ? stage : { ...stage, error: text(stage.error) }]),
    ),
    testRounds: state.testRounds.map((round) =>
      round.fix_summary == null ? round : { ...round, fix_summary: text(round.fix_summary) },
    ),
  }
}

function withPassed(workflow: Workflow, paths: ReadonlySet<string>): Workflow {
  const passed = (block: Block): Block => {
    if (block.kind === 'parallel') return { ...block, branches: block.branches.map(passed) }
    if (block.kind !== 'review' || !paths.has(block.path)) return block
    return { ...block, approved: `(${block.approved}) || prev == ${JSON.stringify(takenAsApproved)}` }
  }
  return { ...workflow, stages: workflow.stages.map(passed) }
}
