import { parseDuration } from '../duration.ts'
import { bareExpression } from './expression-compile.ts'
import type { RetryPolicy } from './ir.ts'
import type { WrittenRetry } from './written-parts.ts'

const retryDefaults: RetryPolicy = { attempts: 3, initialMs: 1000, factor: 2, maxMs: 60_000, jitter: 0.1, totalMs: 300_000 }

/** What is written, with the defaults for what is not; `retries` says whether a step without any is tried again. */
export function retryOf(written: WrittenRetry | undefined, retries: boolean): RetryPolicy {
  if (written === undefined) return retries ? retryDefaults : { ...retryDefaults, attempts: 1 }
  return {
    attempts: written.attempts ?? retryDefaults.attempts,
    initialMs: milliseconds(written.initial) ?? retryDefaults.initialMs,
    factor: written.factor ?? retryDefaults.factor,
    maxMs: milliseconds(written.max) ?? retryDefaults.maxMs,
    jitter: written.jitter ?? retryDefaults.jitter,
    totalMs: milliseconds(written.total) ?? retryDefaults.totalMs,
  }
}

export function conditionOf(written: string | boolean): string {
  return bareExpression(String(written))
}

export function texts(written: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(written).map(([name, value]) => [name, String(value)]))
}

export function milliseconds(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : parseDuration(duration)
}

/** The same without the keys that are undefined, so that equal workflows look equal as JSON and as objects. */
export function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as T
}
