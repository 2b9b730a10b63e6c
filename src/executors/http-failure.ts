import { textStart } from '../cut-text.ts'
import { ForkchartError, nodeErrorCode, RetryableError, TerminalError } from '../errors.ts'
import { retryAfterMs } from './retry-after.ts'

const shown = 300

/** What an answer that is no success means for the step. `start` is the start of its body. */
export function answerFailure(response: Response, start: string, what: string, now: number): ForkchartError {
  const { status, statusText, headers } = response
  const wait = retryAfterMs(headers, now)
  const options = { details: { status }, ...(wait === undefined ? {} : { retryAfterMs: wait }) }
  const said = `${what} answered ${`${status} ${statusText}`.trimEnd()}${quoted(start)}`
  if (status === 429) return new RetryableError('RATE_LIMIT', said, options)
  if (status === 408 || status === 425 || status >= 500) return new RetryableError('SERVER_ERROR', said, options)
  if (status === 401 || status === 403) {
    return new TerminalError('AUTH', `${said}. Check the credentials in \`headers\`.`, options)
  }
  if (status === 404 || status === 410) return new TerminalError('NOT_FOUND', `${said}. Check \`url\`.`, options)
  return new TerminalError(`HTTP_${status}`, said, options)
}

/** What an error of fetch, or of reading its answer, means for the step. */
export function requestFailure(error: unknown, what: string): unknown {
  if (error instanceof ForkchartError || !(error instanceof Error)) return error
  const why = rootCause(error)
  const code = nodeErrorCode(why)
  if (code === undefined) {
    // Nothing of the network: a request that fetch will not make, or redirects without end.
    return new TerminalError('REQUEST_INVALID', `${what} cannot be sent: ${why.message}`, { cause: error })
  }
  const message = `${what} failed: ${why.message || code}`
  return new RetryableError('NETWORK', message, { cause: error, details: { code } })
}

function quoted(start: string): string {
  const line = start.replace(/\s+/g, ' ').trim()
  if (line === '') return ''
  return `: ${line.length > shown ? `${textStart(line, shown)}…` : line}`
}

function rootCause(error: Error): Error {
  let cause = error
  while (cause.cause instanceof Error) cause = cause.cause
  return cause
}
