import type { EphemeralEvent, RunEvent } from '../events.ts'
import type { UsageTotal } from '../spec/outcome.ts'
import { addUsage, type NodeState, type RunView, type ViewState } from './run-view-nodes.ts'
import { beginAgain, forgetAftermath } from './run-view-rounds.ts'
import { activate, begin, deriveAll, type Ending, setStatus, settle, touch } from './run-view-status.ts'
import { addItems, nodeAt } from './run-view-tree.ts'

export {
  activeSteps, endedSteps, nodeElapsedMs, nodePlace, nodeStatuses, runElapsedMs,
  type NodeStatus, type RunNode, type RunView, type RunViewStatus, type StatusCounts,
} from './run-view-nodes.ts'
export { runReport, stepRecords } from './run-view-report.ts'
export { createRunView } from './run-view-tree.ts'

/** The longest piece of a step's last line that is kept. */
const lineLimit = 1000

/**
 * Takes in one event; costs no more than the depth of the block tree, but for the start and end of the run and of groups,
 * and for what runs again. Durable events that are already in (by `seq`) and paths that the workflow does not have are ignored.
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
      if (event.path !== undefined) takeBlockEvent(state, event.path, event)
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

function takeBlockEvent(view: ViewState, path: string, event: BlockEvent): void {
  const { at, type, data } = event
  const before = nodeAt(view, path)
  if (before === undefined) return
  beginAgain(view, before, type, event.iteration, at)
  // Another one when it is of an item of a map that begins anew.
  const node = nodeAt(view, path) ?? before
  touch(view, node)
  if (event.attempt !== undefined) node.attempt = event.attempt
  switch (type) {
    case 'group.started':
      addItems(view, node, data.branches)
      begin(view, node, at)
      return forgetAftermath(view, node, at)
    case 'group.joined':
      return settle(view, node, at, data.status, { error: data.error })
    case 'step.queued':
      activate(view, node, at, 'queued')
      return forgetAftermath(view, node, at)
    case 'step.started':
      node.startedAt = at
      return activate(view, node, at, node.kind === 'wait' ? 'waiting' : 'running')
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
