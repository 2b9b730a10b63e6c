import type { ErrorData } from '../errors.ts'
import { checkAgainstSchema, describeIssues } from '../schema-check.ts'
import type { Block, JsonSchemaOwner } from '../spec/ir.ts'
import type { Outcome, Scope } from '../spec/outcome.ts'
import type { BranchOutcomes } from './join.ts'
import { nestedStages, recordOutcome, type Settlement } from './scope.ts'

/** What a chart's machine is started with. */
export interface ChartInput {
  readonly scope: Scope
}

/** A machine of a chart between two events. Plain JSON. */
export interface ChartContext {
  /** What the block that comes next sees; grows as blocks end. */
  readonly scope: Scope
  /** How the block ended that was settled last. */
  readonly last: Outcome
  /** How the branches of the open group ended, by their paths. */
  readonly branches: BranchOutcomes
  /** Actors of the open group that have ended. */
  readonly ended: Readonly<Record<string, true>>
  /** Set once the machine was told to stop. `by` names the group whose time limit it was, or the run's root. */
  readonly cancelled: { readonly reason: string; readonly by?: string } | null
}

/** What the parent of a machine learns at its end: a shard gives its branches, any other its outcome. */
export type ChartOutput = Settlement | { readonly branches: BranchOutcomes }

export function initialContext(input: ChartInput): ChartContext {
  return {
    scope: input.scope,
    last: { status: 'skipped', reason: 'nothing ran', output: input.scope.prev },
    branches: {},
    ended: {},
    cancelled: null,
  }
}

/** The context after a block ended so: checked against the block's schema, visible to the blocks that follow. */
export function settle(context: ChartContext, block: Block, settlement: Settlement): ChartContext {
  const checked = judge(context, block, settlement)
  const { nested: _, ...outcome } = checked
  // A row of blocks is skipped only when all of them are: what was done before passes through the one that was not.
  const last: Outcome =
    outcome.status === 'skipped' && completedBefore(context.scope, block.path)
      ? { status: 'completed', output: outcome.output }
      : outcome
  return {
    ...context,
    scope: recordOutcome(context.scope, block.path, checked),
    last,
    cancelled: context.cancelled?.by === block.path ? null : context.cancelled,
  }
}

/** What the end of a block counts as: it fails when its own time limit was what ended it, or when its output does not fit. */
export function judge(context: ChartContext, block: Block, settlement: Settlement): Settlement {
  const { cancelled } = context
  if (cancelled === null || cancelled.by !== block.path) return checkOutput(block, settlement)
  return { status: 'failed', error: { code: 'TIMEOUT', kind: 'retryable', message: cancelled.reason, path: block.path } }
}

/** Whether one of the blocks before this one, in the same row, completed. */
function completedBefore(scope: Scope, path: string): boolean {
  const end = path.lastIndexOf('.')
  const row = end < 0 ? scope.stages : (nestedStages(scope, path.slice(0, end)) ?? {})
  return Object.values(row).some((entry) => entry.status === 'completed')
}

/** How the machine as a whole ended. */
export function machineOutcome(context: ChartContext): Outcome {
  const { cancelled, last } = context
  return cancelled !== null && last.status !== 'failed' ? { status: 'cancelled', ...cancelled } : last
}

/** What the machine of a branch reports to its parent. */
export function branchSettlement(context: ChartContext, path: string): Settlement {
  const nested = nestedStages(context.scope, path)
  return { ...machineOutcome(context), ...(nested === undefined ? {} : { nested }) }
}

/** The same settlement, or a failed one when the output does not fit; defaults of the schema are filled in. */
export function checkOutput(owner: JsonSchemaOwner, settlement: Settlement): Settlement {
  if (owner.output === undefined || settlement.status !== 'completed') return settlement
  const verdict = checkAgainstSchema(owner.output, settlement.output)
  if (verdict.ok) return { ...settlement, output: verdict.value }
  const error: ErrorData = {
    code: 'OUTPUT_INVALID',
    kind: 'terminal',
    message: `The output${owner.path === undefined ? ' of the workflow' : ''} does not fit its schema: ${describeIssues(verdict.issues)}.`,
    ...(owner.path === undefined ? {} : { path: owner.path }),
  }
  return { status: 'failed', error, ...(settlement.usage === undefined ? {} : { usage: settlement.usage }) }
}
