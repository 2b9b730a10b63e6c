/** Places that several schedulers share: agent steps of the whole process at once. */
export class SlotPool {
  readonly max: number
  #taken = 0
  readonly #sharers = new Set<PoolSharer>()

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
    for (const sharer of [...this.#sharers]) sharer.wake()
  }

  join(sharer: PoolSharer): void {
    this.#sharers.add(sharer)
  }

  leave(sharer: PoolSharer): void {
    this.#sharers.delete(sharer)
  }
}

export interface PoolSharer {
  /** A place came free. */
  wake(): void
}

/** A step that waits for a place, or has one. */
interface Place {
  readonly path: string
  /** Counts those that came. */
  readonly ticket: number
  /** Whether it needs a place of the shared pool as well. */
  readonly pooled: boolean
  state: 'waiting' | 'running' | 'gone'
}

/** Steps in the order in which they came. Those that wait no longer are skipped: each call costs the same however many wait. */
class WaitingLine {
  #places: Place[] = []
  /** Those before this one wait no longer. */
  #head = 0

  add(place: Place): void {
    this.#places.push(place)
  }

  first(): Place | undefined {
    let first = this.#places[this.#head]
    while (first !== undefined && first.state !== 'waiting') {
      this.#head += 1
      first = this.#places[this.#head]
    }
    if (this.#head * 2 > this.#places.length) {
      this.#places = this.#places.slice(this.#head)
      this.#head = 0
    }
    return first
  }
}

/** Decides which steps of one run may run now: first come, first served, within the run's cap and the shared pool. */
export class Scheduler {
  readonly #max: number
  readonly #pool: SlotPool
  readonly #places = new Map<string, Place>()
  readonly #waiting = new WaitingLine()
  /** Those that need a place of the pool as well. */
  readonly #pooled = new WaitingLine()
  #tickets = 0
  #running = 0

  /** `max` counts steps of the run at once. */
  constructor(max: number, pool: SlotPool) {
    this.#max = max
    this.#pool = pool
  }

  /** `pooled` steps need a place of the shared pool as well. One that waits already keeps its turn; one that has a place gives it up. */
  request(path: string, pooled: boolean): void {
    if (this.#places.get(path)?.state === 'waiting') return
    this.release(path)
    const place: Place = { path, ticket: this.#tickets++, pooled, state: 'waiting' }
    this.#places.set(path, place)
    const line = pooled ? this.#pooled : this.#waiting
    line.add(place)
  }

  /** Gives up a place, or the wait for one. */
  release(path: string): void {
    const place = this.#places.get(path)
    if (place === undefined) return
    this.#places.delete(path)
    const { state } = place
    place.state = 'gone'
    if (state !== 'running') return
    this.#running -= 1
    if (place.pooled) this.#pool.giveBack()
  }

  /** Grants one place, if there is one for a waiting step; its path. A full pool holds up no step that needs none of it. */
  grant(): string | undefined {
    if (this.#running >= this.#max) return undefined
    const plain = this.#waiting.first()
    const pooled = this.#pooled.first()
    const isPooledFirst = pooled !== undefined && pooled.ticket < (plain?.ticket ?? Infinity)
    const granted = isPooledFirst && this.#pool.tryTake() ? pooled : plain
    if (granted === undefined) return undefined
    granted.state = 'running'
    this.#running += 1
    return granted.path
  }

  /** Whether a step waits for a place that it could get without another step's end. */
  isWaitedFor(): boolean {
    return this.#places.size > this.#running
  }

  /** Gives up the places, and the waits for one, of all but these. */
  keepOnly(paths: ReadonlySet<string>): void {
    for (const path of [...this.#places.keys()]) if (!paths.has(path)) this.release(path)
  }

  /** Gives back all places. */
  close(): void {
    this.keepOnly(new Set())
  }
}
