import { repeatedCode } from '../errors.ts'
import { addUsage } from '../usage.ts'
import type { EphemeralEvent, RunEvent } from '../events.ts'
import type { UsageTotal } from '../spec/outcome.ts'
import { takeBack } from './run-view-again.ts'
import { asksAnew, closeAsk, closeAsks, openAsk, workingStatus } from './run-view-asks.ts'
import { addItems, nodeAt } from './run-view-late.ts'
import { isActive, type NodeState, type RunView, type ViewState } from './run-view-nodes.ts'
import { beginAgain, forgetAftermath } from './run-view-rounds.ts'
import { activate, begin, type Ending, settle, setStatus, touch } from './run-view-status.ts'
import { goOn, interrupt, resume, settleRun, waitForAnswers } from './run-view-stretch.ts'

export {
  activeSteps, endedSteps, isOpen, nodeElapsedMs, nodePlace, nodeStatuses, runElapsedMs,
  type NodeStatus, type OpenAsk, type RunNode, type RunView, type RunViewStatus, type StatusCounts,
} from './run-view-nodes.ts'
export { mayHave } from './run-view-late.ts'
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
      if (event.data.live === true) goOn(state, event.at)
      else resume(state, event.at, before)
      if (event.data.again !== undefined) takeBack(state, event.data.again, event.data.undone ?? [], event.at)
      return
    case 'run.paused':
      return interrupt(state, event.at, event.data.reason)
    case 'run.settled':
      return settleRun(state, event.at, event.data)
    case 'run.waiting':
      return waitForAnswers(state, event.at, event.data.asks)
    case 'event.received':
      return
    default: {
      if (event.path !== undefined) takeBlockEvent(state, event.path, event)
    }
  }
}

/**
 * Says that no process works on the run although its events do not say that it ended: it was stopped or killed, or waits
 * for nothing but answers, and then it stays `waiting`. What was at work is pending again, as it will run again, but steps
 * that wait for an answer go on to do so. A later `run.resumed` takes this back.
 */
export function markInterrupted(view: RunView, at?: string): void {
  const state = view as ViewState
  if (state.status !== 'running' && (state.status !== 'waiting' || state.activeSince === null)) return
  state.version += 1
  interrupt(state, at ?? state.waitingSince ?? state.lastEventAt ?? '', null)
}

function takeEphemeral(view: ViewState, event: EphemeralEvent): void {
  const node = view.byPath.get(event.path)
  if (node === undefined) return
  // Tokens come in pieces; log text comes in whole lines.
  noteLine(view, node, event.type === 'agent.message' ? node.lastLine + event.data.text : event.data.text)
}

type BlockEvent = Exclude<RunEvent, { type: `run.${string}` | 'event.received' }>

function takeBlockEvent(view: ViewState, path: string, event: BlockEvent): void {
  const { at, type, data } = event
  const before = nodeAt(view, path)
  if (before === undefined) return
  if (!type.startsWith('ask.')) goOn(view, at)
  beginAgain(view, before, type, event.iteration, at)
  // Another one when it is of an item of a map that begins anew.
  const node = nodeAt(view, path) ?? before
  touch(view, node)
  if (asksAnew(event)) closeAsks(view, path)
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
      return activate(view, node, at, workingStatus(view, node))
    case 'step.retrying':
      node.error = data.error
      // Somebody may have asked for a round that is over.
      if (data.error.code === repeatedCode && node.repeater !== null && event.iteration !== undefined) {
        node.repeater.iteration = event.iteration
      }
      return activate(view, node, at, 'retrying')
    case 'step.completed':
      takeUsage(view, node, data.usage)
      return endStep(view, node, at, 'completed', { output: data.output })
    case 'step.failed':
      takeUsage(view, node, data.usage)
      return endStep(view, node, at, 'failed', { error: data.error })
    case 'step.skipped':
      takeUsage(view, node, data.usage)
      return endStep(view, node, at, 'skipped', { output: data.output, reason: data.reason })
    case 'step.cancelled':
      takeUsage(view, node, data.usage)
      return endStep(view, node, at, 'cancelled', { reason: data.reason, by: data.by })
    case 'ask.opened':
      openAsk(view, path, at, data)
      // A step whose end was taken back goes on without a word.
      return activate(view, node, at, 'waiting')
    case 'ask.answered':
    case 'ask.expired':
      closeAsk(view, data.ask)
      return lookAgain(view, node, at)
    case 'log':
    case 'agent.message':
      return noteLine(view, node, data.text)
    case 'agent.tool_call':
      return noteLine(view, node, `calls ${data.tool}`)
    case 'agent.tool_result':
      return noteLine(view, node, `${data.tool} ${data.failed === true ? 'failed' : 'answered'}`)
    case 'agent.handoff':
      return noteLine(view, node, `${data.from} hands over to ${data.to}`)
    case 'agent.usage':
    case 'agent.span_started':
    case 'agent.span_ended':
      return
    default:
      return type satisfies never
  }
}

function endStep(view: ViewState, node: NodeState, at: string, status: 'completed' | 'failed' | 'skipped' | 'cancelled', ending: Ending): void {
  closeAsks(view, node.path)
  settle(view, node, at, status, ending)
}

/** A step that asks waits; with its answer it works on, and so does the run. */
function lookAgain(view: ViewState, node: NodeState, at: string): void {
  if (!isActive(node.status)) return
  const status = workingStatus(view, node)
  setStatus(view, node, status, at)
  if (status === 'running') goOn(view, at)
}

function takeUsage(view: ViewState, node: NodeState, usage: UsageTotal | undefined): void {
  if (usage === undefined) return
  for (let each: NodeState | null = node; each !== null; each = each.parent) each.usage = addUsage(each.usage, usage) ?? null
  view.usage = addUsage(view.usage, usage) ?? null
}

function noteLine(view: ViewState, node: NodeState, text: string): void {
  const end = text.trimEnd()
  if (end === '') return
  const start = Math.max(end.lastIndexOf('\n'), end.lastIndexOf('\r')) + 1
  node.lastLine = end.slice(start, start + lineLimit)
  view.version += 1
  touch(view, node)
}
