/** Places that several schedulers share: agent steps of the whole process at once. */
export class SlotPool {
  readonly max: number
  #taken = 0
  readonly #waiting = new Set<() => void>()

  constructor(max: number) {
    this.max = max
  }

  tryTake(): boolean {
    if (this.#taken >= this.max) return false
    this.#taken += 1
    return true
  }

  giveBack(): void {
    this.#taken -= 1
    for (const wake of [...this.#waiting]) wake()
  }

  /** Calls back whenever a place came free. The returned function ends that. */
  onFree(wake: () => void): () => void {
    this.#waiting.add(wake)
    return () => this.#waiting.delete(wake)
  }
}

/** Decides which steps of one run may run now: first come, first served, within the run's cap and the shared pool. */
export class Scheduler {
  readonly #max: number
  readonly #pool: SlotPool
  readonly #waiting = new Map<string, boolean>()
  readonly #running = new Map<string, boolean>()

  /** `max` counts steps of the run at once. */
  constructor(max: number, pool: SlotPool) {
    this.#max = max
    this.#pool = pool
  }

  /** `pooled` steps need a place of the shared pool as well. */
  request(path: string, pooled: boolean): void {
    this.#waiting.set(path, pooled)
  }

  /** Gives up a place, or the wait for one. */
  release(path: string): void {
    this.#waiting.delete(path)
    const pooled = this.#running.get(path)
    this.#running.delete(path)
    if (pooled === true) this.#pool.giveBack()
  }

  /** Grants one place, if there is one for a waiting step; its path. A full pool holds up no step that needs none of it. */
  grant(): string | undefined {
    if (this.#running.size >= this.#max) return undefined
    for (const [path, pooled] of this.#waiting) {
      if (pooled && !this.#pool.tryTake()) continue
      this.#waiting.delete(path)
      this.#running.set(path, pooled)
      return path
    }
    return undefined
  }

  /** Gives back all places. */
  close(): void {
    for (const path of [...this.#running.keys()]) this.release(path)
    this.#waiting.clear()
  }
}
