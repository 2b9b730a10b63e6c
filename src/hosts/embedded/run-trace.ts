import { UsageError } from '../../errors.ts'
import type { RunEvent } from '../../events.ts'
import type { Redactor } from '../../redact.ts'
import { formatTraceparent, parseTraceparent, spanIdOf, traceIdOfRun } from '../../trace-id.ts'
import type { StartOptions } from '../host.ts'

const noOrigin = {}

/** The trace that a run belongs to: its own, or that of whoever started it. */
export class RunTrace {
  readonly id: string
  /** What the run continues, for its first event. */
  readonly origin: { readonly traceparent?: string; readonly requestId?: string }
  readonly #runId: string
  readonly #sampled: boolean

  /** `events` are those before, of a run that goes on: its trace does too. */
  constructor(run: { readonly runId: string; readonly createdAt: string }, events: readonly RunEvent[], origin: RunTrace['origin']) {
    const first = events[0]
    const { traceparent, requestId } = first?.type === 'run.started' ? first.data : origin
    const parent = traceparent === undefined ? undefined : parseTraceparent(traceparent)
    this.origin = traceparent === undefined && requestId === undefined
      ? noOrigin
      : { ...(traceparent === undefined ? {} : { traceparent }), ...(requestId === undefined ? {} : { requestId }) }
    this.#runId = run.runId
    this.#sampled = parent?.sampled ?? true
    this.id = first?.traceId ?? parent?.traceId ?? traceIdOfRun(run.runId, run.createdAt)
  }

  /** The `traceparent` for what is done in the span that the event with this number opened. */
  traceparent(seq: number): string {
    const spanId = spanIdOf(this.id, { runId: this.#runId, seq })
    return formatTraceparent({ traceId: this.id, spanId, sampled: this.#sampled })
  }
}

/** What a run continues. Throws UsageError TRACEPARENT_INVALID. */
export function originOf(
  { traceparent, requestId }: Pick<StartOptions, 'traceparent' | 'requestId'>,
  redactor: Redactor,
): RunTrace['origin'] {
  if (traceparent !== undefined && parseTraceparent(traceparent) === undefined) {
    throw new UsageError(
      'TRACEPARENT_INVALID',
      `${JSON.stringify(traceparent.slice(0, 100))} is no traceparent: write 00-<32 hexadecimal digits>-<16 of them>-01, or leave it out.`,
    )
  }
  return { ...(traceparent === undefined ? {} : { traceparent: traceparent.trim() }), ...(requestId === undefined ? {} : { requestId: redactor.text(requestId) }) }
}
