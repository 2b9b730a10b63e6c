import type { RunEvent } from '../events.ts'
import type { Json } from '../json.ts'
import { isEmpty, isSharable } from './shared-json.ts'

/** The value of an event that the tree takes over: the run's input, what a step gave. Undefined for other events. */
export function valueIn(event: RunEvent | undefined): Json | undefined {
  if (event?.type === 'run.started') return event.data.input
  return event?.type === 'step.completed' ? event.data.output : undefined
}

/**
 * Which event of the journal holds a value of the tree, by the value itself: checkpoints name the event instead of
 * holding a copy. It keeps what it knows in memory, so it is to be told from time to time what is still in use.
 */
export class EventValues {
  #seqs: Map<object | string, number> | undefined

  /** To be told of each event of the run. */
  take(event: RunEvent): void {
    const value = valueIn(event)
    if (!isSharable(value) || isEmpty(value)) return
    this.#seqs ??= new Map()
    if (!this.#seqs.has(value)) this.#seqs.set(value, event.seq)
  }

  /**
   * As it is up to the event `lastSeq`, for one checkpoint. Once that is written, `keep` forgets what was known by then
   * and was not asked for.
   */
  upTo(lastSeq: number): { readonly seqOf: (part: object | string) => number | undefined; readonly keep: () => void } {
    const used = new Map<object | string, number>()
    return {
      seqOf: (part) => {
        const seq = this.#seqs?.get(part)
        if (seq === undefined || seq > lastSeq) return undefined
        used.set(part, seq)
        return seq
      },
      keep: () => {
        for (const [value, seq] of this.#seqs ?? []) if (seq > lastSeq) used.set(value, seq)
        this.#seqs = used
      },
    }
  }
}
