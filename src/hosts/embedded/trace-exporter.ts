import type { Clock } from '../../clock.ts'
import type { EphemeralEvent, RunEvent } from '../../events.ts'
import { otlpRequest } from '../../runtime/otlp.ts'
import { Trace } from '../../runtime/trace.ts'
import type { Span } from '../../runtime/trace-span.ts'
import type { TraceTarget } from './trace-target.ts'

export interface TraceExporterOptions {
  readonly target: TraceTarget
  readonly clock: Clock
  /** Number of the last event whose spans an earlier process has sent. */
  readonly after: number
  /** Told once when spans could not be sent. */
  readonly onFailure?: ((message: string) => void) | undefined
}

/** Undefined when nobody wants them sent. */
export function exporterTo(target: TraceTarget | undefined, options: Omit<TraceExporterOptions, 'target'>): TraceExporter | undefined {
  return target === undefined ? undefined : new TraceExporter({ target, ...options })
}

/** How long spans wait to be sent together, and how long sending may take, in ms. */
const gatherMs = 1000
const sendMs = 5000
/** Most spans of a request, and most that are kept while nobody takes them. */
const requestSize = 512
const mostKept = 8192

/**
 * Sends the spans of one run over OTLP/HTTP as they end. What could not be sent is sent with the next; the run neither waits
 * for it, but for `sendMs` at its end, nor fails by it.
 */
export class TraceExporter {
  readonly #o: TraceExporterOptions
  readonly #trace = new Trace()
  #waiting: Span[] = []
  #sending: Promise<void> = Promise.resolve()
  #cancelTimer: (() => void) | undefined
  #told = false

  constructor(options: TraceExporterOptions) {
    this.#o = options
  }

  take(event: RunEvent | EphemeralEvent): void {
    if ('ephemeral' in event) return
    const ended = this.#trace.take(event)
    if (event.seq <= this.#o.after) return
    for (const span of ended) if (span.traceId !== '') this.#waiting.push(span)
    if (this.#waiting.length > mostKept) this.#waiting = this.#waiting.slice(-mostKept)
    if (this.#waiting.length > 0) this.#cancelTimer ??= this.#o.clock.schedule(() => void this.flush(), gatherMs)
  }

  /** Resolves when all that has ended was sent, or could not be. */
  flush(): Promise<void> {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#sending = this.#sending.then(() => this.#sendAll())
    return this.#sending
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, requestSize)
      const { problem, again } = await this.#send(batch)
      if (problem !== undefined) this.#tell(problem)
      if (!again) continue
      this.#waiting = [...batch, ...this.#waiting].slice(-mostKept)
      return
    }
  }

  async #send(spans: readonly Span[]): Promise<{ readonly problem?: string; readonly again: boolean }> {
    const { url, headers, service } = this.#o.target
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(otlpRequest(spans, service)),
        signal: AbortSignal.timeout(sendMs),
        redirect: 'error',
      })
      await response.body?.cancel()
      if (response.ok) return { again: false }
      // What the other side says of the spans themselves stays so.
      return { problem: `it answered ${response.status}`, again: response.status === 429 || response.status >= 500 }
    } catch (error) {
      const { name, cause, message } = error as Error
      const why = name === 'TimeoutError' ? 'it did not answer in time' : cause instanceof Error ? cause.message : message
      return { problem: why, again: true }
    }
  }

  #tell(problem: string): void {
    if (this.#told) return
    this.#told = true
    const { origin, pathname } = new URL(this.#o.target.url)
    this.#o.onFailure?.(`Traces could not be sent to ${origin}${pathname}: ${problem}. The run goes on without.`)
  }
}
