import type { EventType } from '../events.ts'
import { activeSteps, endedSteps, isEnded, type NodeState, type NodeStatus, noCounts, type ViewState } from './run-view-nodes.ts'
import { closeAsks } from './run-view-asks.ts'
import { dropLate, dropQuestion } from './run-view-late.ts'
import { derive, touch } from './run-view-status.ts'

/** What runs again is pending again: rounds of loops and reviews, and blocks that a failure, or the answer to it, went back to. */

const starts: ReadonlySet<EventType> = new Set(['step.queued', 'step.started', 'step.skipped', 'step.failed', 'group.started'])

/**
 * To be told of each event of a block before it is taken in. Events carry the round of the innermost loop or review
 * only; that a round of the one around that began shows in the inner one beginning anew.
 */
export function beginAgain(view: ViewState, node: NodeState, type: EventType, iteration: number | undefined, at: string): void {
  if (!starts.has(type)) return
  let role: NodeState['role'] = 'inner'
  for (let each: NodeState | null = node; each !== null; each = each.parent) {
    const back = each.returns.findLast(({ seen }) => seen === 'failed')
    if (back !== undefined) resetFromTo(view, each, back, at)
    else if (role !== 'ask' && each.ask !== null && isEnded(each.ask.status)) reset(view, [each], at)
    role = each.role
  }
  const { repeater } = node
  if (repeater !== null && iteration !== undefined) enterRound(view, repeater, iteration, node, at)
}

/**
 * To be told of each block that went to work, once it did: what follows on its end and on that of the blocks around it,
 * or was not needed then, is still to come.
 */
export function forgetAftermath(view: ViewState, node: NodeState, at: string): void {
  let from: NodeState['role'] = 'inner'
  for (let each: NodeState | null = node; each !== null; each = each.parent) {
    const { verify, fallback } = each
    if (from !== 'ask') takeQuestionBack(view, each, at)
    if (fallback !== null && fallback.seen !== 'pending' && from !== 'fallback') reset(view, [fallback], at)
    if (verify !== null && verify.seen !== 'pending' && from === 'inner') reset(view, [verify], at)
    from = each.role
  }
}

function takeQuestionBack(view: ViewState, node: NodeState, at: string): void {
  if (node.ask === null) return
  const before = sum([node.ask])
  clear(view, node.ask)
  dropQuestion(view, node)
  shift(view, node, before, noCounts(), at)
}

function resetFromTo(view: ViewState, first: NodeState, last: NodeState, at: string): void {
  const list = first.parent?.children ?? view.roots
  reset(view, list.slice(list.indexOf(first), list.indexOf(last) + 1), at)
}

function enterRound(view: ViewState, repeater: NodeState, iteration: number, node: NodeState, at: string): void {
  const isAnew = iteration < repeater.iteration || (iteration === repeater.iteration && isDone(node))
  if (isAnew && repeater.repeater !== null) nextRound(view, repeater.repeater, at)
  for (let outer = repeater.repeater; outer !== null && outer.iteration === 0; outer = outer.repeater) outer.iteration = 1
  if (repeater.iteration === iteration) return
  if (repeater.iteration > 0) reset(view, repeater.children, at)
  repeater.iteration = iteration
  touch(view, repeater)
}

/** The next round of a repeater around the one that began anew; past its last one, that of the one around it in turn. */
function nextRound(view: ViewState, repeater: NodeState, at: string): void {
  const { block, repeater: outer } = repeater
  const max = block.kind === 'loop' || block.kind === 'review' ? block.max : 1
  if (repeater.iteration < max) repeater.iteration += 1
  else if (outer !== null) {
    nextRound(view, outer, at)
    repeater.iteration = 1
  }
  touch(view, repeater)
  reset(view, repeater.children, at)
}

function isDone({ status, spared }: NodeState): boolean {
  return (status === 'completed' || status === 'skipped') && !spared
}

/** Makes these children of one block, and all that is inside them, as if they had never run. What was used stays. */
function reset(view: ViewState, nodes: readonly NodeState[], at: string): void {
  const parent = nodes[0]?.parent ?? null
  const before = sum(nodes)
  for (const node of nodes) {
    const { seen } = node
    clear(view, node)
    if (parent === null || node.role !== 'inner') continue
    parent.inside[seen] -= 1
    parent.inside.pending += 1
  }
  shift(view, parent, before, sum(nodes), at)
}

/** The steps of something in `parent` were these and are those. */
function shift(view: ViewState, parent: NodeState | null, before: Counts, after: Counts, at: string): void {
  change(view.steps, before, after)
  view.total += totalOf(after) - totalOf(before)
  for (let each = parent; each !== null; each = each.parent) {
    change(each.steps, before, after)
    touch(view, each)
  }
  if (parent !== null) derive(view, parent, at)
}

/** Makes a block as if it had never run; all that counts it is left to the caller. */
export function clear(view: ViewState, node: NodeState): void {
  for (const child of node.children) if (child.item !== null || child.role === 'ask') clear(view, child)
  dropLate(view, node)
  node.steps = noCounts()
  if (node.isStep) node.steps.pending = 1
  for (const child of node.children) {
    clear(view, child)
    node.steps.pending += child.steps.pending
  }
  view.active.delete(node)
  closeAsks(view, node.path)
  node.inside = noCounts()
  node.inside.pending = node.innerCount
  node.status = 'pending'
  node.own = 'pending'
  node.seen = 'pending'
  node.iteration = 0
  node.attempt = 0
  node.startedAt = null
  node.endedAt = null
  node.output = undefined
  node.error = null
  node.reason = null
  node.lastLine = ''
  node.begun = false
  node.settled = false
  node.spared = false
  node.stopped = null
  touch(view, node)
}

type Counts = Record<NodeStatus, number>

/** How many steps are in which state in all of these. */
export function sum(nodes: readonly NodeState[]): Counts {
  const counts = noCounts()
  for (const node of nodes) change(counts, noCounts(), node.steps)
  return counts
}

function change(counts: Counts, before: Counts, after: Counts): void {
  for (const status of Object.keys(counts) as NodeStatus[]) counts[status] += after[status] - before[status]
}

export function totalOf(counts: Counts): number {
  return counts.pending + activeSteps(counts) + endedSteps(counts)
}
