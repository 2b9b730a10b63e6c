import { formatDuration } from '../duration.ts'
import { type ErrorData, repeatedCode } from '../errors.ts'
import type { EphemeralEvent, RunEvent } from '../events.ts'
import { type Json, toText } from '../json.ts'
import { applyEvent, createRunView, nodeElapsedMs, runElapsedMs, type RunView } from '../runtime/run-view.ts'
import type { Workflow } from '../spec/ir.ts'
import { type AnswerCommand, answerLabel, askText, plainAnswerCommand } from './ask-text.ts'
import { cutCells, plainLine, shortLine } from './cells.ts'
import { endingTexts, progressText } from './count-text.ts'
import { paint, type Tone } from './paint.ts'

export interface LinePrinterOptions {
  /** Default false. */
  readonly color?: boolean
  /** Events up to this number were shown before: they count, but have no line. Default 0. */
  readonly afterSeq?: number
  /** What is typed to answer a question; null: nobody waits for answers, and whoever ends the run tells what is asked. */
  readonly answerCommand?: AnswerCommand | null
}

/**
 * A listener that writes one line for each change of a run, without a line end: the local time, the path or the run's
 * id, and what happened, two blanks apart. What steps write themselves is not repeated.
 */
export function createLinePrinter(
  write: (line: string) => void,
  workflow: Workflow,
  { color = false, afterSeq = 0, answerCommand = plainAnswerCommand }: LinePrinterOptions = {},
): (event: RunEvent | EphemeralEvent) => void {
  const view = createRunView(workflow)
  return (event) => {
    if ('ephemeral' in event) return
    applyEvent(view, event)
    if (event.seq <= afterSeq) return
    const change = changeText(view, event, answerCommand)
    if (change === undefined) return
    const [text, tone] = change
    const subject = plainLine(event.path ?? event.runId)
    write(paint([
      { text: `${localTime(event.at)}  `, tone: 'dim' },
      { text: `${subject}  `, bold: event.path === undefined },
      { text, tone },
    ], color))
  }
}

function changeText(view: RunView, event: RunEvent, answerCommand: AnswerCommand | null): [string, Tone] | undefined {
  const { type, data } = event
  const attempt = event.attempt !== undefined && event.attempt > 1 ? ` (attempt ${event.attempt})` : ''
  const round = event.iteration !== undefined && event.iteration > 1 ? ` (round ${event.iteration})` : ''
  const took = tookText(view, event)
  switch (type) {
    case 'run.started':
      return [`run of ${plainLine(data.workflow)} started${data.scripted ? ' [SCRIPTED]' : ''}`, 'plain']
    case 'run.paused':
      return [`run paused: ${plainLine(data.reason)}`, 'yellow']
    case 'run.resumed':
      return [`run resumed after event ${data.afterSeq}${againText(data.again)}`, 'plain']
    case 'run.settled':
      return [runText(view, data.error), data.status === 'done' ? 'green' : data.status === 'failed' ? 'red' : 'yellow']
    case 'group.started':
      return [`started ${countText(data.branches.length, isMap(view, event) ? 'item' : 'branch')}${round}`, 'plain']
    case 'group.joined':
      return [`${data.status}${took}: ${joinText(data)}${errorText(data.error)}`, toneOf(data.status)]
    case 'step.queued':
      return [`queued${round}`, 'dim']
    case 'step.started':
      return [`started${attempt}${round}`, 'plain']
    case 'step.retrying':
      if (data.error.code === repeatedCode) return ['to run again, as somebody asked', 'yellow']
      return [
        `retrying in ${formatDuration(data.delayMs)}, attempt ${event.attempt ?? 1} failed${errorText(data.error)}`,
        'yellow',
      ]
    case 'step.skipped':
      return [`skipped: ${shortLine(data.reason, longestReason)}`, 'dim']
    case 'step.completed':
      return [`completed${took}${attempt}${round}`, 'green']
    case 'step.failed':
      return [`failed${took}${attempt}${round}${errorText(data.error)}`, 'red']
    case 'step.cancelled':
      return [`cancelled: ${plainLine(data.reason)}`, 'yellow']
    case 'run.waiting':
      return [`run waiting for ${data.asks.length === 1 ? 'an answer' : `${data.asks.length} answers`}: ${plainLine(data.asks.join(', '))}`, 'magenta']
    case 'ask.opened': {
      if (answerCommand === null) return [data.event === undefined ? 'waits for an answer' : `waits for the event ${plainLine(data.event)}`, 'magenta']
      const ask = { ...data, path: event.path ?? '', openedAt: event.at }
      return [`${askText(ask)}; ${answerLabel(ask)}: ${answerCommand(event.runId, ask)}`, 'magenta']
    }
    case 'ask.answered':
      return [`answered: ${valueText(data.value)}`, 'plain']
    case 'ask.expired':
      return ['no answer came in time', 'yellow']
    case 'event.received':
      return [`event ${plainLine(data.event)} received: ${valueText(data.payload)}`, 'plain']
    case 'log':
    case 'agent.message':
    case 'agent.tool_call':
    case 'agent.tool_result':
    case 'agent.handoff':
    case 'agent.usage':
    case 'agent.span_started':
    case 'agent.span_ended':
      return undefined
    default:
      return type satisfies never
  }
}

function againText(again: readonly string[] | undefined): string {
  return again === undefined ? '' : `, to run again: ${plainLine(again.join(', '))}`
}

/** The longest reason of a skipped step that is shown, in cells: a condition is as long as its author likes. */
const longestReason = 100
/** The longest answer that is shown, in cells. */
const longestValue = 100

function valueText(value: Json): string {
  return cutCells(plainLine(toText(value)), longestValue)
}

function isMap(view: RunView, { path }: RunEvent): boolean {
  return path !== undefined && view.byPath.get(path)?.kind === 'map'
}

function countText(count: number, noun: 'item' | 'branch'): string {
  return `${count} ${count === 1 ? noun : noun === 'item' ? 'items' : 'branches'}`
}

function runText(view: RunView, error: ErrorData | undefined): string {
  return `run ${view.status} in ${formatDuration(runElapsedMs(view, 0))}: ${progressText(view)}${errorText(error)}`
}

function joinText(data: { completed: number; failed: number; skipped: number; cancelled: number }): string {
  return [`${data.completed} completed`, ...endingTexts(data).map(([text]) => text)].join(', ')
}

function errorText(error: ErrorData | undefined): string {
  return error === undefined ? '' : `: ${plainLine(error.code)}: ${plainLine(error.message)}`
}

function tookText(view: RunView, event: RunEvent): string {
  const node = event.path === undefined ? undefined : view.byPath.get(event.path)
  const elapsed = node === undefined ? null : nodeElapsedMs(node, 0)
  return elapsed === null ? '' : ` in ${formatDuration(elapsed)}`
}

function toneOf(status: 'completed' | 'failed' | 'skipped' | 'cancelled'): Tone {
  if (status === 'completed') return 'green'
  return status === 'failed' ? 'red' : status === 'skipped' ? 'dim' : 'yellow'
}

function localTime(at: string): string {
  const date = new Date(at)
  const two = (value: number): string => String(value).padStart(2, '0')
  const millis = String(date.getMilliseconds()).padStart(3, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${millis}`
}
