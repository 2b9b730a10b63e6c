import type { Span, SpanAttributes } from './trace-span.ts'

/** Spans as OTLP over HTTP has them, in its JSON form (opentelemetry-proto 1.x, `ExportTraceServiceRequest`). */

const kinds = { internal: 1, server: 2, client: 3 } as const
const statusCodes = { unset: 0, ok: 1, error: 2 } as const

/** `service` is what calls itself the sender. */
export function otlpRequest(spans: readonly Span[], service: string): object {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributesOf({ 'service.name': service }) },
        scopeSpans: [{ scope: { name: 'forkchart' }, spans: spans.map(otlpSpan) }],
      },
    ],
  }
}

function otlpSpan(span: Span): object {
  const { traceId, spanId, parentSpanId, name, startedAt, endedAt, attributes, notes } = span
  return {
    traceId,
    spanId,
    ...(parentSpanId === null ? {} : { parentSpanId }),
    name,
    kind: kindOf(span),
    startTimeUnixNano: nanoseconds(startedAt),
    endTimeUnixNano: nanoseconds(endedAt ?? startedAt),
    attributes: attributesOf(attributes),
    events: notes.map((note) => ({
      name: note.name,
      timeUnixNano: nanoseconds(note.at),
      attributes: attributesOf(note.attributes),
    })),
    status: { code: statusCodes[span.status], ...(span.message === null ? {} : { message: span.message }) },
  }
}

/** Whoever started the run waits for it as for a server; agents and models are asked as one asks a server. */
function kindOf({ kind, parentSpanId, attributes }: Span): number {
  if (kind === 'run' && parentSpanId !== null) return kinds.server
  if (kind === 'model' || kind === 'mcp') return kinds.client
  return kind === 'attempt' && 'gen_ai.agent.name' in attributes ? kinds.client : kinds.internal
}

function attributesOf(attributes: SpanAttributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: valueOf(value) }))
}

/** Whole numbers are 64 bits wide there: JSON has them as text. */
function valueOf(value: string | number | boolean): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}

function nanoseconds(at: string): string {
  return `${Date.parse(at)}000000`
}
