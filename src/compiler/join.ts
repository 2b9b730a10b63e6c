import type { ErrorData } from '../errors.ts'
import type { EventData } from '../events.ts'
import type { Json } from '../json.ts'
import { fillPath } from '../spec/blocks.ts'
import { evaluateCondition } from '../spec/expression.ts'
import type { BranchGroup } from '../spec/ir.ts'
import type { BranchResult, Outcome, Scope, StageTree, UsageTotal } from '../spec/outcome.ts'
import { addUsage } from '../usage.ts'
import type { Evaluation } from './environment.ts'
import { evaluationError } from './evaluation.ts'
import { reduceOutputs } from './reducers.ts'
import { outputOf, type Settlement, stageEntry } from './scope.ts'

/** How the branches of a shard ended, in branch order, as its own shards tell it; null for what never ran. */
export type Slice = readonly (Settlement | Slice | null)[]

/** The branches of a group in order: their ids, their paths and whether a failure of one is forgiven. */
export interface BranchPlace {
  readonly id: string
  readonly path: string
  readonly isForgiven: boolean
}

const placesOfGroup = new WeakMap<BranchGroup, readonly BranchPlace[]>()
const placesOfItems = new WeakMap<readonly Json[], readonly BranchPlace[]>()

/**
 * `indexes` are those of the items of the maps around; `items` are those of a map. Made once for a group and once for a
 * list of items: it is asked for at every end of a branch.
 */
export function branchPlaces(
  group: BranchGroup,
  indexes: readonly number[] | undefined,
  items: readonly Json[],
): readonly BranchPlace[] {
  if (group.kind === 'map') {
    return remembered(placesOfItems, items, () => {
      const isForgiven = group.do.onFailure === 'continue'
      return items.map((_, index) => ({
        id: String(index),
        path: fillPath(group.do.path, [...(indexes ?? []), index]),
        isForgiven,
      }))
    })
  }
  return remembered(placesOfGroup, group, () =>
    group.branches.map(({ id, path, onFailure }) => ({ id, path, isForgiven: onFailure === 'continue' })),
  )
}

function remembered<K extends object, V>(known: WeakMap<K, V>, key: K, make: () => V): V {
  let value = known.get(key)
  if (value === undefined) {
    value = make()
    known.set(key, value)
  }
  return value
}

/** Whether the group takes a branch that ended so for one that did not fail. */
export function isPardoned(place: BranchPlace | undefined, outcome: Outcome): boolean {
  return outcome.status === 'failed' && (outcome.forgiven === true || place?.isForgiven === true)
}

const placesByPath = new WeakMap<readonly BranchPlace[], ReadonlyMap<string, number>>()

/** Where the branch with this path stands among them; -1 when it does not. */
export function placeAt(places: readonly BranchPlace[], path: string): number {
  const byPath = remembered(placesByPath, places, () => new Map(places.map((place, index) => [place.path, index])))
  return byPath.get(path) ?? -1
}

/** How the branches of one group ended. */
export interface Branches {
  readonly group: BranchGroup
  readonly places: readonly BranchPlace[]
  /** In their order; nothing for one that never ran. */
  readonly ended: readonly (Settlement | null | undefined)[]
}

/** Outputs of the branches that completed, in branch order. */
export function branchOutputs({ ended }: Pick<Branches, 'ended'>): Json[] {
  const outputs: Json[] = []
  for (const outcome of ended) if (outcome?.status === 'completed') outputs.push(outcome.output)
  return outputs
}

/** Of the branches that have ended so far: how many completed, and their outputs, made only when they are looked at. */
export interface Progress {
  readonly completed: number
  readonly outputs: () => readonly Json[]
  /** What the condition of a `join` sees besides. */
  readonly scope: () => Scope
}

/** Whether a group that need not wait for all of its branches is done. Never for `all`. */
export function joinHolds({ join }: BranchGroup, progress: Progress, evaluation: Evaluation): boolean {
  if (join === undefined || join === 'all') return false
  if (join === 'any') return progress.completed > 0
  if ('quorum' in join) return progress.completed >= join.quorum
  return evaluateCondition(join.when, { ...progress.scope(), env: evaluation.env, outputs: progress.outputs() })
}

/** Whether the group's failure rule, or its early end, lets it go on to its reducer. Throws when its condition does. */
export function maySucceed(branches: Branches, scope: Scope, evaluation: Evaluation): boolean {
  const { group, places } = branches
  if (group.join !== undefined && group.join !== 'all') {
    const outputs = branchOutputs(branches)
    return joinHolds(group, { completed: outputs.length, outputs: () => outputs, scope: () => scope }, evaluation)
  }
  // Also when somebody cancelled a branch.
  if (group.onBranchFailure === 'continue') return true
  const all = inOrder(branches)
  if (all.some((outcome) => outcome.status === 'cancelled')) return false
  return !all.some((outcome, index) => outcome.status === 'failed' && !isPardoned(places[index], outcome))
}

/**
 * The outcome of a group whose branches have all ended. Failed when a branch failed, unless the group continues: one
 * error that names every branch that failed and was not forgiven. Skipped, passing its input on, when every branch was.
 */
export function joinOutcome(branches: Branches, scope: Scope, evaluation: Evaluation): Outcome {
  const { group } = branches
  const path = fillPath(group.path, scope.at)
  const all = inOrder(branches)
  const usage = sumUsage(all)
  try {
    if (all.length > 0 && all.every((outcome) => outcome.status === 'skipped')) {
      return { status: 'skipped', reason: 'every branch was skipped', output: scope.prev, ...usage }
    }
    if (!maySucceed(branches, scope, evaluation)) {
      const cancelled = all.find((outcome) => outcome.status === 'cancelled')
      const error = aggregateError(branches, path)
      if (error !== undefined) return { status: 'failed', error, ...usage }
      if (cancelled !== undefined) return { status: 'cancelled', reason: cancelled.reason, ...usage }
      const message = `"${path}" is not done as its \`join\` asks, and all of its branches have ended: ${endingsText(branches)}.`
      return { status: 'failed', error: { code: 'JOIN_NOT_REACHED', kind: 'terminal', message, path }, ...usage }
    }
    // The items of a map are a list, however many there are.
    const usual = group.kind === 'map' ? 'list' : 'auto'
    const reducer = typeof group.reduce === 'string' && group.reduce !== 'auto' ? group.reduce : usual
    return { status: 'completed', output: reduceOutputs(reducer, branchOutputs(branches)), ...usage }
  } catch (error) {
    return { status: 'failed', error: { ...evaluationError(error, evaluation), path }, ...usage }
  }
}

/** How every branch ended, for a reducer function. */
export function branchResults(branches: Branches): BranchResult[] {
  return inOrder(branches).map((outcome, index) => ({
    id: branches.places[index]?.id ?? '',
    status: outcome.status,
    output: outputOf(outcome) ?? null,
    error: outcome.status === 'failed' ? outcome.error : null,
    reason: 'reason' in outcome ? outcome.reason : null,
  }))
}

/** What expressions see below the group's own entry; nothing of the items of a map. */
export function branchStages(branches: Branches): StageTree {
  const tree: Record<string, StageTree[string]> = {}
  if (branches.group.kind === 'map') return tree
  inOrder(branches).forEach((settlement, index) => {
    const id = branches.places[index]?.id
    if (id !== undefined) tree[id] = branchEntry(settlement)
  })
  return tree
}

/** What expressions see of one branch. */
export function branchEntry(settlement: Settlement): StageTree[string] {
  const entry = stageEntry(settlement)
  return settlement.nested === undefined ? entry : { ...settlement.nested, ...entry }
}

export function joinedEvent(branches: Branches, outcome: Outcome): EventData<'group.joined'> {
  const counts = { completed: 0, failed: 0, skipped: 0, cancelled: 0 }
  for (const { status } of inOrder(branches)) counts[status] += 1
  return { status: outcome.status, ...counts, ...(outcome.status === 'failed' ? { error: outcome.error } : {}) }
}

function inOrder({ places, ended }: Branches): Settlement[] {
  return places.map((_, index) => ended[index] ?? { status: 'cancelled', reason: 'it never ran' })
}

function aggregateError(branches: Branches, path: string): ErrorData | undefined {
  const { places } = branches
  const errors: ErrorData[] = []
  const named: string[] = []
  inOrder(branches).forEach((outcome, index) => {
    if (outcome.status !== 'failed' || isPardoned(places[index], outcome)) return
    errors.push(outcome.error)
    named.push(`${places[index]?.id ?? ''} (${outcome.error.message})`)
  })
  if (errors.length === 0) return undefined
  return {
    code: 'BRANCHES_FAILED',
    kind: 'terminal',
    message: `${errors.length} of ${places.length} branches of "${path}" failed: ${named.join('; ')}`,
    path,
    errors,
  }
}

/** Of more branches than this, and of longer values, a message tells only the beginning. */
const toldBranches = 8
const toldLength = 60

/** `a gave "yes"; b was skipped`: what each branch came to. */
function endingsText(branches: Branches): string {
  const all = inOrder(branches)
  const told = all.slice(0, toldBranches).map((outcome, index) => `${branches.places[index]?.id ?? ''} ${endingText(outcome)}`)
  return [...told, ...(all.length > toldBranches ? [`and ${all.length - toldBranches} more`] : [])].join('; ')
}

function endingText(outcome: Settlement): string {
  if (outcome.status === 'failed') return `failed (${outcome.error.message})`
  if (outcome.status !== 'completed') return `was ${outcome.status}`
  const text = JSON.stringify(outcome.output)
  return `gave ${text.length > toldLength ? `${text.slice(0, toldLength)}…` : text}`
}

/** Empty when no branch reported usage; the cost is unknown as soon as one branch's is. */
export function sumUsage(outcomes: readonly (Outcome | null | undefined)[]): { usage?: UsageTotal } {
  let total: UsageTotal | undefined
  for (const outcome of outcomes) {
    const usage = outcome != null && 'usage' in outcome ? outcome.usage : undefined
    total = addUsage(total, usage)
  }
  return total === undefined ? {} : { usage: total }
}
