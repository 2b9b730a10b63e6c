import type { ErrorData } from '../errors.ts'
import type { Json } from '../json.ts'
import { checkAgainstSchema, describeIssues } from '../schema-check.ts'
import { fillPath } from '../spec/blocks.ts'
import type { Block, JsonSchemaOwner } from '../spec/ir.ts'
import type { Outcome, Scope, UsageTotal } from '../spec/outcome.ts'
import { entriesIn } from '../spec/stage-tree.ts'
import { addUsage } from '../usage.ts'
import type { GraphState } from './graph-nodes.ts'
import type { Slice } from './join.ts'
import type { Places } from './places.ts'
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
  /** How the branches of the open parallel node ended, by their paths. */
  readonly branches: Readonly<Record<string, Settlement>>
  /** How those of its shards ended, in the order of the shards. */
  readonly slices: Slice
  /** Actors of the open group that have ended. */
  readonly ended: Readonly<Record<string, true>>
  /** The branches of the open group whose actors are spawned as they may begin. */
  readonly crew: CrewState | null
  /** The repetitions of the open blocks and lists that repeat, by their paths; '' is the machine's own list. */
  readonly rounds: Readonly<Record<string, RoundState>>
  /** How often each block sent its list back since the list began, by its path. */
  readonly returns: Readonly<Record<string, number>>
  /** What was used in the open blocks that are no groups of branches, by their paths; '' for the machine's own list. */
  readonly used?: Readonly<Record<string, UsageTotal>>
  /** What came to a block as `prev`, for blocks after which it is needed again; by their paths. */
  readonly arrived: Readonly<Record<string, Json>>
  /** Set once the machine was told to stop. `by` names the group whose time limit it was, or the run's root. */
  readonly cancelled: { readonly reason: string; readonly by?: string } | null
}

/** No event copies or looks through all of it, however many branches there are. Places are counted from `from`. */
export interface CrewState {
  /** Of a map. */
  readonly items: readonly Json[]
  /** The place in its group of the first branch that is this crew's. */
  readonly from: number
  /** How many branches it has. */
  readonly size: number
  /** How many have been started or given up; all but those of a graph are in their order. */
  readonly begun: number
  /** Those that run now, each with how many had begun before it. */
  readonly live: Places<number>
  readonly running: number
  readonly ended: Places<Settlement>
  /** How many of those that ended completed. */
  readonly completed: number
  readonly nodes: GraphState | null
  /** Why no more are started: the group is done, or one failed. */
  readonly closing: string | null
}

export interface RoundState {
  /** Rounds begun, of a list how often it was gone back. */
  readonly count: number
  /** Set once a round was more than skipped. */
  readonly ran?: boolean
  /** What was in scope before the first. */
  readonly before: Pick<Scope, 'prev' | 'loop' | 'rounds' | 'feedback'>
}

/** What the parent of a machine learns at its end: a shard gives how its branches ended, any other its outcome. */
export type ChartOutput = Settlement | { readonly slice: Slice }

/** Contexts are never changed, only replaced: all have these in common. */
const noneByPath: Readonly<Record<string, never>> = {}
const none: readonly never[] = []

export function initialContext(input: ChartInput): ChartContext {
  return {
    scope: input.scope,
    last: { status: 'skipped', reason: 'nothing ran', output: input.scope.prev },
    branches: noneByPath,
    slices: none,
    ended: noneByPath,
    crew: null,
    rounds: noneByPath,
    returns: noneByPath,
    arrived: noneByPath,
    cancelled: null,
  }
}

/**
 * The context after a block ended so: checked against the block's schema, visible to the blocks that follow. `later` is
 * set for a block that does not come first in a list: its own path, or for a fallback that of the block it stands for.
 * What it used counts in `around`, see `BlockIndex`.
 */
export function settle(
  context: ChartContext, block: Block, settlement: Settlement, around: string, later?: string,
): ChartContext {
  const { used = nothing } = context
  const inside = ownValue(used, block.path)
  const judged = judge(context, block, settlement)
  const checked = inside === undefined ? judged : withUsage(judged, inside)
  const whole = addUsage(ownValue(used, around), inside ?? usageOf(judged))
  const { nested: _, ...outcome } = checked
  // A row of blocks is skipped only when all of them are: what was done before passes through the one that was not.
  const last: Outcome =
    outcome.status === 'skipped' && later !== undefined && ranBefore(context.scope, later)
      ? { status: 'completed', output: outcome.output }
      : outcome
  return {
    ...context,
    scope: recordOutcome(scopeAfter(context, block), block.path, checked),
    last,
    rounds: without(context.rounds, block.path),
    ...(whole === undefined ? {} : { used: { ...without(used, block.path), [around]: whole } }),
    cancelled: isOwnLimit(context, block) ? null : context.cancelled,
  }
}

/** What a block that repeats put into scope for its rounds ends with it. */
export function scopeAfter(context: ChartContext, block: Block): Scope {
  const state = ownValue(context.rounds, block.path)
  if (state === undefined) return context.scope
  const { loop: _loop, rounds: _rounds, feedback: _feedback, ...scope } = context.scope
  const { prev: _prev, ...before } = state.before
  return { ...scope, ...before }
}

const nothing: Readonly<Record<string, UsageTotal>> = {}

/** What a block that ended so used. */
export function usageOf(outcome: Outcome): UsageTotal | undefined {
  return 'usage' in outcome ? outcome.usage : undefined
}

/** The same end with this usage, if any. */
export function withUsage<T extends Outcome>(outcome: T, usage: UsageTotal | undefined): T {
  return usage === undefined ? outcome : { ...outcome, usage }
}

/** Whether what stops the machine is the time limit of this block. */
function isOwnLimit({ cancelled, scope }: ChartContext, block: Block): boolean {
  return cancelled !== null && cancelled.by === fillPath(block.path, scope.at)
}

/** What the end of a block counts as: it fails when its own time limit was what ended it, or when its output does not fit. */
export function judge(context: ChartContext, block: Block, settlement: Settlement): Settlement {
  const { cancelled } = context
  const path = fillPath(block.path, context.scope.at)
  if (cancelled === null || !isOwnLimit(context, block)) {
    return block.output === undefined ? settlement : checkOutput({ path, output: block.output }, settlement)
  }
  return withUsage({ status: 'failed', error: { code: 'TIMEOUT', kind: 'retryable', message: cancelled.reason, path } }, usageOf(settlement))
}

/** Whether one of the blocks before this one, in the same list, was not skipped; one that failed was forgiven. */
function ranBefore(scope: Scope, path: string): boolean {
  const end = path.lastIndexOf('.')
  const row = end < 0 ? scope.stages : (nestedStages(scope, path.slice(0, end)) ?? {})
  const own = path.slice(end + 1)
  for (const [id, { status }] of entriesIn(row)) {
    if (id !== own && status !== undefined && status !== 'skipped') return true
  }
  return false
}

/** Not by plain access: a block may be called `constructor`. */
export function ownValue<T>(record: Readonly<Record<string, T>>, path: string): T | undefined {
  return Object.hasOwn(record, path) ? record[path] : undefined
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  if (!Object.hasOwn(record, key)) return record
  const { [key]: _, ...rest } = record
  return rest
}

/** How the machine as a whole ended. */
export function machineOutcome(context: ChartContext): Outcome {
  const { cancelled, last, used = nothing } = context
  const ended = cancelled !== null && last.status !== 'failed' ? { status: 'cancelled' as const, ...cancelled } : last
  return withUsage(ended, ownValue(used, ''))
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
