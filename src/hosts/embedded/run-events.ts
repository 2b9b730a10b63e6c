import type { EphemeralEvent, RunEvent, UnnumberedEvent } from '../../events.ts'
import { instantOf } from '../../instant.ts'
import type { EmbeddedRun } from './embedded-run.ts'

type Listener = (event: RunEvent | EphemeralEvent) => void

/**
 * The one stream of a run: events get their number here and nowhere else. Those that are on disk are kept in the journal
 * only: however long a run is, waiting for its next step costs the same.
 */
export class RunEvents {
  readonly #run: EmbeddedRun
  /** How many there were, and how many of those only the journal has. */
  #count: number
  #left = 0
  #recent: RunEvent[]
  #listeners: readonly Listener[] = []

  /** `before` are those that are in the journal. */
  constructor(run: EmbeddedRun, before: readonly RunEvent[]) {
    this.#run = run
    this.#count = before.length
    this.#recent = [...before]
  }

  /** The number of the last one. */
  get count(): number {
    return this.#count
  }

  /** Every one so far; what is no longer kept in memory is read from the journal, which blocks. Throws as `RunWriter.readEvents`. */
  all(): readonly RunEvent[] {
    return this.#left === 0 ? this.#recent : [...this.#run.options.writer.readEvents(this.#left), ...this.#recent]
  }

  /** Resolves when all so far are on disk; rejects when the store failed. */
  flushed(): Promise<void> {
    const seq = this.#count
    return this.#run.options.writer.flushed().then(() => {
      if (seq <= this.#left) return
      this.#recent = this.#recent.slice(seq - this.#left)
      this.#left = seq
    })
  }

  /** `now` is in ms since the epoch. */
  append(events: readonly UnnumberedEvent[], now: number): void {
    if (events.length === 0) return
    const { runId, options: { trace, writer } } = this.#run
    const at = instantOf(now)
    const numbered: RunEvent[] = []
    for (const event of events) {
      this.#count += 1
      const one = numberedEvent(event, { seq: this.#count, runId, at }, trace.id)
      numbered.push(one)
      this.#recent.push(one)
    }
    writer.append(numbered)
    for (const event of numbered) this.#run.take(event)
    this.#tell(numbered)
  }

  log(path: string, attempt: number, text: string, stream: 'stdout' | 'stderr' | 'log', now: number): void {
    this.#run.options.writer.log(path, text)
    if (this.#listeners.length === 0) return
    const at = instantOf(now)
    const event = { ephemeral: true, runId: this.#run.runId, at, type: 'log', path, attempt, data: { stream, text } } as const
    this.#tell([event])
  }

  /** Text of an agent as it comes in: nobody keeps it. */
  delta(path: string, attempt: number, text: string, now: number): void {
    if (this.#listeners.length === 0) return
    const at = instantOf(now)
    this.#tell([{ ephemeral: true, runId: this.#run.runId, at, type: 'agent.message', path, attempt, data: { text } }])
  }

  subscribe(listener: Listener): () => void {
    for (const event of this.all()) listener(event)
    const others = (): Listener[] => this.#listeners.filter((each) => each !== listener)
    this.#listeners = [...others(), listener]
    return () => {
      this.#listeners = others()
    }
  }

  /** What a subscriber throws is its own: it is rethrown outside the run, as for a listener of an EventTarget. */
  #tell(events: readonly (RunEvent | EphemeralEvent)[]): void {
    for (const listener of this.#listeners) {
      try {
        for (const event of events) if (this.#listeners.includes(listener)) listener(event)
      } catch (error) {
        process.nextTick(() => {
          throw error
        })
      }
    }
  }
}

/**
 * The event as it is kept: its number, run and time come first, its trace last. Those of a step are made in one go, which
 * takes a third of the time of a copy.
 */
function numberedEvent(event: UnnumberedEvent, { seq, runId, at }: Pick<RunEvent, 'seq' | 'runId' | 'at'>, traceId: string): RunEvent {
  const fields = Object.keys(event)
  if (fields.every((field, index) => field === stepFields[index]) && fields.length === stepFields.length) {
    const { path, attempt, group, branch, type, data } = event
    return { seq, runId, at, path, attempt, group, branch, type, data, traceId } as RunEvent
  }
  return Object.assign({ seq, runId, at }, event, { traceId }) as RunEvent
}

/** Of most events of most steps in groups, in this order. */
const stepFields = ['path', 'attempt', 'group', 'branch', 'type', 'data']
