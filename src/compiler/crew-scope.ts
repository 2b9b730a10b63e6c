import type { Json } from '../json.ts'
import type { Block, BranchGroup, GraphBlock } from '../spec/ir.ts'
import type { Outcome, Scope, StageTree } from '../spec/outcome.ts'
import type { BlockIndex } from './block-index.ts'
import type { CrewState } from './chart-context.ts'
import { linksOf } from './graph-nodes.ts'
import { branchEntry } from './join.ts'
import { valueAt } from './places.ts'
import { outputOf, recordInside, type Settlement } from './scope.ts'

/** With what a branch begins that may; or how a node ends that never will, for what it needs. */
export function readyBranch(
  index: BlockIndex,
  group: BranchGroup,
  scope: Scope,
  crew: CrewState,
  at: number,
): Outcome | { body: Block; scope: Scope } {
  if (group.kind === 'map') {
    const item = crew.items[at] ?? null
    const vars = { ...scope.vars, [group.as]: item, index: at }
    return { body: group.do, scope: { ...scope, prev: item, vars, at: [...(scope.at ?? []), at] } }
  }
  const body = group.branches[crew.from + at]
  if (body === undefined) throw new Error(`"${group.path}" has no branch ${crew.from + at}.`)
  if (group.kind === 'parallel') return { body, scope }
  const outputs: [string, Json][] = []
  for (const place of linksOf(group).needs[at] ?? []) {
    const need = group.branches[place]
    const outcome = valueAt(crew.ended, place)
    if (need === undefined || outcome === undefined) continue
    const broken = brokenAs(need, outcome, crew, place)
    if (broken !== undefined) return { status: 'skipped', reason: `it needs "${need.id}", which ${broken}`, output: scope.prev }
    outputs.push([need.id, builtOn(outcome)])
  }
  const inside = nodeScope(index, group, scope, crew, body)
  const [only] = outputs
  if (only === undefined) return { body, scope: inside }
  return { body, scope: { ...inside, prev: outputs.length === 1 ? only[1] : Object.fromEntries(outputs) } }
}

/** Why nothing can be built on a node that has ended. */
function brokenAs(node: Block, outcome: Settlement, { nodes }: CrewState, place: number): string | undefined {
  if (outcome.status === 'cancelled') return 'was cancelled'
  if (outcome.status === 'failed') return node.onFailure === 'continue' || outcome.forgiven === true ? undefined : 'failed'
  return nodes !== null && valueAt(nodes.barred, place) === true ? 'could not run' : undefined
}

/** What those that need a node get of it: nothing of one that failed, not even what was found wanting. */
function builtOn(outcome: Settlement): Json {
  return outcome.status === 'failed' ? null : (outputOf(outcome) ?? null)
}

/** The nodes of a graph read what they need: of those that have ended, a node sees the ones that it reads. */
function nodeScope(index: BlockIndex, graph: GraphBlock, scope: Scope, crew: CrewState, node: Block): Scope {
  const reads = index.reads(graph, node)
  if (reads === 'all') return scopeOfCrew(graph, scope, crew)
  if (reads.size === 0) return scope
  return withEntries(graph, scope, crew, [...reads].map((id) => linksOf(graph).placeOf(id)))
}

/** What the condition of a group's `join` sees. Nothing else that joins a group looks at its nodes. */
export function joinScope(group: BranchGroup, scope: Scope, crew: CrewState | null): Scope {
  return typeof group.join === 'object' && 'when' in group.join ? scopeOfCrew(group, scope, crew) : scope
}

/** What an expression of the group itself sees: of a graph every node that has ended. */
export function scopeOfCrew(group: BranchGroup, scope: Scope, crew: CrewState | null): Scope {
  if (group.kind !== 'graph' || crew === null) return scope
  return withEntries(group, scope, crew, group.branches.map((_, place) => place))
}

function withEntries(graph: GraphBlock, scope: Scope, crew: CrewState, places: readonly number[]): Scope {
  const entries: [string, StageTree[string]][] = []
  for (const place of places) {
    const node = graph.branches[place]
    const outcome = node && valueAt(crew.ended, place)
    if (outcome !== undefined) entries.push([node?.id ?? '', branchEntry(outcome)])
  }
  return entries.length === 0 ? scope : recordInside(scope, graph.path, Object.fromEntries(entries))
}
