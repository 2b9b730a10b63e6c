import { interruptedCode } from '../errors.ts'
import type { RunEvent } from '../events.ts'
import { isWaiting } from '../spec/blocks.ts'
import type { NodeState, NodeStatus, ViewState } from './run-view-nodes.ts'

/** What is asked in a run and not answered yet. */

/** A question that is asked again under the same id takes the place of the first. */
export function openAsk(view: ViewState, path: string, at: string, data: Extract<RunEvent, { type: 'ask.opened' }>['data']): void {
  const ask = { ...data, path, openedAt: at }
  const place = view.asks.findIndex((one) => one.ask === data.ask)
  if (place < 0) view.asks.push(ask)
  else view.asks[place] = ask
}

export function closeAsk(view: ViewState, id: string): void {
  view.asks = view.asks.filter(({ ask }) => ask !== id)
}

/** Nobody needs the answers that the step at `path` was waiting for any more. */
export function closeAsks(view: ViewState, path: string): void {
  if (hasAsk(view, path)) view.asks = view.asks.filter((ask) => ask.path !== path)
}

/** Whether a step that begins another attempt asks anew: one that was cut off with its process finds its questions again. */
export function asksAnew(event: RunEvent): boolean {
  if (event.type === 'step.queued') return event.attempt === undefined
  return event.type === 'step.retrying' && event.data.error.code !== interruptedCode
}

export function hasAsk(view: ViewState, path: string): boolean {
  return view.asks.some((ask) => ask.path === path)
}

/** What a step is that has begun and not ended. */
export function workingStatus(view: ViewState, { kind, path }: NodeState): NodeStatus {
  return isWaiting(kind) || hasAsk(view, path) ? 'waiting' : 'running'
}
