import type { ErrorData } from '../errors.ts'
import type { EphemeralEvent, RunEvent } from '../events.ts'
import type { Json } from '../json.ts'
import type { UsageTotal } from '../spec/outcome.ts'
import { activeSteps, addUsage, type NodeState, type NodeStatus, type RunView, type ViewState } from './run-view-nodes.ts'

export {
  activeSteps, createRunView, endedSteps, nodeElapsedMs, nodeStatuses, runElapsedMs,
  type NodeStatus, type RunNode, type RunView, type RunViewStatus, type StatusCounts,
} from './run-view-nodes.ts'
export { runReport, stepRecords } from './run-view-report.ts'

/** The longest piece of a step's last line that is kept. */
const lineLimit = 1000

/**
 * Takes in one event; costs no more than the depth of the block tree, but for the start and end of the run and a group
 * that is skipped. Durable events that are already in (by `seq`) and paths that the workflow does not have are ignored.
 */
export function applyEvent(view: RunView, event: RunEvent | EphemeralEvent): void {
  const state = view as ViewState
  if ('ephemeral' in event) return takeEphemeral(state, event)
  if (event.seq <= state.lastSeq) return
  const before = state.lastEventAt
  state.version += 1
  state.lastSeq = event.seq
  state.runId = event.runId
  state.lastEventAt = event.at
  switch (event.type) {
    case 'run.started':
      state.scripted = event.data.scripted
      state.startedAt = event.at
      state.activeSince = event.at
      return
    case 'run.resumed':
      return resume(state, event.at, before)
    case 'run.paused':
      return interrupt(state, event.at, event.data.reason)
    case 'run.settled':
      return settleRun(state, event.at, event.data)
    default: {
      const node = event.path === undefined ? undefined : state.byPath.get(event.path)
      if (node !== undefined) takeBlockEvent(state, node, event)
    }
  }
}

/**
 * Says that no process works on the run although its events do not say that it ended: it was stopped or killed.
 * What was at work is pending again, as it will run again; a later `run.resumed` takes this back.
 */
export function markInterrupted(view: RunView, at?: string): void {
  const state = view as ViewState
  if (state.status !== 'running') return
  state.version += 1
  interrupt(state, at ?? state.lastEventAt ?? '', null)
}

function takeEphemeral(view: ViewState, event: EphemeralEvent): void {
  const node = view.byPath.get(event.path)
  if (node === undefined) return
  // Tokens come in pieces; log text comes in whole lines.
  noteLine(view, node, event.type === 'agent.message' ? node.lastLine + event.data.text : event.data.text)
}

type BlockEvent = Exclude<RunEvent, { type: `run.${string}` }>

function takeBlockEvent(view: ViewState, node: NodeState, event: BlockEvent): void {
  const { at, type, data } = event
  touch(view, node)
  if (event.attempt !== undefined) node.attempt = event.attempt
  switch (type) {
    case 'group.started':
      return begin(view, node, at)
    case 'group.joined':
      return settleGroup(view, node, at, data.status, { error: data.error })
    case 'step.queued':
      return activate(view, node, at, 'queued')
    case 'step.started':
      node.startedAt = at
      return activate(view, node, at, 'running')
    case 'step.retrying':
      node.error = data.error
      return activate(view, node, at, 'retrying')
    case 'step.completed':
      takeUsage(view, node, data.usage)
      return settle(view, node, at, 'completed', { output: data.output })
    case 'step.failed':
      takeUsage(view, node, data.usage)
      return settle(view, node, at, 'failed', { error: data.error })
    case 'step.skipped':
      return settle(view, node, at, 'skipped', { output: data.output, reason: data.reason })
    case 'step.cancelled':
      return settle(view, node, at, 'cancelled', { reason: data.reason })
    case 'log':
    case 'agent.message':
      return noteLine(view, node, data.text)
    default:
      return type satisfies never
  }
}

interface Ending {
  readonly output?: Json | undefined
  readonly error?: ErrorData | null | undefined
  readonly reason?: string | undefined
}

function settle(view: ViewState, node: NodeState, at: string, status: NodeStatus, ending: Ending): void {
  if (!node.isStep) return settleGroup(view, node, at, status, ending)
  close(node, at, ending)
  setStatus(view, node, status, at)
}

function settleGroup(view: ViewState, node: NodeState, at: string, status: NodeStatus, ending: Ending): void {
  node.settled = true
  if (status === 'skipped') {
    const inside = view.nodes.slice(node.index + 1, node.subtreeEnd)
    for (const each of inside) each.settled = true
    for (const each of inside.reverse()) {
      if (isEnded(each.status)) continue
      close(each, at, ending)
      setStatus(view, each, 'skipped', at)
    }
  }
  close(node, at, ending)
  setStatus(view, node, status, at)
}

function close(node: NodeState, at: string, ending: Ending): void {
  node.endedAt = at
  node.output = node.isStep ? ending.output : undefined
  node.error = ending.error ?? null
  node.reason = ending.reason ?? null
}

function begin(view: ViewState, node: NodeState, at: string): void {
  node.begun = true
  node.settled = false
  node.startedAt = at
  node.error = null
  node.reason = null
  derive(view, node, at)
}

function activate(view: ViewState, node: NodeState, at: string, status: NodeStatus): void {
  if (!node.isStep) return begin(view, node, at)
  node.endedAt = null
  node.output = undefined
  node.reason = null
  setStatus(view, node, status, at)
}

function setStatus(view: ViewState, node: NodeState, status: NodeStatus, at: string): void {
  const before = node.status
  if (before === status) return
  node.status = status
  touch(view, node)
  if (node.isStep) {
    count(view.steps, before, status)
    const wakes = isActive(status) && !isActive(before)
    for (let each: NodeState | null = node; each !== null; each = each.parent) {
      count(each.steps, before, status)
      if (wakes) each.settled = false
      touch(view, each)
    }
    if (isActive(status)) view.active.add(node)
    else view.active.delete(node)
  }
  const { parent } = node
  if (parent === null) return
  count(parent.inside, before, status)
  derive(view, parent, at)
}

/** What a group is by what is inside it, unless an event said how it ended and nothing in it went to work since. */
function derive(view: ViewState, node: NodeState, at: string): void {
  if (node.settled) return
  const status = derived(view, node)
  if (status !== 'pending' && status !== 'skipped') node.startedAt ??= at
  if (!isEnded(status)) node.endedAt = null
  else if (!isEnded(node.status)) node.endedAt = at
  setStatus(view, node, status, at)
}

function derived(view: ViewState, node: NodeState): NodeStatus {
  const { inside, children } = node
  if (activeSteps(inside) > 0) return 'running'
  if (inside.pending === children.length && !node.begun) return 'pending'
  if (node.kind === 'sequence') {
    if (inside.failed > 0) return 'failed'
    if (inside.cancelled > 0) return 'cancelled'
    if (inside.skipped === children.length) return 'skipped'
    if (inside.pending === 0) return 'completed'
  }
  // Between two of its steps, or a parallel group before it is joined.
  if (view.status === 'running') return 'running'
  if (view.status === 'interrupted') return 'pending'
  return inside.failed > 0 ? 'failed' : 'cancelled'
}

function settleRun(view: ViewState, at: string, data: { status: 'done' | 'failed' | 'cancelled' } & Ending): void {
  view.status = data.status
  view.output = data.output
  view.error = data.error ?? null
  stopWork(view, at)
  for (const node of [...view.active]) settle(view, node, at, 'cancelled', { reason: 'the run ended' })
  deriveAll(view, at)
}

function interrupt(view: ViewState, at: string, reason: string | null): void {
  view.status = 'interrupted'
  view.reason = reason ?? view.reason
  stopWork(view, at)
  for (const node of [...view.active]) {
    view.suspended.push({ node, status: node.status })
    setStatus(view, node, 'pending', at)
  }
  deriveAll(view, at)
}

function resume(view: ViewState, at: string, lastEventAt: string | null): void {
  // A killed run says nothing when it ends: it worked until its last event.
  if (view.activeSince !== null) stopWork(view, lastEventAt ?? at)
  view.status = 'running'
  view.reason = null
  view.output = undefined
  view.error = null
  view.endedAt = null
  view.activeSince = at
  view.resumed += 1
  for (const { node, status } of view.suspended.splice(0)) {
    if (node.status === 'pending') setStatus(view, node, status, at)
  }
  deriveAll(view, at)
}

function stopWork(view: ViewState, at: string): void {
  view.endedAt = at
  if (view.activeSince !== null) view.workedMs += Math.max(0, Date.parse(at) - Date.parse(view.activeSince))
  view.activeSince = null
}

/** What a group is between two of its steps depends on whether the run goes on. Inner groups first. */
function deriveAll(view: ViewState, at: string): void {
  for (const node of view.nodes.toReversed()) if (!node.isStep) derive(view, node, at)
}

function takeUsage(view: ViewState, node: NodeState, usage: UsageTotal | undefined): void {
  if (usage === undefined) return
  for (let each: NodeState | null = node; each !== null; each = each.parent) each.usage = addUsage(each.usage, usage)
  view.usage = addUsage(view.usage, usage)
}

function noteLine(view: ViewState, node: NodeState, text: string): void {
  const end = text.trimEnd()
  if (end === '') return
  const start = Math.max(end.lastIndexOf('\n'), end.lastIndexOf('\r')) + 1
  node.lastLine = end.slice(start, start + lineLimit)
  view.version += 1
  touch(view, node)
}

function count(counts: Record<NodeStatus, number>, before: NodeStatus, after: NodeStatus): void {
  counts[before] -= 1
  counts[after] += 1
}

function touch(view: ViewState, node: NodeState): void {
  node.version = view.version
}

function isActive(status: NodeStatus): boolean {
  return status === 'queued' || status === 'running' || status === 'waiting' || status === 'retrying'
}

function isEnded(status: NodeStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'skipped' || status === 'cancelled'
}
