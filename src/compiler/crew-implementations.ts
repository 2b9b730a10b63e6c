import { enqueueActions } from 'xstate'
import type { Json } from '../json.ts'
import { fillPath, isStep } from '../spec/blocks.ts'
import type { Block, BranchGroup } from '../spec/ir.ts'
import type { Outcome, Scope } from '../spec/outcome.ts'
import type { BlockIndex } from './block-index.ts'
import type { ChartContext, ChartInput, CrewState } from './chart-context.ts'
import { actorIn, type Args, type BlockParams, type EnqueueArgs, failedIn, type Implementations, label, outcomeIn } from './chart-events.ts'
import { branchActor, branchSource } from './crew.ts'
import type { Evaluation } from './environment.ts'
import { mapItems, stepInput } from './evaluation.ts'
import { type Branches, branchOutputs, type BranchPlace, branchPlaces, forgives, joinHolds, maySucceed } from './join.ts'
import { branchMachineName, pathOfActor, stepSource } from './names.ts'
import { outputOf, recordOutcome } from './scope.ts'

const noItems: readonly Json[] = []

/** What is known of the branches of the open group. */
export function openBranches(context: ChartContext, group: BranchGroup): Branches {
  const places = branchPlaces(group, context.scope.at, context.crew?.items ?? noItems)
  return { group, places, outcomes: context.branches }
}

/** What groups mean in a chart whose actors are spawned as they may begin. */
export function crewImplementations(index: BlockIndex, evaluation: Evaluation): Implementations {
  const ended = (context: ChartContext): boolean =>
    context.crew !== null && context.crew.live.length === 0 && context.crew.next >= context.crew.end
  const holds = (branches: Branches, scope: Scope): boolean => {
    try {
      return joinHolds(branches, scope, evaluation)
    } catch {
      // Why it cannot be said is told when the group is joined.
      return false
    }
  }

  return {
    guards: {
      crewEnded: ({ context }: Args) => ended(context),
      crewReduces: ({ context }: Args, params: BlockParams) => {
        const group = index.group(params.block)
        return ended(context) && hasOutputs(context, group, evaluation)
      },
      /** Whether the group is done with the branch that has just ended. */
      joinHolds: ({ context, event }: Args, params: BlockParams) => {
        const branches = openBranches(context, index.group(params.block))
        const outcomes = { ...branches.outcomes, [pathOfActor(actorIn(event))]: outcomeIn(event) }
        return holds({ ...branches, outcomes }, context.scope)
      },
    },
    actions: {
      settleCrew: enqueueActions(({ context, event, enqueue }: EnqueueArgs, params: BlockParams) => {
        const group = index.group(params.block)
        const id = actorIn(event)
        const { crew, scope } = context
        if (crew === null) return
        const live = crew.live.filter((other) => other !== id)
        const path = pathOfActor(id)
        const branches = { ...context.branches, [path]: outcomeIn(event) }
        const closing = crew.closing ?? closingReason(group, { ...context, branches }, event, holds)
        if (closing !== null && crew.closing === null) {
          for (const other of live) enqueue.sendTo(other, { type: 'cancel', reason: closing })
        }
        // Only then: a host of pure steps need not keep the other children once one is stopped.
        enqueue.stopChild(id)
        enqueue.assign({ branches, scope: visible(group, scope, path, outcomeIn(event)), crew: { ...crew, live, closing } })
      }),
      /** Starts every branch that may begin now, and gives up those that never will. */
      startBranches: enqueueActions(({ context, enqueue }: EnqueueArgs, params: CrewParams) => {
        const group = index.group(params.block)
        const plan = planBranches(group, context, params, evaluation)
        for (const { place, outcome } of plan.given) {
          if (group.kind === 'map') continue
          const block = index.block(place.path)
          const { status: _, ...data } = outcome
          enqueue.emit({ type: `step.${outcome.status}`, ...label(block, context.scope), data } as never)
        }
        enqueue.assign({ branches: plan.branches, scope: plan.scope, crew: plan.crew })
        for (const { place, body, scope } of plan.starts) {
          const src = branchSource(body)
          const input = src === stepSource && isStep(body) ? stepInput(index.step(body.path), scope, evaluation) : { scope }
          enqueue.spawnChild(src, { id: crewActor(body, place), input: input satisfies object as ChartInput })
        }
      }),
      cancelCrew: enqueueActions(({ context, event, enqueue }: EnqueueArgs) => {
        const { crew } = context
        if (crew === null || event.type !== 'cancel' || !('reason' in event)) return
        for (const id of crew.live) enqueue.sendTo(id, event as { type: 'cancel'; reason: string })
        enqueue.assign({ crew: { ...crew, closing: event.reason } })
      }),
    },
  }
}

/** Whether the group goes on to the step that reduces its outputs. */
export function hasOutputs(context: ChartContext, group: BranchGroup, evaluation: Evaluation): boolean {
  const branches = openBranches(context, group)
  try {
    return (
      context.cancelled === null && maySucceed(branches, context.scope, evaluation) && branchOutputs(branches).length > 0
    )
  } catch {
    return false
  }
}

/** A shard of a wide group has the places from `from` up to, not including, `to`. */
interface CrewParams extends BlockParams {
  readonly from?: number
  readonly to?: number
}

interface Plan {
  readonly starts: { place: BranchPlace; body: Block; scope: Scope }[]
  /** Branches that end without an actor. */
  readonly given: { place: BranchPlace; outcome: Outcome }[]
  readonly branches: Record<string, Outcome>
  readonly scope: Scope
  readonly crew: CrewState
}

function planBranches(group: BranchGroup, context: ChartContext, slice: CrewParams, evaluation: Evaluation): Plan {
  const before = context.crew ?? openCrew(group, context.scope, slice, evaluation)
  const { places } = openBranches({ ...context, crew: before }, group)
  const closing = before.closing ?? context.cancelled?.reason ?? null
  const begun: Record<string, true> = { ...before.begun }
  let branches = context.branches as Record<string, Outcome>
  const live = [...before.live]
  const plan: Pick<Plan, 'starts' | 'given'> = { starts: [], given: [] }
  let { scope } = context
  let { next, barred } = before
  const give = (place: BranchPlace, outcome: Outcome): void => {
    if (plan.given.push({ place, outcome }) === 1) branches = { ...branches }
    branches[place.path] = outcome
    scope = visible(group, scope, place.path, outcome)
  }
  // What is given up may give up what needs it: once more until nothing changes.
  for (let given = -1; given !== plan.given.length; ) {
    given = plan.given.length
    for (let at = next; at < before.end; at += 1) {
      const place = places[at]
      if (place === undefined || begun[at] === true) continue
      if (closing !== null) give(place, { status: 'cancelled', reason: closing })
      else if (live.length >= (group.concurrency ?? Infinity)) break
      else {
        const ready = readiness(group, at, branches, scope, before.items, context.scope.at, barred)
        if (ready === 'wait') continue
        if ('status' in ready) {
          give(place, ready)
          barred = { ...barred, [place.path]: true }
        } else {
          plan.starts.push({ place, ...ready })
          live.push(crewActor(ready.body, place))
        }
      }
      begun[at] = true
    }
    while (begun[next] === true) delete begun[next++]
  }
  return { ...plan, branches, scope, crew: { items: before.items, begun, live, next, end: before.end, barred, closing } }
}

function openCrew(group: BranchGroup, scope: Scope, slice: CrewParams, evaluation: Evaluation): CrewState {
  const items = group.kind === 'map' ? [...mapItems(group, scope, evaluation)] : noItems
  const count = group.kind === 'map' ? items.length : group.branches.length
  return { items, begun: {}, live: [], next: slice.from ?? 0, end: slice.to ?? count, barred: {}, closing: null }
}

/** Whether a branch may begin: with what, not yet, or never and then how it ends. */
function readiness(
  group: BranchGroup,
  at: number,
  branches: Readonly<Record<string, Outcome>>,
  scope: Scope,
  items: readonly Json[],
  indexes: Scope['at'],
  barred: CrewState['barred'],
): 'wait' | Outcome | { body: Block; scope: Scope } {
  if (group.kind === 'map') {
    const item = items[at] ?? null
    const vars = { ...scope.vars, [group.as]: item, index: at }
    return { body: group.do, scope: { ...scope, prev: item, vars, at: [...(indexes ?? []), at] } }
  }
  const body = group.branches[at]
  if (body === undefined) return 'wait'
  const ended: { need: string; outcome: Outcome }[] = []
  for (const need of body.needs ?? []) {
    const outcome = branches[`${group.path}.${need}`]
    if (outcome === undefined) return 'wait'
    ended.push({ need, outcome })
  }
  for (const { need, outcome } of ended) {
    const broken = brokenAs(group, `${group.path}.${need}`, outcome, barred)
    if (broken !== undefined) return { status: 'skipped', reason: `it needs "${need}", which ${broken}`, output: scope.prev }
  }
  const outputs = ended.map(({ need, outcome }): [string, Json] => [need, builtOn(outcome)])
  const [only] = outputs
  if (only === undefined) return { body, scope }
  return { body, scope: { ...scope, prev: outputs.length === 1 ? only[1] : Object.fromEntries(outputs) } }
}

/** Why nothing can be built on a node that has ended. */
function brokenAs(group: BranchGroup, path: string, outcome: Outcome, barred: CrewState['barred']): string | undefined {
  if (outcome.status === 'cancelled') return 'was cancelled'
  if (outcome.status === 'failed') return forgives(group, path) ? undefined : 'failed'
  return barred[path] === true ? 'could not run' : undefined
}

/** What those that need a node get of it: nothing of one that failed, not even what was found wanting. */
function builtOn(outcome: Outcome): Json {
  return outcome.status === 'failed' ? null : (outputOf(outcome) ?? null)
}

/** The nodes of a graph read what they need; the items of a map and the branches of a group see nothing of each other. */
function visible(group: BranchGroup, scope: Scope, path: string, outcome: Outcome): Scope {
  return group.kind === 'graph' ? { ...recordOutcome(scope, path, outcome), prev: scope.prev } : scope
}

function closingReason(
  group: BranchGroup,
  context: ChartContext,
  event: Args['event'],
  holds: (branches: Branches, scope: Scope) => boolean,
): string | null {
  const branches = openBranches(context, group)
  if (holds(branches, context.scope)) return `"${fillPath(group.path, context.scope.at)}" is done without it`
  const failed = failedIn(event, group)
  if (failed === undefined || group.onBranchFailure !== 'fail_fast') return null
  if (group.join !== undefined && group.join !== 'all') return null
  return `"${failed.error.path ?? actorIn(event)}" failed`
}


/** An item of a map has its index in its actor's name: its siblings have the same body. */
function crewActor(body: Block, place: BranchPlace): string {
  return branchActor(body) === body.path ? place.path : branchMachineName({ ...body, path: place.path })
}
