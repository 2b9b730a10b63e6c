import type { RunEvent } from '../events.ts'
import { spanIdOf } from '../trace-id.ts'

/** One piece of work of a run, as tracing tools know it. */
export interface Span {
  readonly traceId: string
  readonly spanId: string
  /** Of the span around it, which may be of whoever started the run; null for none. */
  readonly parentSpanId: string | null
  /** Those from `agent` on are inside of an attempt, as the agent's library has them; so are tools. */
  readonly kind: 'run' | 'group' | 'step' | 'attempt' | 'tool' | 'agent' | 'turn' | 'model' | 'handoff' | 'guardrail' | 'mcp' | 'custom'
  readonly name: string
  /** Path of the block; null for the run. */
  readonly path: string | null
  /** ISO 8601. */
  readonly startedAt: string
  /** Null while it goes on. */
  readonly endedAt: string | null
  readonly status: 'unset' | 'ok' | 'error'
  /** Of an error. */
  readonly message: string | null
  /** Names of OpenTelemetry where there are such (`gen_ai.*`, `error.type`), else `forkchart.*`. */
  readonly attributes: SpanAttributes
  readonly notes: readonly SpanNote[]
}

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>

/** Something that happened in a span. */
export interface SpanNote {
  readonly at: string
  readonly name: string
  readonly attributes: SpanAttributes
}

/** A span that goes on. */
export type OpenSpan = { -readonly [K in keyof Span]: Span[K] } & { notes: SpanNote[]; attributes: Record<string, string | number | boolean> }

export interface SpanEnd {
  readonly at: string
  readonly status: Span['status']
  readonly message?: string
  readonly attributes?: SpanAttributes
}

/** Where a span opens. */
export type Opening = Pick<Span, 'kind' | 'name' | 'path' | 'parentSpanId'> & { readonly attributes: SpanAttributes }

/** Without ids when the event is of a run from before there were traces. */
export function openSpan(event: RunEvent, opening: Opening): OpenSpan {
  const traceId = event.traceId ?? ''
  return {
    ...opening,
    traceId,
    spanId: traceId === '' ? '' : spanIdOf(traceId, event),
    startedAt: event.at,
    endedAt: null,
    status: 'unset',
    message: null,
    attributes: { ...opening.attributes },
    notes: [],
  }
}

export function endSpan(span: OpenSpan, { at, status, message, attributes }: SpanEnd): Span {
  span.endedAt = at
  span.status = status
  span.message = message ?? null
  Object.assign(span.attributes, attributes)
  return span
}
