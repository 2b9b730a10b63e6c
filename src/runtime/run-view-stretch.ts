import { hasAsk, workingStatus } from './run-view-asks.ts'
import type { NodeState, ViewState } from './run-view-nodes.ts'
import { deriveAll, type Ending, settle, setStatus } from './run-view-status.ts'

/** The stretches in which a process works on a run, and how they end. */

export function settleRun(view: ViewState, at: string, data: { status: 'done' | 'failed' | 'cancelled' } & Ending): void {
  view.status = data.status
  view.output = data.output
  view.error = data.error ?? null
  view.asks = []
  view.childAsks = []
  stopWork(view, at)
  for (const node of [...view.active]) settle(view, node, at, 'cancelled', { reason: 'the run ended', by: 'the run' })
  deriveAll(view, at)
}

/** Nothing goes on before one of these was answered. A step that asks nothing itself waits for its child run. */
export function waitForAnswers(view: ViewState, at: string, asks: readonly string[]): void {
  view.status = 'waiting'
  view.waitingSince = at
  view.childAsks = asks.filter((id) => !view.asks.some(({ ask }) => ask === id))
  for (const node of view.active) if (node.status === 'running') setStatus(view, node, 'waiting', at)
}

/** Something happened in a block: the run does not wait any more. */
export function goOn(view: ViewState, at: string): void {
  if (view.status !== 'waiting') return
  view.status = 'running'
  view.waitingSince = null
  view.childAsks = []
  for (const node of view.active) if (node.status === 'waiting') setStatus(view, node, workingStatus(view, node), at)
}

export function interrupt(view: ViewState, at: string, reason: string | null): void {
  const onlyWaits = view.status === 'waiting' || (view.asks.length > 0 && [...view.active].every((node) => asks(view, node)))
  view.status = onlyWaits ? 'waiting' : 'interrupted'
  view.reason = reason ?? view.reason
  stopWork(view, at)
  for (const node of [...view.active]) {
    if (onlyWaits || asks(view, node)) continue
    view.suspended.push({ node, status: node.status })
    setStatus(view, node, 'pending', at)
  }
  deriveAll(view, at)
}

function asks(view: ViewState, node: NodeState): boolean {
  return node.status === 'waiting' && hasAsk(view, node.path)
}

export function resume(view: ViewState, at: string, lastEventAt: string | null): void {
  // A killed run says nothing when it ends: it worked until its last event.
  if (view.activeSince !== null) stopWork(view, view.waitingSince ?? lastEventAt ?? at)
  goOn(view, at)
  view.status = 'running'
  view.reason = null
  view.output = undefined
  view.error = null
  view.endedAt = null
  view.activeSince = at
  view.resumed += 1
  for (const { node, status } of view.suspended.splice(0)) {
    // An item of a map that began anew is there no more.
    if (node.status === 'pending' && view.byPath.get(node.path) === node) setStatus(view, node, status, at)
  }
  deriveAll(view, at)
}

function stopWork(view: ViewState, at: string): void {
  view.endedAt = at
  if (view.activeSince !== null) view.workedMs += Math.max(0, Date.parse(at) - Date.parse(view.activeSince))
  view.activeSince = null
}
