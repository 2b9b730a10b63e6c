import { type ErrorData, toErrorData } from '../errors.ts'
import type { EventData } from '../events.ts'
import type { Json } from '../json.ts'
import type { ParallelBlock } from '../spec/ir.ts'
import type { BranchResult, Outcome, StageTree, UsageTotal } from '../spec/outcome.ts'
import { reduceOutputs } from './reducers.ts'
import { outputOf, type Settlement, stageEntry } from './scope.ts'

/** How the branches ended, by their paths. */
export type BranchOutcomes = Readonly<Record<string, Settlement>>

/** Outputs of the branches that completed, in branch order. */
export function branchOutputs(group: ParallelBlock, outcomes: BranchOutcomes): Json[] {
  const outputs: Json[] = []
  for (const outcome of inOrder(group, outcomes)) {
    if (outcome.status === 'completed') outputs.push(outcome.output)
  }
  return outputs
}

/** Whether the group's failure rule lets it go on to its reducer. */
export function maySucceed(group: ParallelBlock, outcomes: BranchOutcomes): boolean {
  const all = inOrder(group, outcomes)
  if (all.some((outcome) => outcome.status === 'cancelled')) return false
  return group.onBranchFailure === 'continue' || !all.some((outcome) => outcome.status === 'failed')
}

/**
 * The outcome of a group whose branches have all ended. Failed when a branch failed, unless the group continues: one
 * error that names every failed branch. Skipped, passing its input on, when every branch was.
 */
export function joinOutcome(group: ParallelBlock, outcomes: BranchOutcomes, input: Json): Outcome {
  const all = inOrder(group, outcomes)
  const usage = sumUsage(all)
  if (all.every((outcome) => outcome.status === 'skipped')) {
    return { status: 'skipped', reason: 'every branch was skipped', output: input }
  }
  if (!maySucceed(group, outcomes)) {
    const error = aggregateError(group, outcomes)
    if (error !== undefined) return { status: 'failed', error, ...usage }
    const cancelled = all.find((outcome) => outcome.status === 'cancelled')
    return { status: 'cancelled', reason: cancelled?.reason ?? 'cancelled' }
  }
  try {
    const reducer = typeof group.reduce === 'string' ? group.reduce : 'auto'
    return { status: 'completed', output: reduceOutputs(reducer, branchOutputs(group, outcomes)), ...usage }
  } catch (error) {
    return { status: 'failed', error: { ...toErrorData(error), path: group.path }, ...usage }
  }
}

/** How every branch ended, for a reducer function. */
export function branchResults(group: ParallelBlock, outcomes: BranchOutcomes): BranchResult[] {
  return inOrder(group, outcomes).map((outcome, index) => ({
    id: group.branches[index]?.id ?? '',
    status: outcome.status,
    output: outputOf(outcome) ?? null,
    error: outcome.status === 'failed' ? outcome.error : null,
    reason: 'reason' in outcome ? outcome.reason : null,
  }))
}

/** What expressions see below the group's own entry. */
export function branchStages(group: ParallelBlock, outcomes: BranchOutcomes): StageTree {
  const tree: Record<string, StageTree[string]> = {}
  inOrder(group, outcomes).forEach((settlement, index) => {
    const id = group.branches[index]?.id
    if (id !== undefined) tree[id] = { ...settlement.nested, ...stageEntry(settlement) }
  })
  return tree
}

export function joinedEvent(group: ParallelBlock, outcomes: BranchOutcomes, outcome: Outcome): EventData<'group.joined'> {
  const counts = { completed: 0, failed: 0, skipped: 0, cancelled: 0 }
  for (const { status } of inOrder(group, outcomes)) counts[status] += 1
  return { status: outcome.status, ...counts, ...(outcome.status === 'failed' ? { error: outcome.error } : {}) }
}

function inOrder(group: ParallelBlock, outcomes: BranchOutcomes): Settlement[] {
  return group.branches.map((branch) => outcomes[branch.path] ?? { status: 'cancelled', reason: 'it never ran' })
}

function aggregateError(group: ParallelBlock, outcomes: BranchOutcomes): ErrorData | undefined {
  const errors: ErrorData[] = []
  const named: string[] = []
  inOrder(group, outcomes).forEach((outcome, index) => {
    if (outcome.status !== 'failed') return
    errors.push(outcome.error)
    named.push(`${group.branches[index]?.id ?? ''} (${outcome.error.message})`)
  })
  if (errors.length === 0) return undefined
  return {
    code: 'BRANCHES_FAILED',
    kind: 'terminal',
    message: `${errors.length} of ${group.branches.length} branches of "${group.path}" failed: ${named.join('; ')}`,
    path: group.path,
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
