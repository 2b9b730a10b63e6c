import { interruptedCode, UsageError } from '../errors.ts'
import type { EventData, RunEvent } from '../events.ts'
import type { Json } from '../json.ts'
import { isAtOrIn } from './undo-ends.ts'
import { checkAgainstSchema, describeIssues } from '../schema-check.ts'

/** Something that a run waits for from outside: the answer of a person, or an event that a program sends. */
export interface Ask extends EventData<'ask.opened'> {
  readonly path: string
}

/** An ask of the attempts that a step makes now, in the order of its questions. */
type Entry =
  | { readonly ask: Ask; readonly state: 'open' | 'expired' }
  | { readonly ask: Ask; readonly state: 'answered'; readonly value: Json }

interface AsksOfStep {
  /** How many there were in the run. */
  readonly count: number
  /** Those of the attempts that it makes now. */
  readonly now: readonly Entry[]
}

/**
 * What a run asked, was answered and was sent, read off its events. A step that begins again after its process ended
 * finds its questions here; one that runs again for another reason asks anew.
 */
export class AskBook {
  readonly #byPath = new Map<string, AsksOfStep>()
  readonly #open = new Map<string, Ask>()
  /** Sent, and not waited for by anybody yet: the payload by the number of its event. */
  #kept: Map<number, EventData<'event.received'>> | undefined

  take(event: RunEvent): void {
    const { path = '' } = event
    switch (event.type) {
      case 'ask.opened': {
        const ask = { ...event.data, path }
        const { count, now } = this.#of(path)
        this.#open.set(ask.ask, ask)
        this.#byPath.set(path, { count: count + 1, now: now.concat({ ask, state: 'open' }) })
        return
      }
      case 'ask.answered':
        if (event.data.received !== undefined) this.#kept?.delete(event.data.received)
        return this.#close(path, event.data.ask, (ask) => ({ ask, state: 'answered', value: event.data.value }))
      case 'ask.expired':
        return this.#close(path, event.data.ask, (ask) => ({ ask, state: 'expired' }))
      case 'event.received':
        this.#kept ??= new Map()
        this.#kept.set(event.seq, event.data)
        return
      case 'step.queued':
        if (event.attempt === undefined) this.#forget(path)
        return
      case 'step.retrying':
        if (event.data.error.code !== interruptedCode) this.#forget(path)
        return
      case 'step.completed':
      case 'step.failed':
      case 'step.skipped':
      case 'step.cancelled':
        this.#forget(path)
        return
      case 'run.resumed':
        // What runs again asks anew; what came after it is to come.
        for (const block of [...(event.data.again ?? []), ...(event.data.undone ?? [])]) {
          for (const known of this.#byPath.keys()) if (isAtOrIn(known, block)) this.#forget(known)
        }
        return
      case 'run.settled':
        for (const known of this.#byPath.keys()) this.#forget(known)
        return
      default:
    }
  }

  /** In the order in which they were opened. */
  open(): Ask[] {
    return [...this.#open.values()]
  }

  /** The question with this number, from 0, of the attempts that the step at `path` makes now. */
  entry(path: string, number: number): Entry | undefined {
    return this.#of(path).now[number]
  }

  /** A name for the next question of a step: its path, with a number from the second time on. */
  nextId(path: string): string {
    const { count } = this.#of(path)
    return count === 0 ? path : `${path}~${count + 1}`
  }

  /** The number of the first event of this name that was kept. */
  kept(name: string): { readonly seq: number; readonly payload: Json } | undefined {
    for (const [seq, { event, payload }] of this.#kept ?? []) if (event === name) return { seq, payload }
    return undefined
  }

  /**
   * The open ask and the answer as it counts: a text that stands for one of the options, or for JSON that the schema
   * wants, is taken as that. Throws UsageError ASK_NOT_OPEN, ANSWER_INVALID.
   */
  answer(id: string, given: Json): { readonly ask: Ask; readonly value: Json } {
    const ask = this.#open.get(id)
    if (ask === undefined || ask.event !== undefined) {
      const open = this.open().filter(({ event }) => event === undefined).map((one) => one.ask)
      const known = open.length === 0 ? 'none is open' : `open are: ${open.join(', ')}`
      throw new UsageError('ASK_NOT_OPEN', `The run has no open question "${id}": ${known}.`)
    }
    const reasons: string[] = []
    for (const value of readings(given)) {
      const reason = whyNot(ask, value)
      if (reason === undefined) return { ask, value }
      reasons.push(reason)
    }
    // Of a text that is JSON, what is said of that is more to the point, unless a text was wanted.
    const reason = reasons[ask.options === undefined && wantsText(ask.schema) ? 0 : reasons.length - 1] ?? ''
    throw new UsageError('ANSWER_INVALID', `This is no answer to "${id}": ${reason}`, { details: { ask: id } })
  }

  #close(path: string, id: string, end: (ask: Ask) => Entry): void {
    this.#open.delete(id)
    const { count, now } = this.#of(path)
    this.#byPath.set(path, { count, now: now.map((entry) => (entry.ask.ask === id ? end(entry.ask) : entry)) })
  }

  #forget(path: string): void {
    const { count, now } = this.#of(path)
    if (now.length === 0) return
    for (const { ask } of now) this.#open.delete(ask.ask)
    this.#byPath.set(path, { count, now: [] })
  }

  #of(path: string): AsksOfStep {
    return this.#byPath.get(path) ?? noAsks
  }
}

const noAsks: AsksOfStep = { count: 0, now: [] }

/** What a value can mean: itself, and for a text also what it says as JSON. */
function readings(given: Json): Json[] {
  if (typeof given !== 'string') return [given]
  try {
    return [given, JSON.parse(given) as Json]
  } catch {
    return [given]
  }
}

function wantsText(schema: Ask['schema']): boolean {
  return typeof schema === 'object' && schema['type'] === 'string'
}

function whyNot({ options, schema }: Ask, value: Json): string | undefined {
  if (options !== undefined && !options.some((option) => option === value)) {
    return `the options are ${options.map((option) => JSON.stringify(option)).join(', ')}.`
  }
  if (schema === undefined) return undefined
  const verdict = checkAgainstSchema(schema, value)
  return verdict.ok ? undefined : `it does not fit the schema: ${describeIssues(verdict.issues)}.`
}
