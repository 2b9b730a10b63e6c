import type { Clock } from '../../clock.ts'
import { TerminalError, UsageError } from '../../errors.ts'
import type { UnnumberedEvent } from '../../events.ts'
import type { Question } from '../../executors/executor.ts'
import type { Json } from '../../json.ts'
import type { Redactor } from '../../redact.ts'
import type { RunEvent } from '../../events.ts'
import { AskBook } from '../../runtime/ask-book.ts'

export interface RunAsksOptions {
  readonly clock: Clock
  readonly redactor: Redactor
  /** Adds what `make` gives to the journal; `next` is the number that the first event will have. */
  readonly append: (make: (next: number) => UnnumberedEvent[]) => void
  /** The fields that place an event of the step at this path. */
  readonly labelOf: (path: string) => { readonly path: string }
  /** Called when a step begins or ends to wait. */
  readonly changed: () => void
}

interface Waiter {
  readonly path: string
  readonly resolve: (value: Json) => void
  readonly reject: (error: unknown) => void
}

/** The questions of a run's steps under way in this process. What they are and were is in the book, which its events fill. */
export class RunAsks {
  #book: AskBook | undefined
  readonly #o: RunAsksOptions
  readonly #waiters = new Map<string, Waiter>()
  /** How many questions the attempt under way of each step has asked. */
  readonly #asked = new Map<string, number>()

  constructor(options: RunAsksOptions) {
    this.#o = options
  }

  /** Opened with the first question: most runs have none. */
  get book(): AskBook {
    this.#book ??= new AskBook()
    return this.#book
  }

  /** Whether nothing is waited for. */
  get isIdle(): boolean {
    return this.#waiters.size === 0
  }

  /** Steps that wait for an answer now. */
  waiting(): Set<string> {
    return new Set([...this.#waiters.values()].map(({ path }) => path))
  }

  /** To be told of each event of the run, in order. */
  take(event: RunEvent): void {
    if (this.#book !== undefined || isOfAsks(event)) this.book.take(event)
    if (event.type === 'step.started') this.#asked.delete(event.path ?? '')
    else if (event.type === 'ask.answered') this.#end(event.data.ask, (waiter) => waiter.resolve(event.data.value))
    else if (event.type === 'ask.expired') this.#end(event.data.ask, (waiter) => waiter.reject(expired(event.data.ask)))
  }

  /** See `ExecutionContext.ask`. */
  async ask(path: string, question: Question, signal: AbortSignal): Promise<Json> {
    signal.throwIfAborted()
    const number = this.#asked.get(path) ?? 0
    this.#asked.set(path, number + 1)
    if (this.book.entry(path, number) === undefined) this.#open(path, question)
    else this.#takeKept(path, number)
    // Whoever was told of the question may have stopped the step.
    signal.throwIfAborted()
    const entry = this.book.entry(path, number)
    if (entry === undefined) throw new TerminalError('STOPPED', 'The run is over.')
    if (entry.state === 'answered') return entry.value
    const { ask, expiresAt } = entry.ask
    if (entry.state === 'expired') throw expired(ask)
    const { promise, resolve, reject } = Promise.withResolvers<Json>()
    const stop = (): void => this.#end(ask, (waiter) => waiter.reject(signal.reason))
    signal.addEventListener('abort', stop, { once: true })
    this.#waiters.set(ask, { path, resolve, reject })
    const cancelExpiry = expiresAt === undefined ? undefined : this.#expireAt(Date.parse(expiresAt), ask, path)
    this.#o.changed()
    try {
      return await promise
    } finally {
      cancelExpiry?.()
      signal.removeEventListener('abort', stop)
    }
  }

  /** Throws UsageError ASK_NOT_OPEN, ANSWER_INVALID. */
  answer(id: string, given: Json): void {
    const { ask, value } = this.book.answer(id, this.#o.redactor.json(given))
    const { expiresAt } = ask
    if (expiresAt !== undefined && Date.parse(expiresAt) <= this.#o.clock.now()) {
      throw new UsageError('ASK_NOT_OPEN', `The question "${id}" was to be answered until ${expiresAt}.`)
    }
    this.#o.append(() => [{ ...this.#o.labelOf(ask.path), type: 'ask.answered', data: { ask: id, value } }])
  }

  send(event: string, given: Json): void {
    const payload = this.#o.redactor.json(given)
    this.#o.append((received) => {
      const waiting = this.book.open().filter((ask) => ask.event === event)
      const answers = waiting.map(({ ask, path }): UnnumberedEvent => ({
        ...this.#o.labelOf(path),
        type: 'ask.answered',
        data: { ask, value: payload, received },
      }))
      return [{ type: 'event.received', data: { event, payload } }, ...answers]
    })
  }

  #open(path: string, { message, schema, options, event, expiresMs }: Question): void {
    const { clock, redactor, append, labelOf } = this.#o
    const ask = this.book.nextId(path)
    const expiresAt = expiresMs === undefined ? undefined : new Date(clock.now() + expiresMs).toISOString()
    const data = {
      ask,
      message: redactor.text(message),
      ...(schema === undefined ? {} : { schema: schema as never }),
      ...(options === undefined ? {} : { options: [...options] }),
      ...(event === undefined ? {} : { event }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    }
    append(() => {
      const opened: UnnumberedEvent = { ...labelOf(path), type: 'ask.opened', data }
      const kept = event === undefined ? undefined : this.book.kept(event)
      if (kept === undefined) return [opened]
      const answer = { ask, value: kept.payload, received: kept.seq }
      return [opened, { ...labelOf(path), type: 'ask.answered', data: answer }]
    })
  }

  /** The process may have ended between an event's being received and its being handed on. */
  #takeKept(path: string, number: number): void {
    const entry = this.book.entry(path, number)
    if (entry?.state !== 'open' || entry.ask.event === undefined) return
    const { ask, event } = entry.ask
    const kept = this.book.kept(event)
    if (kept === undefined) return
    const data = { ask, value: kept.payload, received: kept.seq }
    this.#o.append(() => [{ ...this.#o.labelOf(path), type: 'ask.answered', data }])
  }

  #expireAt(dueAt: number, ask: string, path: string): () => void {
    const { clock, append, labelOf } = this.#o
    const due = (): void => append(() => [{ ...labelOf(path), type: 'ask.expired', data: { ask } }])
    return clock.schedule(due, Math.max(0, dueAt - clock.now()))
  }

  #end(ask: string, settle: (waiter: Waiter) => void): void {
    const waiter = this.#waiters.get(ask)
    if (waiter === undefined) return
    this.#waiters.delete(ask)
    settle(waiter)
    this.#o.changed()
  }
}

function isOfAsks({ type }: RunEvent): boolean {
  return type === 'ask.opened' || type === 'ask.answered' || type === 'ask.expired' || type === 'event.received'
}

function expired(ask: string): TerminalError {
  return new TerminalError('ASK_EXPIRED', `What "${ask}" waits for did not come in time.`)
}
