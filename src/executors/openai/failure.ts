import { CancelledError, ForkchartError, nodeErrorCode, RetryableError, TerminalError } from '../../errors.ts'
import type { UsageTotal } from '../../spec/outcome.ts'
import type { Unfinished } from './events.ts'
import type { ClientLibrary } from './sdk.ts'
import type { OpenAISettings } from './settings.ts'
import { ToolStop } from './tools.ts'
import { retryAfterMs } from '../retry-after.ts'

interface HttpError extends Error {
  readonly status: number
  readonly headers?: Headers
}

export interface FailureContext {
  readonly settings: OpenAISettings
  readonly library: ClientLibrary
  readonly now: number
  /** What the service said of its last answer when it did not finish it. */
  readonly unfinished: Unfinished | undefined
  readonly usage: UsageTotal | undefined
}

/** What a failed request or agent run means for the step, with what was used until then. Messages never hold the key. */
export function openaiFailure(thrown: unknown, context: FailureContext): Error {
  const error = reasonOf(thrown)
  const failure = error instanceof ForkchartError ? error : failureOf(error, context)
  return context.usage === undefined ? failure : withUsage(failure, context.usage)
}

/** What a tool threw on purpose comes wrapped by the SDK. */
function reasonOf(thrown: unknown): unknown {
  for (let error = thrown; error instanceof Error; ) {
    if (error instanceof ToolStop) return error.reason
    if ('error' in error && error.error instanceof Error) error = error.error
    else error = error.cause
  }
  return thrown
}

function withUsage(failure: ForkchartError, usage: UsageTotal): ForkchartError {
  const { code, message, cause, path, details, retryAfterMs: wait } = failure
  const options = {
    usage,
    cause,
    ...(path === undefined ? {} : { path }),
    ...(details === undefined ? {} : { details }),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  }
  switch (failure.kind) {
    case 'retryable':
      return new RetryableError(code, message, options)
    case 'cancelled':
      return new CancelledError(code, message, options)
    default:
      return new TerminalError(code, message, options)
  }
}

function failureOf(error: unknown, context: FailureContext): ForkchartError {
  if (!(error instanceof Error)) return new TerminalError('AGENT_FAILED', String(error))
  const { settings, library, unfinished } = context
  const where = `The model service at ${settings.host}`
  if (isHttpError(error)) return httpFailure(error, where, context)
  if (isA(error, library.APIConnectionTimeoutError)) {
    return new RetryableError('TIMEOUT', `${where} did not answer in time.`, { cause: error })
  }
  const why = rootCause(error)
  const code = nodeErrorCode(why) ?? null
  if (isA(error, library.APIConnectionError) || /^(?:E[A-Z]+|UND_ERR_\w+)$/.test(code ?? '')) {
    return new RetryableError('NETWORK', `${where} cannot be reached: ${why.message || code || 'connection error'}`, {
      cause: error,
      details: { code },
    })
  }
  if (isA(error, library.APIError)) return streamFailure(`${where} broke off: ${error.message}`, codeOf(error), error)
  if (unfinished !== undefined) return streamFailure(`${where} did not finish its answer: ${unfinished.code}`, unfinished.code, error)
  switch (error.constructor.name) {
    case 'ModelRefusalError':
      return new TerminalError('CONTENT_FILTER', `The model refused: ${error.message}`, { cause: error })
    case 'ModelTimeoutError':
      return new RetryableError('TIMEOUT', `${where} did not answer in time.`, { cause: error })
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

function httpFailure(error: HttpError, where: string, { settings, now }: FailureContext): ForkchartError {
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
  if (status === 401 || status === 403) return new TerminalError('AUTH', `${said}. ${settings.keyAdvice}`, options)
  if (status === 404) {
    return new TerminalError('NOT_FOUND', `${said}. Check the model "${settings.model}" and the base URL.`, options)
  }
  return new TerminalError(isFiltered(reason ?? '') ? 'CONTENT_FILTER' : 'BAD_REQUEST', said, options)
}

/** An answer that had begun. */
function streamFailure(message: string, code: string, cause: Error): ForkchartError {
  const options = { cause, details: { reason: code } }
  if (isFiltered(code)) return new TerminalError('CONTENT_FILTER', message, options)
  if (/max_output_tokens/.test(code)) {
    return new TerminalError('OUTPUT_CUT', `${message}. Raise \`maxTokens\` in the settings of the agent.`, options)
  }
  if (/quota/.test(code)) return new TerminalError('QUOTA_EXCEEDED', message, options)
  if (/rate_limit/.test(code)) return new RetryableError('RATE_LIMIT', message, options)
  if (/invalid/.test(code)) return new TerminalError('BAD_REQUEST', message, options)
  return new RetryableError('SERVER_ERROR', message, options)
}

function isFiltered(code: string): boolean {
  return /content_?(?:filter|policy)/i.test(code)
}

function codeOf(error: Error): string {
  const { code, type } = error as { readonly code?: unknown; readonly type?: unknown }
  return [code, type].find((one) => typeof one === 'string' && one !== '') as string | undefined ?? 'unknown'
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
