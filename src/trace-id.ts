import { createHash } from 'node:crypto'

/** Ids of traces and spans, as W3C Trace Context and OpenTelemetry have them. */

/** A span that others continue. */
export interface TraceParent {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits. */
  readonly spanId: string
  /** Whether whoever gets it is to record it too. */
  readonly sampled: boolean
}

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** What a `traceparent` says; undefined when it is none. Later versions may have more fields, this one has not. */
export function parseTraceparent(text: string): TraceParent | undefined {
  const [, version = '', traceId = '', spanId = '', flags = '', more] = form.exec(text.trim()) ?? []
  if (version === '' || version === 'ff' || (version === '00' && more !== undefined)) return undefined
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceParent): string {
  return `00-${traceId}-${spanId}-0${sampled ? 1 : 0}`
}

/** The id of a run's trace: always the same for the run, another one for any other. */
export function traceIdOfRun(runId: string, createdAt: string): string {
  return hash(`${runId} ${createdAt}`, 32)
}

/** The id of the span that this event opens: whoever reads the events gets the same. A child run has the trace of its parent. */
export function spanIdOf(traceId: string, { runId, seq }: { readonly runId: string; readonly seq: number }): string {
  return hash(`${traceId} ${runId} ${seq}`, 16)
}

function hash(text: string, digits: number): string {
  const found = createHash('sha256').update(text).digest().toString('hex', 0, digits / 2)
  // All zeros are no id.
  return /^0+$/.test(found) ? `${'0'.repeat(digits - 1)}1` : found
}
