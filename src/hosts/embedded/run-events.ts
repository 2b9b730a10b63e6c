import type { EphemeralEvent, RunEvent, UnnumberedEvent } from '../../events.ts'
import type { RunWriter } from '../../store/store.ts'

type Listener = (event: RunEvent | EphemeralEvent) => void

/**
 * The one stream of a run: events get their number here and nowhere else. Those that a checkpoint covers are kept in the
 * journal only.
 */
export class RunEvents {
  readonly #runId: string
  readonly #traceId: string
  readonly #writer: RunWriter
  /** How many there were, and how many of those only the journal has. */
  #count = 0
  #left = 0
  #recent: RunEvent[]
  readonly #listeners = new Set<Listener>()
  /** Told of each event before anybody else. */
  readonly #took: (event: RunEvent) => void

  constructor(run: { readonly runId: string; readonly traceId: string }, writer: RunWriter, before: readonly RunEvent[], took: (event: RunEvent) => void) {
    this.#runId = run.runId
    this.#traceId = run.traceId
    this.#writer = writer
    this.#recent = [...before]
    this.#count = before.length
    this.#took = took
    for (const event of before) took(event)
  }

  /** The number of the last one. */
  get count(): number {
    return this.#count
  }

  /** Every one so far; what is no longer kept in memory is read from the journal, which blocks. Throws as `RunWriter.readEvents`. */
  all(): readonly RunEvent[] {
    return this.#left === 0 ? this.#recent : [...this.#writer.readEvents(this.#left), ...this.#recent]
  }

  /** Keeps those up to this one in memory no longer. They must be flushed. */
  leaveToJournal(seq: number): void {
    if (seq <= this.#left) return
    this.#recent = this.#recent.slice(seq - this.#left)
    this.#left = seq
  }

  /** `now` is in ms since the epoch. */
  append(events: readonly UnnumberedEvent[], now: number): void {
    if (events.length === 0) return
    const at = new Date(now).toISOString()
    const numbered = events.map(
      (event, index) => ({ seq: this.#count + index + 1, runId: this.#runId, at, ...event, traceId: this.#traceId }) as RunEvent,
    )
    // One by one: a turn of a wide group has more events than a call may have arguments.
    for (const event of numbered) this.#recent.push(event)
    this.#count += numbered.length
    this.#writer.append(numbered)
    for (const event of numbered) this.#took(event)
    this.#tell(numbered)
  }

  log(path: string, attempt: number, text: string, stream: 'stdout' | 'stderr' | 'log', now: number): void {
    this.#writer.log(path, text)
    if (this.#listeners.size === 0) return
    const at = new Date(now).toISOString()
    const event = { ephemeral: true, runId: this.#runId, at, type: 'log', path, attempt, data: { stream, text } } as const
    this.#tell([event])
  }

  /** Text of an agent as it comes in: nobody keeps it. */
  delta(path: string, attempt: number, text: string, now: number): void {
    if (this.#listeners.size === 0) return
    const at = new Date(now).toISOString()
    this.#tell([{ ephemeral: true, runId: this.#runId, at, type: 'agent.message', path, attempt, data: { text } }])
  }

  subscribe(listener: Listener): () => void {
    if (this.#left > 0) for (const event of this.#writer.readEvents(this.#left)) listener(event)
    for (const event of this.#recent) listener(event)
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What a subscriber throws is its own: it is rethrown outside the run, as for a listener of an EventTarget. */
  #tell(events: readonly (RunEvent | EphemeralEvent)[]): void {
    for (const listener of [...this.#listeners]) {
      try {
        for (const event of events) if (this.#listeners.has(listener)) listener(event)
      } catch (error) {
        process.nextTick(() => {
          throw error
        })
      }
    }
  }
}
