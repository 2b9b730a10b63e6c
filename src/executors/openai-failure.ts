import { ForkchartError, nodeErrorCode, RetryableError, TerminalError } from '../errors.ts'
import type { ClientLibrary } from './openai-sdk.ts'
import type { OpenAISettings } from './openai-settings.ts'
import { retryAfterMs } from './retry-after.ts'

interface HttpError extends Error {
  readonly status: number
  readonly headers?: Headers
}

/** What a failed request or agent run means for the step. Messages never hold the key. */
export function openaiFailure(error: unknown, settings: OpenAISettings, library: ClientLibrary, now: number): Error {
  if (error instanceof ForkchartError) return error
  if (!(error instanceof Error)) return new TerminalError('AGENT_FAILED', String(error))
  const where = `The model service at ${settings.host}`
  if (isHttpError(error)) return httpFailure(error, where, settings, now)
  if (isA(error, library.APIConnectionTimeoutError)) {
    return new RetryableError('TIMEOUT', `${where} did not answer in time.`, { cause: error })
  }
  if (isA(error, library.APIConnectionError)) {
    const why = rootCause(error)
    const code = nodeErrorCode(why) ?? null
    return new RetryableError('NETWORK', `${where} cannot be reached: ${why.message || code || 'connection error'}`, {
      cause: error,
      details: { code },
    })
  }
  switch (error.constructor.name) {
    case 'ModelRefusalError':
      return new TerminalError('CONTENT_FILTER', `The model refused: ${error.message}`, { cause: error })
    case 'MaxTurnsExceededError':
      return new TerminalError('MAX_TURNS', `${error.message}. Raise \`max_turns\` of the step.`, { cause: error })
    case 'ModelBehaviorError':
      return new TerminalError(
        error.message.startsWith('Invalid output type') ? 'OUTPUT_NOT_JSON' : 'AGENT_FAILED',
        `The model did not answer as it was asked to: ${error.message}`,
        { cause: error },
      )
    default:
      return new TerminalError('AGENT_FAILED', error.message, { cause: error })
  }
}

function httpFailure(error: HttpError, where: string, { model }: OpenAISettings, now: number): Error {
  const { status } = error
  const reason = nodeErrorCode(error) ?? null
  const wait = error.headers === undefined ? undefined : retryAfterMs(error.headers, now)
  const options = { cause: error, details: { status, reason }, ...(wait === undefined ? {} : { retryAfterMs: wait }) }
  const said = `${where} answered ${error.message}`
  if (reason === 'insufficient_quota' || status === 402) {
    return new TerminalError('QUOTA_EXCEEDED', `${said}. Raise the quota of the account or use another key.`, options)
  }
  if (status === 429) return new RetryableError('RATE_LIMIT', said, options)
  if (status === 408) return new RetryableError('TIMEOUT', said, options)
  if (status === 409 || status >= 500) return new RetryableError('SERVER_ERROR', said, options)
  if (status === 401 || status === 403) return new TerminalError('AUTH', `${said}. Check OPENAI_API_KEY.`, options)
  if (status === 404) {
    return new TerminalError('NOT_FOUND', `${said}. Check the model "${model}" and the base URL.`, options)
  }
  const isFiltered = reason !== null && /content_?(?:filter|policy)/i.test(reason)
  return new TerminalError(isFiltered ? 'CONTENT_FILTER' : 'BAD_REQUEST', said, options)
}

/** Without narrowing: all of these are just errors to the compiler. */
function isA(error: Error, kind: new (...args: never[]) => Error): boolean {
  return error instanceof kind
}

function isHttpError(error: Error): error is HttpError {
  return 'status' in error && typeof error.status === 'number'
}

function rootCause(error: Error): Error {
  let cause = error
  while (cause.cause instanceof Error) cause = cause.cause
  return cause
}
