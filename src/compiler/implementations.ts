import { assign, enqueueActions, raise, sendTo } from 'xstate'
import { type ErrorData, toErrorData } from '../errors.ts'
import type { UnnumberedEvent } from '../events.ts'
import { formatDuration } from '../duration.ts'
import { evaluateCondition } from '../spec/expression.ts'
import type { Block, GroupBlock, ParallelBlock, StepBlock } from '../spec/ir.ts'
import type { Outcome, Scope } from '../spec/outcome.ts'
import { resolveTemplate } from '../spec/template.ts'
import { type ChartContext, judge, machineOutcome, settle } from './chart-context.ts'
import { type BranchOutcomes, branchOutputs, branchResults, branchStages, joinedEvent, joinOutcome, maySucceed } from './join.ts'
import { recordOutcome, type Settlement } from './scope.ts'

/** Environment variables that the workflow lists, by name; what is not set is absent. */
export type Environment = Readonly<Record<string, string>>

export interface BlockIndex {
  readonly block: (path: string) => Block
  readonly group: (path: string) => ParallelBlock
  readonly step: (path: string) => StepBlock
  /** Time limits of groups, in ms, by the name of their delay. */
  readonly limits: Readonly<Record<string, number>>
  /** Names of the blocks' objects, and back: saved state names a block, it does not copy it. */
  readonly known: ReadonlyMap<object, string>
  readonly knownByName: ReadonlyMap<string, object>
}

interface Args {
  readonly context: ChartContext
  readonly event: ChartEvent
}
type ChartEvent =
  | { readonly type: 'cancel'; readonly reason: string; readonly by?: string }
  | { readonly type: string; readonly output: Settlement | { branches: BranchOutcomes }; readonly actorId: string }
interface BlockParams {
  readonly block: string
}

/** Whether a block runs: false skips it, an error fails it. */
export function whenVerdict(block: Block, scope: Scope, env: Environment): boolean | ErrorData {
  if (block.when === undefined) return true
  try {
    return evaluateCondition(block.when, { ...scope, env })
  } catch (error) {
    return toErrorData(error)
  }
}

/** The scope inside a group: its own `input` is what its first blocks get as `prev`. */
function scopeInside(block: GroupBlock | Block, scope: Scope, env: Environment): Scope {
  return block.input === undefined ? scope : { ...scope, prev: resolveTemplate(block.input, { ...scope, env }) }
}

/** What the names in a chart mean. All pure: given the same context and event they do the same. */
export function chartImplementations(index: BlockIndex, env: Environment) {
  const entryError = (context: ChartContext, params: BlockParams): ErrorData | undefined => {
    const block = index.block(params.block)
    const verdict = whenVerdict(block, context.scope, env)
    if (typeof verdict === 'object') return verdict
    if (!verdict) return undefined
    try {
      scopeInside(block, context.scope, env)
      return undefined
    } catch (error) {
      return toErrorData(error)
    }
  }
  const joined = (context: ChartContext, group: ParallelBlock): Outcome =>
    context.cancelled !== null
      ? { status: 'cancelled', reason: context.cancelled.reason }
      : joinOutcome(group, context.branches, context.scope.prev)
  const closeGroup = (context: ChartContext, group: ParallelBlock, outcome: Outcome): ChartContext => ({
    ...context,
    last: outcome,
    scope: recordOutcome(context.scope, group.path, { ...outcome, nested: branchStages(group, context.branches) }),
    branches: {},
    ended: {},
  })

  return {
    delays: index.limits,
    guards: {
      actorStops: ({ context, event }: Args) => context.cancelled !== null || stops(outcomeIn(event)),
      groupStops: ({ context }: Args) =>
        context.last.status === 'failed' || context.last.status === 'cancelled' || context.cancelled !== null,
      endedAs: ({ context }: Args, params: { status: Outcome['status'] }) =>
        machineOutcome(context).status === params.status,
      cannotEnter: ({ context }: Args, params: BlockParams) => entryError(context, params) !== undefined,
      isSkipped: ({ context }: Args, params: BlockParams) =>
        whenVerdict(index.block(params.block), context.scope, env) === false,
      hasOutputs: ({ context }: Args, params: BlockParams) => {
        const group = index.group(params.block)
        return (
          context.cancelled === null &&
          maySucceed(group, context.branches) &&
          branchOutputs(group, context.branches).length > 0
        )
      },
      isCancelled: ({ context }: Args) => context.cancelled !== null,
      branchFailed: ({ event }: Args) => failedIn(event) !== undefined,
    },
    actions: {
      /** A step ended: its actor's output is the block's outcome. */
      settleActor: assign(({ context, event }: Args, params: BlockParams) =>
        settle(context, index.block(params.block), outcomeIn(event)),
      ),
      /** A group ended: its outcome is in `last`. */
      settleGroup: assign(({ context }: Args, params: BlockParams) =>
        settle(context, index.block(params.block), context.last),
      ),
      settleBranch: assign(({ context, event }: Args, params: BlockParams) => ({
        branches: { ...context.branches, [params.block]: outcomeIn(event) },
        ended: { ...context.ended, [actorIn(event)]: true as const },
      })),
      settleShard: assign(({ context, event }: Args) => ({
        branches: { ...context.branches, ...branchesIn(event) },
        ended: { ...context.ended, [actorIn(event)]: true as const },
      })),
      refuse: enqueueActions(({ context, enqueue }: EnqueueArgs, params: BlockParams) => {
        const error = { ...requireError(entryError(context, params)), path: params.block }
        enqueue.assign({ last: { status: 'failed' as const, error } })
        enqueue.emit({ type: 'step.failed', ...label(index.block(params.block)), data: { error } })
      }),
      skip: enqueueActions(({ context, enqueue }: EnqueueArgs, params: BlockParams) => {
        const block = index.block(params.block)
        const reason = `its condition is false: ${block.when ?? ''}`
        enqueue.assign({ last: { status: 'skipped' as const, reason, output: context.scope.prev } })
        enqueue.emit({ type: 'step.skipped', ...label(block), data: { reason, output: context.scope.prev } })
      }),
      enter: enqueueActions(({ context, enqueue }: EnqueueArgs, params: BlockParams) => {
        const block = index.block(params.block)
        if (block.input !== undefined) enqueue.assign({ scope: scopeInside(block, context.scope, env) })
        if (block.kind === 'parallel') {
          const branches = block.branches.map((branch) => branch.id)
          enqueue.emit({ type: 'group.started', ...label(block), data: { branches } })
        }
      }),
      join: enqueueActions(({ context, enqueue }: EnqueueArgs, params: BlockParams) => {
        const group = index.group(params.block)
        const outcome = judge(context, group, joined(context, group))
        enqueue.emit({ type: 'group.joined', ...label(group), data: joinedEvent(group, context.branches, outcome) })
        enqueue.assign(closeGroup(context, group, outcome))
      }),
      joinReduced: enqueueActions(({ context, event, enqueue }: EnqueueArgs, params: BlockParams) => {
        const group = index.group(params.block)
        const outcome = judge(context, group, outcomeIn(event))
        enqueue.emit({ type: 'group.joined', ...label(group), data: joinedEvent(group, context.branches, outcome) })
        enqueue.assign(closeGroup(context, group, outcome))
      }),
      markCancelled: assign(({ event }: Args) => {
        if (event.type !== 'cancel' || !('reason' in event)) return {}
        return { cancelled: { reason: event.reason, ...(event.by === undefined ? {} : { by: event.by }) } }
      }),
      forwardCancel: sendTo(
        (_: Args, params: { to: string }) => params.to,
        ({ event }: Args) => event,
      ),
      /** Tells the other actors of the group to stop: one of them failed. */
      cancelActors: enqueueActions(({ context, event, enqueue }: EnqueueArgs, params: { ids: readonly string[] }) => {
        const failed = failedIn(event)
        const reason = `"${failed?.error.path ?? actorIn(event)}" failed`
        for (const id of params.ids) {
          if (context.ended[id] !== true) enqueue.sendTo(id, { type: 'cancel', reason })
        }
      }),
      timeOut: raise((_: Args, params: BlockParams) => ({
        type: 'cancel' as const,
        reason: `"${params.block}" took longer than ${formatDuration(index.block(params.block).timeoutMs ?? 0)}`,
        by: params.block,
      })),
    },
  }
}

interface EnqueueArgs extends Args {
  readonly enqueue: {
    assign: (change: Partial<ChartContext>) => void
    emit: (event: UnnumberedEvent) => void
    sendTo: (id: string, event: { type: 'cancel'; reason: string }) => void
  }
}

/** The reducer's step sees the branches' outputs as `prev`, and how each branch ended. */
export function reducerScope(group: ParallelBlock, context: ChartContext): Scope {
  return {
    ...context.scope,
    prev: branchOutputs(group, context.branches),
    branches: branchResults(group, context.branches),
  }
}

function stops(outcome: Outcome): boolean {
  return outcome.status === 'failed' || outcome.status === 'cancelled'
}

function outcomeIn(event: ChartEvent): Settlement {
  if ('output' in event && 'status' in event.output) return event.output
  throw new Error(`"${event.type}" carries no outcome`)
}

function branchesIn(event: ChartEvent): BranchOutcomes {
  return 'output' in event && 'branches' in event.output ? event.output.branches : {}
}

function actorIn(event: ChartEvent): string {
  return 'actorId' in event ? event.actorId : ''
}

function failedIn(event: ChartEvent): Extract<Outcome, { status: 'failed' }> | undefined {
  if (!('output' in event)) return undefined
  const outcomes = 'branches' in event.output ? Object.values(event.output.branches) : [event.output]
  for (const outcome of outcomes) if (outcome.status === 'failed') return outcome
  return undefined
}

function label(block: Block) {
  return {
    path: block.path,
    ...(block.group === undefined ? {} : { group: block.group }),
    ...(block.branch === undefined ? {} : { branch: block.branch }),
  }
}

function requireError(error: ErrorData | undefined): ErrorData {
  return error ?? { code: 'STEP_FAILED', kind: 'terminal', message: 'The block could not be entered.' }
}
