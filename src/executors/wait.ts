import type { Clock } from '../clock.ts'
import { parseDuration } from '../duration.ts'
import { TerminalError } from '../errors.ts'
import { delay } from './delay.ts'
import type { ExecutionContext, StepResult, WaitRequest } from './executor.ts'

const instant = /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/i
/** The last moment that a date can hold. */
const latest = 8_640_000_000_000_000

/**
 * Waits until the instant, or until the duration since the step's first attempt began is over: a resumed run does not
 * wait anew. The step's input is its output. An instant that has passed takes no time. Throws TerminalError
 * WAIT_INVALID; settles at once when the signal aborts.
 */
export async function executeWait(request: WaitRequest, context: ExecutionContext, clock: Clock): Promise<StepResult> {
  const due = dueAt(request.until.trim(), context.since)
  if (due === undefined) {
    throw new TerminalError(
      'WAIT_INVALID',
      `${JSON.stringify(request.until.slice(0, 100))} is nothing to wait for: write a duration such as 90s, 5m or 1h30m, ` +
        'or an instant with its time zone such as 2026-11-21T18:00:00Z.',
    )
  }
  const left = due - clock.now()
  if (left > 0) {
    context.log(`waits until ${new Date(due).toISOString()}`)
    await delay(left, clock, context.signal)
  }
  return { output: request.input }
}

/** Milliseconds since the epoch; undefined when the text is neither a duration nor an instant. */
function dueAt(until: string, since: number): number | undefined {
  const duration = parseDuration(until)
  const due = duration === undefined ? instantMs(until) : since + duration
  return due !== undefined && Math.abs(due) <= latest ? due : undefined
}

function instantMs(text: string): number | undefined {
  const [, year, month, day] = instant.exec(text) ?? []
  if (day === undefined) return undefined
  // The 30th of February would be taken for a day in March.
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  const ms = Date.parse(text.replace(',', '.'))
  return date.getUTCDate() === Number(day) && !Number.isNaN(ms) ? ms : undefined
}
