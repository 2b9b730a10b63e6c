import { innerBlocks, isBranchGroup } from '../spec/blocks.ts'
import { workingStatus } from './run-view-asks.ts'
import { dropQuestion } from './run-view-late.ts'
import { isActive, isEnded, noCounts, type NodeState, type ViewState } from './run-view-nodes.ts'
import { clear, sum, totalOf } from './run-view-rounds.ts'
import { deriveAll, touch } from './run-view-status.ts'

/** Ends that count no more, since somebody asked for what had ended to be run again. */

/**
 * Makes the blocks at `again` as if they had not ended and those at `undone`, with whatever else came after, as if they had
 * not begun; the groups around are open again. All that was used, and what stands beside, stays.
 */
export function takeBack(view: ViewState, again: readonly string[], undone: readonly string[], at: string): void {
  for (const node of view.nodes) {
    const by = node.stopped?.by ?? null
    if (view.byPath.get(node.path) !== node || by === null || by === node.path || !isTakenBack(by, again)) continue
    // What it was stopped with goes on, and so does it.
    rewind(view, node)
    reopenAround(view, node)
  }
  for (const path of again) {
    const node = view.byPath.get(path)
    if (node === undefined) continue
    restart(view, node)
    reopenAround(view, node)
  }
  for (const path of undone) {
    const node = view.byPath.get(path)
    if (node === undefined || !isEnded(node.status)) continue
    clear(view, node)
    reopenAround(view, node)
  }
  recount(view, at)
}

/** Whether what stopped these steps counts no more: the end of the run, or of a group with something in it that runs again. */
function isTakenBack(by: string, again: readonly string[]): boolean {
  return by.startsWith('workflow:') || again.some((path) => `${path}.`.startsWith(`${by}.`) || `${by}.`.startsWith(`${path}.`))
}

/** A group begins with what needs no other end in it; the rest of it has not begun. */
function restart(view: ViewState, node: NodeState): void {
  if (node.isStep && node.attempt === 0) {
    // It failed before it began, and still does: only what followed on that runs again.
    for (const child of [...node.children]) if (hasBegun(child)) restart(view, child)
    return
  }
  if (node.isStep) {
    rewind(view, node)
    for (const child of [...node.children]) forgetChild(view, node, child)
    return
  }
  if (node.children.some((child) => child.role === 'inner' && hasBegun(child))) reopen(view, node)
  node.iteration = Math.min(node.iteration, 1)
  const first = new Set(firstIn(node))
  for (const child of [...node.children]) {
    if (!first.has(child)) forgetChild(view, node, child)
    else if (hasBegun(child)) restart(view, child)
    else if (child.spared) clear(view, child)
  }
}

function firstIn({ block, children }: NodeState): readonly NodeState[] {
  const inner = children.filter(({ role }) => role === 'inner')
  if (!inner.some(hasBegun)) return children
  switch (block.kind) {
    case 'sequence':
    case 'review': {
      // Those before the first that ran were passed over.
      const begun = inner.findIndex(hasBegun)
      return inner.slice(0, begun < 0 ? inner.length : begun + 1)
    }
    case 'parallel':
    case 'graph':
    case 'map': {
      const roots = inner.filter((node) => !isReducer(node) && (node.block.needs ?? []).length === 0)
      const begun = roots.filter(hasBegun)
      const withheld = begun.slice(block.concurrency ?? begun.length)
      return roots.filter((node) => !withheld.includes(node))
    }
    case 'switch':
      return inner.filter(({ spared }) => !spared)
    default:
      return inner
  }
}

/** Whether any step of it ran. */
function hasBegun(node: NodeState): boolean {
  return node.attempt > 0 || node.children.some(hasBegun)
}

function isReducer({ block, parent }: NodeState): boolean {
  const group = parent?.block
  return group !== undefined && isBranchGroup(group) && !innerBlocks(group).includes(block)
}

/** What came after the block is still to come, and the blocks around it go on. */
function reopenAround(view: ViewState, node: NodeState): void {
  for (let child = node; ; ) {
    const { parent } = child
    for (const each of after(parent?.children ?? view.roots, child)) {
      if (parent === null) clear(view, each)
      else forgetChild(view, parent, each)
    }
    if (parent === null) return
    // What follows on the end of a block does not take that end back.
    bringBack(view, parent)
    if (child.role === 'inner') {
      reopen(view, parent)
      if (isBranchGroup(parent.block)) for (const each of parent.children) uncancel(view, each)
    }
    child = parent
  }
}

/** Those in the list that can only begin once this one has ended. */
function after(list: readonly NodeState[], node: NodeState): NodeState[] {
  const later = list.slice(list.indexOf(node) + 1)
  const kind = node.parent?.kind ?? 'sequence'
  if (node.role !== 'inner' || kind === 'sequence' || kind === 'review') return later
  const needy = kind === 'graph' ? inNeedOf(list, node) : []
  return list.filter((each) => each.role !== 'inner' || isReducer(each) || needy.includes(each))
}

function inNeedOf(list: readonly NodeState[], node: NodeState): NodeState[] {
  const found = [node]
  for (const one of found) {
    for (const each of list) if (each.block.needs?.includes(one.id) === true && !found.includes(each)) found.push(each)
  }
  return found.slice(1)
}

/** What was passed over when the block ended may be needed now. */
function bringBack(view: ViewState, block: NodeState): void {
  for (const child of block.children) {
    if (child.spared) clear(view, child)
    else if (child.seen !== 'completed' && child.seen !== 'skipped') bringBack(view, child)
  }
}

/** What its group stopped when it had come to its end goes on. */
function uncancel(view: ViewState, node: NodeState): void {
  if (node.seen !== 'cancelled') return
  reopen(view, node)
  if (node.status === 'cancelled' && node.stopped?.by !== node.path) rewind(view, node)
  for (const child of node.children) uncancel(view, child)
}

function reopen(view: ViewState, node: NodeState): void {
  touch(view, node)
  if (node.isStep) return
  node.settled = false
  node.endedAt = null
  node.error = null
  node.reason = null
}

/** A step whose attempt has not ended after all. */
function rewind(view: ViewState, node: NodeState): void {
  touch(view, node)
  if (!node.isStep || !isEnded(node.status)) return
  node.status = node.stopped?.from ?? (node.attempt > 0 ? workingStatus(view, node) : 'pending')
  node.seen = node.status
  if (isActive(node.status)) view.active.add(node)
  node.endedAt = null
  node.output = undefined
  node.error = null
  node.reason = null
  node.spared = false
  node.stopped = null
}

function forgetChild(view: ViewState, parent: NodeState, child: NodeState): void {
  clear(view, child)
  if (child.role === 'ask') dropQuestion(view, parent)
}

function recount(view: ViewState, at: string): void {
  for (const node of view.nodes.toReversed()) {
    node.steps = sum(node.children)
    if (node.isStep) node.steps[node.status] += 1
    node.inside = noCounts()
    for (const { role, seen } of node.children) if (role === 'inner') node.inside[seen] += 1
  }
  view.steps = sum(view.roots)
  view.total = totalOf(view.steps)
  deriveAll(view, at)
}
