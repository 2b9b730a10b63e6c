import { interruptedCode } from '../../errors.ts'
import type { RunEvent } from '../../events.ts'

/** How often each step was started in a run, and since when its attempts go on: read off the run's events. */
export class StepStarts {
  readonly #starts = new Map<string, { turn: number; since: number }>()

  take(event: RunEvent): void {
    if (event.type === 'step.retrying' && event.data.error.code === interruptedCode) this.#forget(event.path)
    if (event.type !== 'step.started' || event.path === undefined) return
    const known = this.#starts.get(event.path)
    // The first attempt of another round begins anew.
    const since = known === undefined || event.attempt === 1 ? Date.parse(event.at) : known.since
    this.#starts.set(event.path, { turn: (known?.turn ?? 0) + 1, since })
  }

  /** An attempt that was cut off with its process counts for nothing. */
  #forget(path: string | undefined): void {
    const known = path === undefined ? undefined : this.#starts.get(path)
    if (path !== undefined && known !== undefined) this.#starts.set(path, { ...known, turn: known.turn - 1 })
  }

  /** `turn` counts the starts, the one under way included; `since` is when its first attempt began, in ms since the epoch. */
  of(path: string): { readonly turn: number; readonly since: number } {
    return this.#starts.get(path) ?? { turn: 1, since: 0 }
  }
}
