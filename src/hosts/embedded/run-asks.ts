import { TerminalError, UsageError } from '../../errors.ts'
import type { UnnumberedEvent } from '../../events.ts'
import type { Question } from '../../executors/executor.ts'
import type { Json } from '../../json.ts'
import type { RunEvent } from '../../events.ts'
import { AskBook } from '../../runtime/ask-book.ts'
import type { RunAction } from '../../run-action.ts'
import type { EmbeddedRun } from './embedded-run.ts'
import { named } from './run-actions.ts'

type Action<T extends RunAction['type']> = Omit<Extract<RunAction, { type: T }>, 'type'>

interface Waiter {
  readonly path: string
  readonly resolve: (value: Json) => void
  readonly reject: (error: unknown) => void
}

/** The questions of a run's steps under way in this process. What they are and were is in the book, which its events fill. */
export class RunAsks {
  readonly book = new AskBook()
  readonly #run: EmbeddedRun
  readonly #waiters = new Map<string, Waiter>()

  constructor(run: EmbeddedRun) {
    this.#run = run
  }

  /** Whether nothing is waited for. */
  get isIdle(): boolean {
    return this.#waiters.size === 0
  }

  /** Steps that wait for an answer now. */
  waiting(): Set<string> {
    return new Set([...this.#waiters.values()].map(({ path }) => path))
  }

  /** To be told of each event of the run in order, from the first that `isOfAsks`. */
  take(event: RunEvent): void {
    this.book.take(event)
    if (event.type === 'ask.answered') this.#end(event.data.ask, (waiter) => waiter.resolve(event.data.value))
    else if (event.type === 'ask.expired') this.#end(event.data.ask, (waiter) => waiter.reject(expired(event.data.ask)))
  }

  /** See `ExecutionContext.ask`. `number` counts the questions of the attempt that is under way at `path`, from 0. */
  async ask(path: string, number: number, question: Question, signal: AbortSignal): Promise<Json> {
    signal.throwIfAborted()
    if (this.book.entry(path, number) === undefined) this.#open(path, question)
    else this.#takeKept(path, number)
    // Whoever was told of the question may have stopped the step.
    signal.throwIfAborted()
    const entry = this.book.entry(path, number)
    if (entry === undefined) throw new TerminalError('STOPPED', 'The run is over.')
    if (entry.state === 'answered') return this.#meant(question, entry.value)
    const { ask, expiresAt } = entry.ask
    if (entry.state === 'expired') throw expired(ask)
    const { promise, resolve, reject } = Promise.withResolvers<Json>()
    const stop = (): void => this.#end(ask, (waiter) => waiter.reject(signal.reason))
    signal.addEventListener('abort', stop, { once: true })
    this.#waiters.set(ask, { path, resolve, reject })
    const cancelExpiry = expiresAt === undefined ? undefined : this.#expireAt(Date.parse(expiresAt), ask, path)
    this.#run.tellWaiting()
    try {
      return this.#meant(question, await promise)
    } finally {
      cancelExpiry?.()
      signal.removeEventListener('abort', stop)
    }
  }

  /** The option as it was asked with: in what people see, and so in what they answer, its secrets are hidden. */
  #meant({ options }: Question, answer: Json): Json {
    if (options === undefined) return answer
    const index = options.findIndex((option) => this.#run.options.redactor.json(option) === answer)
    return options[index] ?? answer
  }

  /** Throws UsageError ASK_NOT_OPEN, ANSWER_INVALID. */
  answer({ ask: id, value: given, ...action }: Action<'answer'>): void {
    const { ask, value } = this.book.answer(id, this.#run.options.redactor.json(given))
    const { expiresAt } = ask
    if (expiresAt !== undefined && Date.parse(expiresAt) <= this.#run.host.clock.now()) {
      throw new UsageError('ASK_NOT_OPEN', `The question "${id}" was to be answered until ${expiresAt}.`)
    }
    this.#run.append(() => [{ ...this.#run.engine.labelOf(ask.path), type: 'ask.answered', data: { ask: id, value, ...named(action) } }])
  }

  send({ event: name, payload: given, ...action }: Action<'send'>): void {
    const { redactor } = this.#run.options
    const event = redactor.text(name)
    const payload = redactor.json(given)
    this.#run.append((received) => {
      const waiting = this.book.open().filter((ask) => ask.event === event)
      const answers = waiting.map(({ ask, path }): UnnumberedEvent => ({
        ...this.#run.engine.labelOf(path),
        type: 'ask.answered',
        data: { ask, value: payload, received },
      }))
      return [{ type: 'event.received', data: { event, payload, ...named(action) } }, ...answers]
    })
  }

  #open(path: string, { message, schema, options, event: named, expiresMs }: Question): void {
    const { host: { clock }, options: { redactor }, engine } = this.#run
    const event = named === undefined ? undefined : redactor.text(named)
    const ask = this.book.nextId(path)
    const expiresAt = expiresMs === undefined ? undefined : new Date(clock.now() + expiresMs).toISOString()
    const data = {
      ask,
      message: redactor.text(message),
      ...(schema === undefined ? {} : { schema: redactor.json(schema as Json) as never }),
      ...(options === undefined ? {} : { options: redactor.json([...options]) as never }),
      ...(event === undefined ? {} : { event }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    }
    this.#run.append(() => {
      const opened: UnnumberedEvent = { ...engine.labelOf(path), type: 'ask.opened', data }
      const kept = event === undefined ? undefined : this.book.kept(event)
      if (kept === undefined) return [opened]
      const answer = { ask, value: kept.payload, received: kept.seq }
      return [opened, { ...engine.labelOf(path), type: 'ask.answered', data: answer }]
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
    this.#run.append(() => [{ ...this.#run.engine.labelOf(path), type: 'ask.answered', data }])
  }

  #expireAt(dueAt: number, ask: string, path: string): () => void {
    const { host: { clock }, engine } = this.#run
    const due = (): void => this.#run.append(() => [{ ...engine.labelOf(path), type: 'ask.expired', data: { ask } }])
    return clock.schedule(due, Math.max(0, dueAt - clock.now()))
  }

  #end(ask: string, settle: (waiter: Waiter) => void): void {
    const waiter = this.#waiters.get(ask)
    if (waiter === undefined) return
    this.#waiters.delete(ask)
    settle(waiter)
    this.#run.tellWaiting()
  }
}

/** Whether it is about a question, or an answer to one. */
export function isOfAsks({ type }: RunEvent): boolean {
  return type === 'ask.opened' || type === 'ask.answered' || type === 'ask.expired' || type === 'event.received'
}

function expired(ask: string): TerminalError {
  return new TerminalError('ASK_EXPIRED', `What "${ask}" waits for did not come in time.`)
}
