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

/** Steps in the order in which they came; any of them may leave. Each call costs the same however many wait. */
class WaitingLine {
  readonly #tickets = new Map<string, number>()
  #order: { readonly path: string; readonly ticket: number }[] = []
  /** Those before this one are gone. */
  #head = 0

  get size(): number {
    return this.#tickets.size
  }

  /** One that waits already keeps its place. */
  add(path: string, ticket: number): void {
    if (this.#tickets.has(path)) return
    this.#tickets.set(path, ticket)
    this.#order.push({ path, ticket })
  }

  remove(path: string): void {
    this.#tickets.delete(path)
  }

  first(): { readonly path: string; readonly ticket: number } | undefined {
    let first = this.#order[this.#head]
    while (first !== undefined && this.#tickets.get(first.path) !== first.ticket) {
      this.#head += 1
      first = this.#order[this.#head]
    }
    if (this.#head * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#head)
      this.#head = 0
    }
    return first
  }

  paths(): string[] {
    return [...this.#tickets.keys()]
  }
}

/** Decides which steps of one run may run now: first come, first served, within the run's cap and the shared pool. */
export class Scheduler {
  readonly #max: number
  readonly #pool: SlotPool
  readonly #waiting = new WaitingLine()
  /** Those that need a place of the pool as well. */
  readonly #pooled = new WaitingLine()
  #tickets = 0
  readonly #running = new Map<string, boolean>()

  /** `max` counts steps of the run at once. */
  constructor(max: number, pool: SlotPool) {
    this.#max = max
    this.#pool = pool
  }

  /** `pooled` steps need a place of the shared pool as well. */
  request(path: string, pooled: boolean): void {
    const line = pooled ? this.#pooled : this.#waiting
    line.add(path, this.#tickets++)
  }

  /** Gives up a place, or the wait for one. */
  release(path: string): void {
    this.#waiting.remove(path)
    this.#pooled.remove(path)
    const pooled = this.#running.get(path)
    this.#running.delete(path)
    if (pooled === true) this.#pool.giveBack()
  }

  /** Grants one place, if there is one for a waiting step; its path. A full pool holds up no step that needs none of it. */
  grant(): string | undefined {
    if (this.#running.size >= this.#max) return undefined
    const plain = this.#waiting.first()
    const pooled = this.#pooled.first()
    const isPooledFirst = pooled !== undefined && pooled.ticket < (plain?.ticket ?? Infinity)
    if (isPooledFirst && this.#pool.tryTake()) return this.#start(pooled.path, true)
    if (plain !== undefined) return this.#start(plain.path, false)
    return undefined
  }

  #start(path: string, pooled: boolean): string {
    const line = pooled ? this.#pooled : this.#waiting
    line.remove(path)
    this.#running.set(path, pooled)
    return path
  }

  /** Whether a step waits for a place that it could get without another step's end. */
  isWaitedFor(): boolean {
    return this.#waiting.size > 0 || this.#pooled.size > 0
  }

  /** Gives up the places, and the waits for one, of all but these. */
  keepOnly(paths: ReadonlySet<string>): void {
    for (const path of [...this.#waiting.paths(), ...this.#pooled.paths(), ...this.#running.keys()]) if (!paths.has(path)) this.release(path)
  }

  /** Gives back all places. */
  close(): void {
    this.keepOnly(new Set())
  }
}
