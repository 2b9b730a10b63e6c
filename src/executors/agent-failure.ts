import { textStart } from '../cut-text.ts'
import { type ForkchartError, RetryableError, TerminalError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { UsageTotal } from '../spec/outcome.ts'

interface FailureOptions {
  readonly cause?: unknown
  readonly details?: Json
  readonly usage?: UsageTotal
}

/** What programs of agents say when they fail, from the most telling on. What is not here is terminal. */
const kinds: readonly (readonly [code: string, retryable: boolean, pattern: RegExp, advice?: string])[] = [
  ['QUOTA_EXCEEDED', false, /usage limit|insufficient.?quota|quota exceeded|exceeded your (?:current )?quota|credit balance|billing|\b402\b/i, 'Wait for the limit to end, raise it, or use another account.'],
  ['RATE_LIMIT', true, /rate.?limit|too many requests|resource.?exhausted|\b429\b/i],
  ['AUTH', false, /not logged in|log ?in\b|auth(?:entication|orization)?[ _-]?(?:required|failed|error|method)|invalid (?:x-)?api[ _-]?key|api key|unauthori[sz]ed|forbidden|\b40[13]\b/i, 'Log in with its own command, or set its key in the environment.'],
  ['CONTENT_FILTER', false, /content.?(?:filter|policy)|(?:model|agent|request) (?:was )?refused|refusal|safety (?:filter|setting|reason)/i],
  ['MAX_TURNS', false, /max(?:imum)?.?(?:number of )?(?:session )?turns|turn limit/i, 'Raise `max_turns` of the step, or ask for less.'],
  ['NOT_FOUND', false, /model.{0,80}(?:not found|does not exist|not supported|unknown)|(?:unknown|invalid) model|\b404\b/i, 'Check the `model` of the agent.'],
  ['TIMEOUT', true, /timed? ?out|deadline exceeded|ETIMEDOUT/i],
  ['NETWORK', true, /ECONN\w+|ENOTFOUND|EAI_AGAIN|network|socket hang up|fetch failed|connection (?:error|reset|refused|closed)|stream (?:error|disconnected|ended unexpectedly)/i],
  ['SERVER_ERROR', true, /overloaded|internal server error|bad gateway|service unavailable|\b5(?:00|02|03|04|29)\b/i],
]

/** What the text of a failure means for the step; its code is AGENT_FAILED when nothing is known of it. */
export function agentFailure(who: string, said: string, options: FailureOptions = {}): ForkchartError {
  const text = textStart(said.trim(), 1000)
  const known = kinds.find(([, , pattern]) => pattern.test(text))
  const message = `${who} failed: ${text === '' ? 'it did not say why' : text}${/[.!?]$/.test(text) ? '' : '.'}`
  if (known === undefined) return new TerminalError('AGENT_FAILED', message, options)
  const [code, retryable, , advice] = known
  const full = advice === undefined ? message : `${message} ${advice}`
  if (!retryable) return new TerminalError(code, full, options)
  const wait = waitIn(text)
  return new RetryableError(code, full, { ...options, ...(wait === undefined ? {} : { retryAfterMs: wait }) })
}

const longestWait = 24 * 3_600_000
const waiting = /(?:retry|try again)[- ]?(?:after|in)\D{0,3}(\d+(?:\.\d+)?) ?(?:(ms|milli)|(h)|(m)|s)?/i

/** How long a text says to wait, in ms: `retry after 20 seconds`, `try again in 1.5s`, `Retry-After: 7`. */
function waitIn(text: string): number | undefined {
  const found = waiting.exec(text)
  if (found === null) return undefined
  const [, count, milliseconds, hours, minutes] = found
  const unit = milliseconds !== undefined ? 1 : hours !== undefined ? 3_600_000 : minutes !== undefined ? 60_000 : 1000
  return Math.min(Math.ceil(Number(count) * unit), longestWait)
}
