import { interruptedCode, repeatedCode } from '../../errors.ts'
import type { RunEvent } from '../../events.ts'
import { msOf } from '../../instant.ts'
import { isEnd } from '../../runtime/undo-ends.ts'

/** What is known of the starts of one step. */
export interface StepStart {
  /** Counts them, the one under way included; those that were cut off with their process count for nothing. */
  readonly turn: number
  /** When its first attempt of this round began, in ms since the epoch. */
  readonly since: number
  /** Whether it has ended and was not begun again since: what is at work all the same was taken back. */
  readonly hasEnded: boolean
  /** How often somebody had asked for something to run again when it was last begun: it is to have its effects anew. */
  readonly generation: number
  /** Number of the event that started its attempt. */
  readonly seq: number
}

/** How often each step was started in a run, and since when its attempts go on: read off the run's events. */
export class StepStarts {
  readonly #starts = new Map<string, StepStart>()
  #generation = 0

  take(event: RunEvent): void {
    const { path } = event
    if (event.type === 'run.resumed' && event.data.again !== undefined) this.#generation += 1
    if (path === undefined) return
    const known = this.#starts.get(path)
    if (event.type === 'step.retrying' && known !== undefined) {
      const { code } = event.data.error
      if (code === interruptedCode) this.#starts.set(path, { ...known, turn: known.turn - 1 })
      if (code === repeatedCode) this.#starts.set(path, { ...known, since: 0, generation: this.#generation })
    }
    if (isEnd(event) && known !== undefined) this.#starts.set(path, { ...known, hasEnded: true })
    if (event.type !== 'step.started') return
    // The first attempt of another round begins anew.
    const isFirst = known === undefined || event.attempt === 1
    const since = isFirst || known.since === 0 ? msOf(event.at) : known.since
    const generation = isFirst ? this.#generation : known.generation
    this.#starts.set(path, { turn: (known?.turn ?? 0) + 1, since, hasEnded: false, generation, seq: event.seq })
  }

  of(path: string): StepStart {
    return this.#starts.get(path) ?? { turn: 1, since: 0, hasEnded: false, generation: 0, seq: 0 }
  }
}
