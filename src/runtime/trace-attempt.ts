import type { RunEvent } from '../events.ts'
import { attemptOpening, callOpening, partOpening, usageAttributes } from './trace-attributes.ts'
import { endSpan, type OpenSpan, openSpan, type Span, type SpanAttributes, type SpanEnd } from './trace-span.ts'

type Told<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>

/** An attempt that is under way, and what is done in it. */
export class AttemptTrace {
  readonly #span: OpenSpan
  /** Calls of tools, by their ids. */
  readonly #calls = new Map<string, OpenSpan>()
  /** Calls that were over before the agent's answer said that they were made. */
  readonly #called = new Set<string>()
  /** What the agent's library does, by its number. A tool stands here and among the calls. */
  readonly #parts = new Map<number, OpenSpan>()
  /** The ids of all those there were. */
  readonly #ids = new Map<number, string>()

  constructor(event: RunEvent, stepSpanId: string) {
    this.#span = openSpan(event, attemptOpening(event, stepSpanId))
  }

  /** All that is open, the attempt first. */
  open(): OpenSpan[] {
    return [this.#span, ...new Set([...this.#parts.values(), ...this.#calls.values()])]
  }

  note(at: string, name: string, attributes: SpanAttributes): void {
    this.#span.notes.push({ at, name, attributes })
  }

  use({ data }: Told<'agent.usage'>): void {
    Object.assign(this.#span.attributes, usageAttributes(data))
  }

  /** Ends it, and all that is open in it. */
  end(end: SpanEnd): Span[] {
    const [attempt, ...cut] = this.open()
    const spans = cut.toReversed().map((part) => endSpan(part, { at: end.at, status: 'unset' }))
    return attempt === undefined ? spans : [...spans, endSpan(attempt, end)]
  }

  openCall(event: Told<'agent.tool_call'>): void {
    const { call } = event.data
    if (this.#called.has(call)) return
    this.#called.add(call)
    this.#calls.set(call, openSpan(event, callOpening(event, (this.#turn() ?? this.#span).spanId)))
  }

  endCall({ at, data }: Told<'agent.tool_result'>): Span[] {
    const span = this.#calls.get(data.call)
    if (span === undefined) return []
    this.#calls.delete(data.call)
    return [endSpan(span, { at, status: data.failed === true ? 'error' : 'ok' })]
  }

  openPart(event: Told<'agent.span_started'>): void {
    const { span: number, parent, call } = event.data
    const known = call === undefined ? undefined : this.#calls.get(call)
    const around = parent === undefined ? undefined : this.#ids.get(parent)
    const span = known ?? openSpan(event, partOpening(event, around ?? this.#span.spanId))
    this.#parts.set(number, span)
    this.#ids.set(number, span.spanId)
    if (call === undefined) return
    this.#called.add(call)
    this.#calls.set(call, span)
  }

  endPart({ at, data }: Told<'agent.span_ended'>): Span[] {
    const span = this.#parts.get(data.span)
    this.#parts.delete(data.span)
    // Of a tool whose result was told before.
    if (span === undefined || span.endedAt !== null) return []
    for (const [call, each] of this.#calls) if (each === span) this.#calls.delete(call)
    const { error, attributes = {} } = data
    if (error === undefined) return [endSpan(span, { at, status: 'ok', attributes })]
    return [endSpan(span, { at, status: 'error', message: error, attributes: { 'error.type': errorType(error), ...attributes } })]
  }

  /** The turn of the agent, and not of one that its tools run, in which it is now. */
  #turn(): OpenSpan | undefined {
    return [...this.#parts.values()].find(({ kind }) => kind === 'turn')
  }
}

/** The class of an error that was made a text, as far as it shows. */
function errorType(message: string): string {
  return /^(?:Error: )?([A-Z]\w*Error)\b/.exec(message)?.[1] ?? '_OTHER'
}
