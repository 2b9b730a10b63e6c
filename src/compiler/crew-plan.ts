import type { Json } from '../json.ts'
import type { Block, BranchGroup } from '../spec/ir.ts'
import type { Outcome, Scope } from '../spec/outcome.ts'
import type { BlockIndex } from './block-index.ts'
import type { ChartContext, CrewState } from './chart-context.ts'
import type { BlockParams } from './chart-events.ts'
import { readyBranch } from './crew-scope.ts'
import type { Evaluation } from './environment.ts'
import { mapItems } from './evaluation.ts'
import { linksOf, nodeBegun, nodeEnded, openNodes } from './graph-nodes.ts'
import { type BranchPlace, branchPlaces } from './join.ts'
import { firstFrom, noPlaces, valueAt, withValue } from './places.ts'
import type { Settlement } from './scope.ts'

/** A shard of a wide group has the places from `from` up to, not including, `to`. */
export interface CrewParams extends BlockParams {
  readonly from?: number
  readonly to?: number
}

export interface Plan {
  readonly starts: { readonly place: BranchPlace; readonly body: Block; readonly scope: Scope }[]
  /** Branches that end without an actor. */
  readonly given: { readonly place: BranchPlace; readonly outcome: Outcome }[]
  readonly crew: CrewState
}

const noItems: readonly Json[] = []

/** Whether all of a crew's branches have ended. */
export function hasEnded(crew: CrewState | null): boolean {
  return crew !== null && crew.running === 0 && crew.begun === crew.size
}

/** The places of the branches of an open group: of those of a map once its items are known. */
export function openPlaces(group: BranchGroup, scope: Scope, crew: CrewState | null): readonly BranchPlace[] {
  return branchPlaces(group, scope.at, crew?.items ?? noItems)
}

/** The crew after the actor of the branch at this place has ended so. */
export function afterEnd(group: BranchGroup, crew: CrewState, place: number, outcome: Settlement): CrewState {
  return withOutcome(group, crew, place, outcome, withValue(crew.live, place, null), crew.running - 1)
}

/**
 * Which branches begin now, and which are given up: one that never will begin, or all that are left of a closing group.
 * `isAhead` lets one more begin than the group allows at once.
 */
export function planBranches(
  index: BlockIndex,
  group: BranchGroup,
  context: ChartContext,
  slice: CrewParams,
  evaluation: Evaluation,
  { isAhead = false }: { readonly isAhead?: boolean } = {},
): Plan {
  let crew = context.crew ?? openCrew(group, context.scope, slice, evaluation)
  const plan: Pick<Plan, 'starts' | 'given'> = { starts: [], given: [] }
  const closing = crew.closing ?? context.cancelled?.reason ?? null
  if (closing !== crew.closing) crew = { ...crew, closing }
  if (crew.begun === crew.size) return { ...plan, crew }
  const places = openPlaces(group, context.scope, crew)
  const begin = (at: number, place: BranchPlace, found: Outcome | { body: Block; scope: Scope }): void => {
    if ('status' in found) {
      crew = withOutcome(group, begun(crew, at, closing === null), at, found)
      plan.given.push({ place, outcome: found })
    } else {
      crew = begun(crew, at, false, withValue(crew.live, at, crew.begun), crew.running + 1)
      plan.starts.push({ place, ...found })
    }
  }
  const cap = isAhead ? crew.running + 1 : (group.concurrency ?? Infinity)
  const most = closing === null ? cap : Infinity
  // Once more from the first one as long as there are any: what is given up may give up what needs it.
  for (let at = nextPlace(crew, 0, closing); at !== undefined && crew.running < most; ) {
    const place = places[crew.from + at]
    if (place === undefined) break
    begin(at, place, closing === null ? readyBranch(index, group, context.scope, crew, at) : { status: 'cancelled', reason: closing })
    at = nextPlace(crew, at + 1, closing) ?? nextPlace(crew, 0, closing)
  }
  return { ...plan, crew }
}

function openCrew(group: BranchGroup, scope: Scope, slice: CrewParams, evaluation: Evaluation): CrewState {
  const items = group.kind === 'map' ? [...mapItems(group, scope, evaluation)] : noItems
  const count = group.kind === 'map' ? items.length : group.branches.length
  const from = slice.from ?? 0
  const size = (slice.to ?? count) - from
  const nodes = group.kind === 'graph' ? openNodes(linksOf(group)) : null
  return {
    ...{ items, from, size, begun: 0, running: 0, completed: 0, nodes, closing: null },
    live: noPlaces(size),
    ended: noPlaces(size),
  }
}

/** The next place that may begin, or when all are given up that has not begun. */
function nextPlace(crew: CrewState, from: number, closing: string | null): number | undefined {
  const { nodes, begun, size, ended, live } = crew
  if (nodes === null) return begun < size ? begun : undefined
  if (closing === null) return firstFrom(nodes.ready, from)
  for (let at = from; at < size; at += 1) {
    if (valueAt(ended, at) === undefined && valueAt(live, at) === undefined) return at
  }
  return undefined
}

/** `live` and `running` change with it when an actor starts: all of it is one copy of the crew. */
function begun(crew: CrewState, at: number, isBarred: boolean, live = crew.live, running = crew.running): CrewState {
  const nodes = crew.nodes === null ? null : nodeBegun(crew.nodes, at, isBarred)
  return { ...crew, live, running, nodes, begun: crew.begun + 1 }
}

/** The same when an actor has ended. */
function withOutcome(
  group: BranchGroup, crew: CrewState, at: number, outcome: Settlement, live = crew.live, running = crew.running,
): CrewState {
  const nodes = crew.nodes === null || group.kind !== 'graph' ? null : nodeEnded(crew.nodes, linksOf(group), at)
  const completed = crew.completed + (outcome.status === 'completed' ? 1 : 0)
  return { ...crew, live, running, nodes, completed, ended: withValue(crew.ended, at, outcome) }
}
