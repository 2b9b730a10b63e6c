import type { ErrorData } from '../errors.ts'
import type { EventData } from '../events.ts'
import type { Json } from '../json.ts'
import { fillPath } from '../spec/blocks.ts'
import { evaluateCondition } from '../spec/expression.ts'
import type { BranchGroup } from '../spec/ir.ts'
import type { BranchResult, Outcome, Scope, StageTree, UsageTotal } from '../spec/outcome.ts'
import type { Evaluation } from './environment.ts'
import { evaluationError } from './evaluation.ts'
import { reduceOutputs } from './reducers.ts'
import { outputOf, type Settlement, stageEntry } from './scope.ts'

/** How the branches ended, by their paths. */
export type BranchOutcomes = Readonly<Record<string, Settlement>>

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

/** Whether the group goes on when the branch at this path fails, as the branch itself says. */
export function forgives(group: BranchGroup, path: string): boolean {
  const branch = group.kind === 'map' ? group.do : group.branches.find((each) => each.path === path)
  return branch?.onFailure === 'continue'
}

/** How the branches of one group ended. */
export interface Branches {
  readonly group: BranchGroup
  readonly places: readonly BranchPlace[]
  readonly outcomes: BranchOutcomes
}

/** Outputs of the branches that completed, in branch order. */
export function branchOutputs(branches: Branches): Json[] {
  const outputs: Json[] = []
  for (const outcome of inOrder(branches)) if (outcome.status === 'completed') outputs.push(outcome.output)
  return outputs
}

/** Whether a group that need not wait for all of its branches is done. Never for `all`. */
export function joinHolds(branches: Branches, scope: Scope, evaluation: Evaluation): boolean {
  const { join } = branches.group
  if (join === undefined || join === 'all') return false
  const outputs = branchOutputs(branches)
  if (join === 'any') return outputs.length > 0
  if ('quorum' in join) return outputs.length >= join.quorum
  return evaluateCondition(join.when, { ...scope, env: evaluation.env, outputs })
}

/** Whether the group's failure rule, or its early end, lets it go on to its reducer. Throws when its condition does. */
export function maySucceed(branches: Branches, scope: Scope, evaluation: Evaluation): boolean {
  const { group, places } = branches
  if (group.join !== undefined && group.join !== 'all') return joinHolds(branches, scope, evaluation)
  const all = inOrder(branches)
  if (all.some((outcome) => outcome.status === 'cancelled')) return false
  if (group.onBranchFailure === 'continue') return true
  return !all.some((outcome, index) => outcome.status === 'failed' && places[index]?.isForgiven !== true)
}

/**
 * The outcome of a group whose branches have all ended. Failed when a branch failed, unless the group continues: one
 * error that names every failed branch. Skipped, passing its input on, when every branch was.
 */
export function joinOutcome(branches: Branches, scope: Scope, evaluation: Evaluation): Outcome {
  const { group } = branches
  const path = fillPath(group.path, scope.at)
  const all = inOrder(branches)
  const usage = sumUsage(all)
  try {
    if (all.length > 0 && all.every((outcome) => outcome.status === 'skipped')) {
      return { status: 'skipped', reason: 'every branch was skipped', output: scope.prev }
    }
    if (!maySucceed(branches, scope, evaluation)) {
      const cancelled = all.find((outcome) => outcome.status === 'cancelled')
      const error = aggregateError(branches, path)
      if (error !== undefined) return { status: 'failed', error, ...usage }
      if (cancelled !== undefined) return { status: 'cancelled', reason: cancelled.reason }
      const message = `"${path}" is not done as its \`join\` asks, and all of its branches have ended.`
      return { status: 'failed', error: { code: 'JOIN_NOT_REACHED', kind: 'terminal', message, path } }
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
export function branchStages({ group, places, outcomes }: Branches): StageTree {
  const tree: Record<string, StageTree[string]> = {}
  if (group.kind === 'map') return tree
  inOrder({ group, places, outcomes }).forEach((settlement, index) => {
    const id = places[index]?.id
    if (id !== undefined) tree[id] = { ...settlement.nested, ...stageEntry(settlement) }
  })
  return tree
}

export function joinedEvent(branches: Branches, outcome: Outcome): EventData<'group.joined'> {
  const counts = { completed: 0, failed: 0, skipped: 0, cancelled: 0 }
  for (const { status } of inOrder(branches)) counts[status] += 1
  return { status: outcome.status, ...counts, ...(outcome.status === 'failed' ? { error: outcome.error } : {}) }
}

function inOrder({ places, outcomes }: Branches): Settlement[] {
  return places.map(({ path }) => outcomes[path] ?? { status: 'cancelled', reason: 'it never ran' })
}

function aggregateError(branches: Branches, path: string): ErrorData | undefined {
  const { places } = branches
  const errors: ErrorData[] = []
  const named: string[] = []
  inOrder(branches).forEach((outcome, index) => {
    if (outcome.status !== 'failed') return
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

/** Empty when no branch reported usage; the cost is unknown as soon as one branch's is. */
export function sumUsage(outcomes: readonly Outcome[]): { usage?: UsageTotal } {
  let total: UsageTotal | undefined
  for (const outcome of outcomes) {
    const usage = 'usage' in outcome ? outcome.usage : undefined
    if (usage === undefined) continue
    total =
      total === undefined
        ? usage
        : {
            inputTokens: total.inputTokens + usage.inputTokens,
            outputTokens: total.outputTokens + usage.outputTokens,
            costUsd: total.costUsd === null || usage.costUsd === null ? null : total.costUsd + usage.costUsd,
          }
  }
  return total === undefined ? {} : { usage: total }
}
