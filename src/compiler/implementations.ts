import { assign, enqueueActions, raise, sendTo } from 'xstate'
import type { ErrorData } from '../errors.ts'
import { formatDuration } from '../duration.ts'
import { fillPath, isBranchGroup } from '../spec/blocks.ts'
import type { Block, BranchGroup } from '../spec/ir.ts'
import type { Outcome, Scope } from '../spec/outcome.ts'
import type { BlockIndex } from './block-index.ts'
import { type ChartContext, judge, machineOutcome, scopeAfter, settle } from './chart-context.ts'
import {
  actorIn,
  type Args,
  type BlockParams,
  type EnqueueArgs,
  failedIn,
  type Implementations,
  label,
  outcomeIn,
  sliceIn,
} from './chart-events.ts'
import { crewImplementations, hasOutputs, openBranches } from './crew-implementations.ts'
import { openPlaces } from './crew-plan.ts'
import { joinScope, scopeOfCrew } from './crew-scope.ts'
import type { Evaluation } from './environment.ts'
import { entryError, mapItems, scopeInside, whenVerdict } from './evaluation.ts'
import { type Branches, branchOutputs, branchResults, branchStages, joinedEvent, joinOutcome, sumUsage } from './join.ts'
import { enterRounds, roundImplementations } from './round-implementations.ts'
import { recordGroup } from './scope.ts'

/** What the names in a chart mean. All pure: given the same context and event they do the same. */
export function chartImplementations(index: BlockIndex, evaluation: Evaluation): Implementations & { readonly delays: Readonly<Record<string, number>> } {
  const rounds = roundImplementations(index, evaluation)
  const crew = crewImplementations(index, evaluation)
  const joined = (context: ChartContext, branches: Branches): Outcome =>
    context.cancelled !== null
      ? { status: 'cancelled', reason: context.cancelled.reason, ...sumUsage(branches.ended) }
      : joinOutcome(branches, joinScope(branches.group, context.scope, context.crew), evaluation)
  const close = ({ context, enqueue }: EnqueueArgs, branches: Branches, ending: Outcome): void => {
    const { group } = branches
    const { nested: _, ...outcome } = { nested: undefined, ...judge(context, group, ending) }
    enqueue.emit({ type: 'group.joined', ...label(group, context.scope), data: joinedEvent(branches, outcome) })
    const scope = recordGroup(context.scope, group.path, outcome, branchStages(branches))
    enqueue.assign({ ...context, last: outcome, scope, branches: {}, slices: [], ended: {}, crew: null })
  }
  const failedBranch = ({ context, event }: Args, { block, from }: SettledParams) =>
    failedIn(event, openPlaces(index.group(block), context.scope, null), from)

  return {
    delays: index.limits,
    guards: {
      ...rounds.guards,
      ...crew.guards,
      actorStops: ({ context, event }: Args) => context.cancelled !== null || stops(outcomeIn(event)),
      groupStops: ({ context }: Args) =>
        context.last.status === 'failed' || context.last.status === 'cancelled' || context.cancelled !== null,
      endedAs: ({ context }: Args, params: { status: Outcome['status'] }) =>
        machineOutcome(context).status === params.status,
      actorCompleted: ({ context, event }: Args) =>
        context.cancelled === null && outcomeIn(event).status === 'completed',
      /** Before it is settled: by its last block it may have completed, but not by its own output schema. */
      groupCompleted: ({ context }: Args, params: BlockParams) =>
        context.cancelled === null && judge(context, index.block(params.block), context.last).status === 'completed',
      cannotEnter: ({ context }: Args, params: BlockParams) =>
        entryError(index.block(params.block), context.scope, evaluation) !== undefined,
      isSkipped: ({ context }: Args, params: BlockParams) =>
        whenVerdict(index.block(params.block), context.scope, evaluation) === false,
      hasOutputs: ({ context }: Args, params: BlockParams) => hasOutputs(context, index.group(params.block), evaluation),
      isCancelled: ({ context }: Args) => context.cancelled !== null,
      branchFailed: (args: Args, params: SettledParams) => failedBranch(args, params) !== undefined,
    },
    actions: {
      ...rounds.actions,
      ...crew.actions,
      /** A step ended: its actor's output is the block's outcome. */
      settleActor: assign(({ context, event }: Args, params: SettleParams) =>
        settle(context, index.block(params.block), outcomeIn(event), index.around(params.block), params.later),
      ),
      /** A group ended: its outcome is in `last`. One that fails by that alone says so, as nothing in it did. */
      settleGroup: enqueueActions(({ context, enqueue }: EnqueueArgs, params: SettleParams) => {
        const block = index.block(params.block)
        const { last } = context
        const ended = judge(context, block, last)
        if (ended.status === 'failed' && !isBranchGroup(block) && !(last.status === 'failed' && last.error === ended.error)) {
          enqueue.emit({ type: 'step.failed', ...label(block, scopeAfter(context, block)), data: { error: ended.error } })
        }
        enqueue.assign(settle(context, block, last, index.around(params.block), params.later))
      }),
      settleBranch: assign(({ context, event }: Args, params: BlockParams) => ({
        branches: { ...context.branches, [params.block]: outcomeIn(event) },
        ended: { ...context.ended, [actorIn(event)]: true as const },
      })),
      settleShard: assign(({ context, event }: Args, { at }: { at: number }) => ({
        slices: Array.from({ length: Math.max(context.slices.length, at + 1) }, (_, shard) =>
          shard === at ? sliceIn(event) : (context.slices[shard] ?? null),
        ),
        ended: { ...context.ended, [actorIn(event)]: true as const },
      })),
      refuse: enqueueActions(({ context, enqueue }: EnqueueArgs, params: BlockParams) => {
        const block = index.block(params.block)
        const path = fillPath(block.path, context.scope.at)
        const error = { ...requireError(entryError(block, context.scope, evaluation)), path }
        enqueue.assign({ last: { status: 'failed' as const, error } })
        enqueue.emit({ type: 'step.failed', ...label(block, context.scope), data: { error } })
      }),
      skip: enqueueActions(({ context, enqueue }: EnqueueArgs, params: BlockParams) => {
        const block = index.block(params.block)
        const reason = `its condition is false: ${block.when ?? ''}`
        enqueue.assign({ last: { status: 'skipped' as const, reason, output: context.scope.prev } })
        enqueue.emit({ type: 'step.skipped', ...label(block, context.scope), data: { reason, output: context.scope.prev } })
      }),
      enter: enqueueActions(({ context, enqueue }: EnqueueArgs, params: BlockParams) => {
        const block = index.block(params.block)
        const scope = scopeInside(block, context.scope, evaluation)
        if (scope !== context.scope) enqueue.assign({ scope })
        if (isBranchGroup(block)) {
          const branches = branchIds(block, scope, evaluation)
          enqueue.emit({ type: 'group.started', ...label(block, scope), data: { branches } })
        } else if (remembersEntry(block)) enqueue.assign(enterRounds({ ...context, scope }, block))
      }),
      join: enqueueActions((args: EnqueueArgs, params: BlockParams) => {
        const branches = openBranches(args.context, index.group(params.block))
        close(args, branches, joined(args.context, branches))
      }),
      joinReduced: enqueueActions((args: EnqueueArgs, params: BlockParams) => {
        const outcome = outcomeIn(args.event)
        const branches = openBranches(args.context, index.group(params.block))
        const used = sumUsage([...branches.ended, outcome])
        const ended = { ...outcome, ...used }
        close(args, branches, ended)
      }),
      markCancelled: assign(({ event }: Args) => {
        if (event.type !== 'cancel' || !('reason' in event)) return {}
        return { cancelled: { reason: event.reason, ...(event.by === undefined ? {} : { by: event.by }) } }
      }),
      forwardCancel: sendTo(
        (_: Args, params: { to: string }) => params.to,
        ({ event }: Args) => event,
      ),
      /** Tells the other actors of the group to stop: one of them failed, or the group is done. */
      cancelActors: enqueueActions(({ context, event, enqueue }: EnqueueArgs, params: CancelParams) => {
        const failed = failedBranch({ context, event }, params)
        const group = fillPath(params.block, context.scope.at)
        const reason = failed === undefined ? `"${group}" is done without it` : `"${failed.error.path ?? actorIn(event)}" failed`
        for (const id of params.ids) {
          if (context.ended[id] !== true) enqueue.sendTo(id, { type: 'cancel', reason })
        }
      }),
      timeOut: raise(({ context }: Args, params: BlockParams) => {
        const by = fillPath(params.block, context.scope.at)
        const limit = formatDuration(index.block(params.block).timeoutMs ?? 0)
        return { type: 'cancel' as const, reason: `"${by}" took longer than ${limit}`, by }
      }),
    },
  }
}

interface SettleParams extends BlockParams {
  readonly later?: string
}

/** One actor of a parallel node, with the branches from this place on. */
interface SettledParams extends BlockParams {
  readonly from: number
}

interface CancelParams extends SettledParams {
  readonly ids: readonly string[]
}

/** The reducer's step sees the branches' outputs as `prev`, and how each branch ended. */
export function reducerScope(group: BranchGroup, context: ChartContext): Scope {
  const branches = openBranches(context, group)
  const scope = scopeOfCrew(group, context.scope, context.crew)
  return { ...scope, prev: branchOutputs(branches), branches: branchResults(branches) }
}

function branchIds(group: BranchGroup, scope: Scope, evaluation: Evaluation): string[] {
  return group.kind === 'map'
    ? mapItems(group, scope, evaluation).map((_, place) => String(place))
    : group.branches.map((branch) => branch.id)
}

/** Whether what was in scope at its start is needed again: to restore it, or to go back to it. */
function remembersEntry(block: Block): boolean {
  if (block.kind === 'sequence') {
    return block.blocks.some(({ onFailure }) => typeof onFailure === 'object' && ('goto' in onFailure || 'ask' in onFailure))
  }
  return block.kind === 'loop' || block.kind === 'review'
}

function stops(outcome: Outcome): boolean {
  return outcome.status === 'failed' || outcome.status === 'cancelled'
}

function requireError(error: ErrorData | undefined): ErrorData {
  return error ?? { code: 'STEP_FAILED', kind: 'terminal', message: 'The block could not be entered.' }
}
