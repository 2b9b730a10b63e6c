import { type Json, jsonFault } from './json.ts'
import type { UsageTotal } from './spec/outcome.ts'

/**
 * What a failure means for whoever handles it:
 * `usage` the caller's mistake (exit 2), `terminal` will fail again, `retryable` may succeed later,
 * `cancelled` someone stopped it.
 */
export type ErrorKind = 'usage' | 'terminal' | 'retryable' | 'cancelled'

/** A failure as data: what crosses an actor, a journal or a wire. Always JSON. */
export interface ErrorData {
  readonly code: string
  readonly kind: ErrorKind
  readonly message: string
  /** Path of the step that failed, where one did. */
  readonly path?: string
  /** The least wait before another attempt, in ms, when the other side named one (Retry-After). */
  readonly retryAfterMs?: number
  /** The failures this one sums up, in branch order. */
  readonly errors?: readonly ErrorData[]
  readonly cause?: string
  /** Facts for programs: exit code, HTTP status, schema issues. */
  readonly details?: Json
}

interface ErrorOptionsWithData {
  readonly cause?: unknown
  readonly path?: string
  readonly details?: Json
  readonly retryAfterMs?: number
  /** What the attempt used before it failed. */
  readonly usage?: UsageTotal
}

/** The base of every error thrown on purpose; `code` is stable, the message is for people. */
export abstract class ForkchartError extends Error {
  abstract readonly kind: ErrorKind
  readonly code: string
  readonly path: string | undefined
  readonly details: Json | undefined
  readonly retryAfterMs: number | undefined
  readonly usage: UsageTotal | undefined

  constructor(code: string, message: string, options: ErrorOptionsWithData = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.path = options.path
    this.details = options.details
    this.retryAfterMs = options.retryAfterMs
    this.usage = options.usage
  }
}

/** The caller asked for something that cannot be: bad spec, bad input, unknown run. */
export class UsageError extends ForkchartError {
  readonly kind = 'usage'
}

/** It failed and would fail again: validation, authentication, content filter, not found. */
export class TerminalError extends ForkchartError {
  readonly kind = 'terminal'
}

/** It failed and may succeed later: timeout, rate limit, server error, network. */
export class RetryableError extends ForkchartError {
  readonly kind = 'retryable'
}

/** It was stopped on purpose. */
export class CancelledError extends ForkchartError {
  readonly kind = 'cancelled'
}

/** Code of the failure of an attempt that was cut off with its process. */
export const interruptedCode = 'INTERRUPTED'

/** Code of what an attempt is given up with because somebody asked for another one. */
export const repeatedCode = 'RETRY_REQUESTED'

/** Thrown by a step's work to say: nothing to do here, and why. The step ends as `skipped`. */
export class StepSkipped extends Error {
  readonly reason: string
  constructor(reason: string) {
    super(reason)
    this.name = 'StepSkipped'
    this.reason = reason
  }
}

const defects = [TypeError, ReferenceError, SyntaxError, RangeError]

/** Node's error codes that mean the network or the other side was not there just now. */
const networkCodes = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'ETIMEDOUT', 'EPIPE', 'EAI_AGAIN', 'ENETUNREACH',
  'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_SOCKET',
])

/**
 * Any thrown value as data. What is already ErrorData comes back as it is. A plain Error says nothing of its kind and
 * counts as retryable, since only those who ask for retries get them; a defect of the code (TypeError and its like) and
 * what is no Error at all are terminal.
 */
export function toErrorData(error: unknown): ErrorData {
  if (isErrorData(error)) return error
  if (error instanceof ForkchartError) {
    return {
      code: error.code,
      kind: error.kind,
      message: error.message,
      ...(error.path === undefined ? {} : { path: error.path }),
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
      ...(error.details === undefined ? {} : { details: error.details }),
      ...causeOf(error),
    }
  }
  if (error instanceof StepSkipped) return { code: 'STEP_SKIPPED', kind: 'terminal', message: error.reason }
  if (error instanceof Error) {
    const nodeCode = nodeErrorCode(error) ?? nodeErrorCode(error.cause)
    if (nodeCode !== undefined && networkCodes.has(nodeCode)) {
      return { code: 'NETWORK', kind: 'retryable', message: error.message, details: { code: nodeCode } }
    }
    if (error.name === 'AbortError') return { code: 'CANCELLED', kind: 'cancelled', message: error.message }
    const kind = defects.some((defect) => error instanceof defect) ? 'terminal' : 'retryable'
    return { code: nodeCode ?? 'STEP_FAILED', kind, message: error.message || error.name, ...causeOf(error) }
  }
  return { code: 'STEP_FAILED', kind: 'terminal', message: String(error) }
}

/** The `code` that Node puts on its system errors (`ENOENT`, `ENOSPC`…), if any. */
export function nodeErrorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

function isErrorData(value: unknown): value is ErrorData {
  return (
    typeof value === 'object' && value !== null && !(value instanceof Error) &&
    'code' in value && 'kind' in value && 'message' in value && typeof value.message === 'string'
  )
}

function causeOf(error: Error): { cause?: string } {
  return error.cause instanceof Error ? { cause: jsonFault(error.cause.message) } : {}
}
