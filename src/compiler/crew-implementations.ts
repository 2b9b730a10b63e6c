import { enqueueActions } from 'xstate'
import { fillPath, isStep } from '../spec/blocks.ts'
import type { Block, BranchGroup } from '../spec/ir.ts'
import type { BlockIndex } from './block-index.ts'
import type { ChartContext, ChartInput, CrewState } from './chart-context.ts'
import { actorIn, type Args, type BlockParams, type EnqueueArgs, failedIn, flatSlice, type Implementations, label, outcomeIn } from './chart-events.ts'
import { branchActor, branchSource } from './crew.ts'
import { afterEnd, type CrewParams, hasEnded, openPlaces, planBranches } from './crew-plan.ts'
import { joinScope } from './crew-scope.ts'
import type { Evaluation } from './environment.ts'
import { stepInput } from './evaluation.ts'
import { type Branches, branchOutputs, type BranchPlace, joinHolds, maySucceed, placeAt, type Progress, type Slice } from './join.ts'
import { branchMachineName, pathOfActor, stepSource } from './names.ts'
import { entriesOf, valueAt } from './places.ts'

/** What is known of the branches of the open group. Looks at every one of them. */
export function openBranches(context: ChartContext, group: BranchGroup): Branches {
  const { branches, crew, slices, scope } = context
  const places = openPlaces(group, scope, crew)
  if (crew !== null) return { group, places, ended: endedOf(crew) }
  const ended = slices.length > 0 ? [...flatSlice(slices)] : places.map(({ path }) => branches[path])
  return { group, places, ended }
}

/** How the branches of a shard ended. */
export function sliceOf({ crew, slices }: ChartContext): Slice {
  return crew === null ? slices : endedOf(crew)
}

/** What groups mean in a chart whose actors are spawned as they may begin. */
export function crewImplementations(index: BlockIndex, evaluation: Evaluation): Implementations {
  const holds = (group: BranchGroup, progress: Progress): boolean => {
    try {
      return joinHolds(group, progress, evaluation)
    } catch {
      // Why it cannot be said is told when the group is joined.
      return false
    }
  }
  /** Why a group needs no more of its branches, now that one has ended. */
  const closingReason = (group: BranchGroup, { scope }: ChartContext, crew: CrewState, event: Args['event']): string | null => {
    const outputs = () => branchOutputs({ ended: endedOf(crew) })
    const progress = { completed: crew.completed, outputs, scope: () => joinScope(group, scope, crew) }
    if (holds(group, progress)) return `"${fillPath(group.path, scope.at)}" is done without it`
    if (group.onBranchFailure !== 'fail_fast' || (group.join !== undefined && group.join !== 'all')) return null
    const failed = failedIn(event, openPlaces(group, scope, crew), crew.from)
    return failed === undefined ? null : `"${failed.error.path ?? actorIn(event)}" failed`
  }

  return {
    guards: {
      crewEnded: ({ context }: Args) => hasEnded(context.crew),
      crewReduces: ({ context }: Args, params: BlockParams) =>
        hasEnded(context.crew) && hasOutputs(context, index.group(params.block), evaluation),
      /** Whether the group is done with the branch that has just ended. */
      joinHolds: ({ context, event }: Args, params: BlockParams) => {
        const group = index.group(params.block)
        const branches = { ...context.branches, [pathOfActor(actorIn(event))]: outcomeIn(event) }
        const outputs = branchOutputs(openBranches({ ...context, branches }, group))
        return holds(group, { completed: outputs.length, outputs: () => outputs, scope: () => context.scope })
      },
    },
    actions: {
      settleCrew: enqueueActions(({ context, event, enqueue }: EnqueueArgs, params: BlockParams) => {
        const group = index.group(params.block)
        const id = actorIn(event)
        if (context.crew === null) return
        const places = openPlaces(group, context.scope, context.crew)
        const ended = afterEnd(group, context.crew, placeAt(places, pathOfActor(id)) - context.crew.from, outcomeIn(event))
        const closing = ended.closing ?? closingReason(group, context, ended, event)
        if (closing !== ended.closing) {
          for (const other of liveActors(group, places, ended)) enqueue.sendTo(other, { type: 'cancel', reason: closing ?? '' })
        }
        // Only then: a host of pure steps need not keep the other children once one is stopped.
        enqueue.stopChild(id)
        enqueue.assign({ crew: closing === ended.closing ? ended : { ...ended, closing } })
      }),
      /** Starts every branch that may begin now, and gives up those that never will. */
      startBranches: enqueueActions(({ context, event, enqueue }: EnqueueArgs, params: CrewParams) => {
        const group = index.group(params.block)
        const isAhead = 'path' in event
        if (isAhead && !isToBegin(group, context, event.path)) return
        const plan = planBranches(index, group, context, params, evaluation, { isAhead })
        if (plan.crew === context.crew) return
        for (const { place, outcome } of plan.given) {
          if (group.kind === 'map') continue
          const block = index.block(place.path)
          const { status: _, ...data } = outcome
          enqueue.emit({ type: `step.${outcome.status}`, ...label(block, context.scope), data } as never)
        }
        enqueue.assign({ crew: plan.crew })
        for (const { place, body, scope } of plan.starts) {
          const src = branchSource(body)
          const input = src === stepSource && isStep(body) ? stepInput(index.step(body.path), scope, evaluation) : { scope }
          enqueue.spawnChild(src, { id: crewActor(body, place), input: input satisfies object as ChartInput })
        }
      }),
      cancelCrew: enqueueActions(({ context, event, enqueue }: EnqueueArgs, params: BlockParams) => {
        const { crew, scope } = context
        if (crew === null || event.type !== 'cancel' || !('reason' in event)) return
        const group = index.group(params.block)
        for (const id of liveActors(group, openPlaces(group, scope, crew), crew)) {
          enqueue.sendTo(id, event as { type: 'cancel'; reason: string })
        }
        enqueue.assign({ crew: { ...crew, closing: event.reason } })
      }),
    },
  }
}

/** Whether the branch that the path is at or in is still to begin. */
function isToBegin(group: BranchGroup, { crew, scope }: ChartContext, path: string): boolean {
  if (crew === null || crew.closing !== null) return false
  const places = openPlaces(group, scope, crew)
  const keys = path.split('.')
  const prefixes = keys.map((_, index) => keys.slice(0, index + 1).join('.'))
  const found =
    group.kind === 'map'
      ? prefixes.map((prefix) => placeAt(places, prefix)).find((at) => at >= 0)
      : places.findIndex((place) => prefixes.includes(fillPath(place.path, scope.at)))
  const at = (found ?? -1) - crew.from
  return at >= 0 && at < crew.size && valueAt(crew.live, at) === undefined && valueAt(crew.ended, at) === undefined
}

/** Whether the group goes on to the step that reduces its outputs. */
export function hasOutputs(context: ChartContext, group: BranchGroup, evaluation: Evaluation): boolean {
  const branches = openBranches(context, group)
  const scope = joinScope(group, context.scope, context.crew)
  try {
    return context.cancelled === null && maySucceed(branches, scope, evaluation) && branchOutputs(branches).length > 0
  } catch {
    return false
  }
}

function endedOf({ ended, size }: CrewState): Branches['ended'] & Slice {
  return Array.from({ length: size }, (_, place) => valueAt(ended, place) ?? null)
}

/** The actors that run now, in the order in which they were started. */
function liveActors(group: BranchGroup, places: readonly BranchPlace[], { live, from }: CrewState): string[] {
  const inOrder = [...entriesOf(live)].sort(([, one], [, other]) => one - other)
  return inOrder.flatMap(([at]) => {
    const place = places[from + at]
    const body = group.kind === 'map' ? group.do : group.branches[from + at]
    return place === undefined || body === undefined ? [] : [crewActor(body, place)]
  })
}

/** An item of a map has its index in its actor's name: its siblings have the same body. */
function crewActor(body: Block, place: BranchPlace): string {
  return branchActor(body) === body.path ? place.path : branchMachineName({ ...body, path: place.path })
}
