import type { ErrorData } from '../errors.ts'
import type { Json } from '../json.ts'
import { activeSteps, isActive, isEnded, isOpen, type NodeState, type NodeStatus, type ViewState } from './run-view-nodes.ts'

/** What a change of one block means for the blocks around it. */

export interface Ending {
  readonly output?: Json | undefined
  readonly error?: ErrorData | null | undefined
  readonly reason?: string | undefined
  /** What was stopped as a whole. */
  readonly by?: string | undefined
}

/** The block ended, and an event said so. */
export function settle(view: ViewState, node: NodeState, at: string, status: NodeStatus, ending: Ending): void {
  if (!node.isStep) {
    node.settled = true
    if (status === 'skipped') skipInside(view, node, at, ending)
  }
  node.spared = false
  close(node, at, status, ending)
  setStatus(view, node, status, at)
}

export function begin(view: ViewState, node: NodeState, at: string): void {
  node.begun = true
  node.settled = false
  node.startedAt = at
  node.error = null
  node.reason = null
  derive(view, node, at)
}

export function activate(view: ViewState, node: NodeState, at: string, status: NodeStatus): void {
  if (!node.isStep) return begin(view, node, at)
  node.endedAt = null
  node.output = undefined
  node.reason = null
  node.spared = false
  setStatus(view, node, status, at)
}

/** Of a step its status, of a group what its own work came to. */
export function setStatus(view: ViewState, node: NodeState, status: NodeStatus, at: string): void {
  if (!node.isStep) node.own = status
  else if (node.status !== status) {
    const before = node.status
    node.status = status
    count(view.steps, before, status)
    if (isActive(status)) view.active.add(node)
    else view.active.delete(node)
    let wakes = isActive(status) && !isActive(before)
    count(node.steps, before, status)
    touch(view, node)
    for (let each = node; each.parent !== null; each = each.parent) {
      // What follows on the end of a block does not take that end back.
      if (each.role !== 'inner') wakes = false
      if (wakes) each.parent.settled = false
      count(each.parent.steps, before, status)
      touch(view, each.parent)
    }
  }
  refresh(view, node, at)
}

/** What a group is by what is inside it, unless an event said how it ended and nothing in it went to work since. */
export function derive(view: ViewState, node: NodeState, at: string): void {
  if (!node.isStep && !node.settled) {
    node.own = derived(view, node)
    if (node.own !== 'pending' && node.own !== 'skipped') node.startedAt ??= at
  }
  refresh(view, node, at)
}

/** What blocks are between two of their steps depends on whether the run goes on. Inner ones first. */
export function deriveAll(view: ViewState, at: string): void {
  for (const node of view.nodes.toReversed()) if (!node.isStep || node.children.length > 0) derive(view, node, at)
}

/** Brings what a block amounts to up to date, and tells the block around it. */
function refresh(view: ViewState, node: NodeState, at: string): void {
  const whole = wholeStatus(view, node)
  if (!node.isStep) {
    if (whole !== node.status) touch(view, node)
    node.status = whole
    node.endedAt = isEnded(whole) ? (node.endedAt ?? at) : null
    if (whole === 'failed' && node.own === 'completed') node.error = node.verify?.error ?? null
  }
  const seen = whole === 'failed' && isForgiven(node) ? 'completed' : whole
  if (node.steps.pending > 0) spare(view, node, seen, at)
  const before = node.seen
  if (seen === before) return
  node.seen = seen
  const { parent } = node
  if (parent === null) return
  if (node.role !== 'inner') return refresh(view, parent, at)
  count(parent.inside, before, seen)
  derive(view, parent, at)
}

function isForgiven({ block, ask }: NodeState): boolean {
  return block.onFailure === 'continue' || (ask?.status === 'completed' && ask.output === 'continue')
}

/** With what follows on the block's own work: `verify` when it completed, `fallback` or a question when it failed. */
function wholeStatus(view: ViewState, node: NodeState): NodeStatus {
  const { verify, fallback, ask, block } = node
  let status = node.isStep ? node.status : node.own
  for (const after of [verify, fallback, ask]) {
    if (after !== null && isActive(after.seen)) return after.seen === 'waiting' ? 'waiting' : 'running'
  }
  if (status === 'completed' && verify !== null) {
    if (verify.seen === 'pending') return between(view, status)
    if (verify.seen !== 'skipped') status = verify.seen
  }
  if (status !== 'failed' || typeof block.onFailure !== 'object') return status
  if (fallback !== null) return fallback.seen === 'pending' ? between(view, status) : fallback.seen
  if (!('ask' in block.onFailure)) return status
  if (ask?.seen === 'cancelled') return ask.seen
  const isDecided = ask !== null && ask.seen !== 'pending' && ask.output !== 'retry'
  return isDecided ? status : between(view, status)
}

function between(view: ViewState, over: NodeStatus): NodeStatus {
  if (isOpen(view.status)) return 'running'
  return view.status === 'interrupted' ? 'pending' : over
}

function derived(view: ViewState, { kind, inside, innerCount, begun }: NodeState): NodeStatus {
  const atWork = activeSteps(inside)
  if (atWork > 0) return atWork === inside.waiting ? 'waiting' : 'running'
  if (inside.pending === innerCount && !begun) return 'pending'
  if (kind === 'sequence' || kind === 'loop' || kind === 'review' || kind === 'switch') {
    if (inside.failed > 0) return 'failed'
    if (inside.cancelled > 0) return 'cancelled'
    if (kind === 'switch' && inside.completed + inside.skipped > 0) return inside.completed > 0 ? 'completed' : 'skipped'
    if (inside.skipped === innerCount) return 'skipped'
    if (inside.pending === 0) return 'completed'
  }
  // Between two of its steps, or a group before it is joined.
  return between(view, inside.failed > 0 ? 'failed' : 'cancelled')
}

/** What never ran in a block that ended well, and the other cases of a switch that was decided, is not going to run. */
function spare(view: ViewState, node: NodeState, seen: NodeStatus, at: string): void {
  if (seen === 'completed' || seen === 'skipped') {
    return skipPending(view, node.children, at, seen === 'skipped' ? (node.reason ?? notNeeded) : notNeeded)
  }
  const isDecided = node.kind === 'switch' && isEnded(node.own) && node.inside.pending < node.innerCount
  if (isDecided) skipPending(view, node.children.filter(isInner), at, notNeeded)
}

const notNeeded = 'it was not needed'

function isInner({ role }: NodeState): boolean {
  return role === 'inner'
}

function skipPending(view: ViewState, nodes: readonly NodeState[], at: string, reason: string): void {
  const pending: NodeState[] = []
  const collect = (node: NodeState): void => {
    if (node.status === 'pending') pending.push(node)
    if (node.steps.pending > 0) node.children.forEach(collect)
  }
  nodes.forEach(collect)
  skipNodes(view, pending, at, { reason }, true)
}

/** All that is inside and has not ended, when an event says that the whole was skipped. */
function skipInside(view: ViewState, node: NodeState, at: string, ending: Ending): void {
  const open: NodeState[] = []
  const collect = (each: NodeState): void => {
    if (!isEnded(each.status)) open.push(each)
    each.children.forEach(collect)
  }
  node.children.forEach(collect)
  skipNodes(view, open, at, ending, false)
}

function skipNodes(view: ViewState, nodes: readonly NodeState[], at: string, ending: Ending, isSpared: boolean): void {
  for (const each of nodes) each.settled = true
  for (const each of nodes.toReversed()) {
    if (isEnded(each.status)) continue
    each.spared = isSpared
    close(each, at, 'skipped', ending)
    setStatus(view, each, 'skipped', at)
  }
}

function close(node: NodeState, at: string, status: NodeStatus, ending: Ending): void {
  node.endedAt = at
  node.output = node.isStep ? ending.output : undefined
  node.error = ending.error ?? null
  node.reason = ending.reason ?? null
  node.stopped = status === 'cancelled' ? { from: node.status, by: ending.by ?? null } : null
}

function count(counts: Record<NodeStatus, number>, before: NodeStatus, after: NodeStatus): void {
  counts[before] -= 1
  counts[after] += 1
}

export function touch(view: ViewState, node: NodeState): void {
  node.version = view.version
}
