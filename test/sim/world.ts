import type { Clock } from '../../src/clock.ts'
import type { Dice } from './dice.ts'
import { SimDisk } from './disk.ts'

/** A simulated operating-system process. What a dead one was about to do never happens. */
export interface SimProcess {
  readonly id: number
  /** Where it runs; on another machine nobody can look whether it is alive. */
  readonly machine: string
  alive: boolean
  /** Stopped, as by SIGSTOP: what is due waits until it goes on. */
  stopped: boolean
  /** How far its wall clock is off, in ms. */
  skewMs: number
  readonly held: Due[]
}

interface Due {
  readonly at: number
  readonly order: number
  readonly process: SimProcess | undefined
  readonly callback: () => void
  cancelled: boolean
}

/** Something that is done to the world at one of its moments. */
export type Incident = (moment: Moment) => void

/** What is about to happen when an incident strikes. */
export interface Moment {
  readonly process: SimProcess
  readonly what: 'read' | 'write' | 'sync' | 'name' | 'effect'
}

const realImmediate = setImmediate
/** A simulated day: whatever has not ended by then hangs. */
const longestMs = 86_400_000

/**
 * Time, processes and a disk. One thing happens at a time, in an order that the dice decide; between two of them all
 * promises that can settle do. Whoever asks for the world as it is (the file system, timers) finds it in `theWorld`.
 */
export class World {
  readonly dice: Dice
  readonly disk = new SimDisk()
  now = Date.UTC(2026, 0, 1)
  /** On whose behalf things happen right now. */
  current: SimProcess | undefined
  /** What came to the disk or to an effect so far. */
  moments = 0
  /** Asked at each moment. */
  incident: Incident = () => {}
  diskFull = false
  /** Nothing can be written and no name changed, on a disk that was mounted anew so. */
  readOnly = false
  /** Whether anybody leaves messages for those who work on a run. */
  hasVisitors = false
  readonly #heap: Due[] = []
  readonly #began = this.now
  readonly #processes: SimProcess[] = []
  readonly #random: Dice

  constructor(dice: Dice) {
    this.dice = dice
    this.#random = dice.fork()
  }

  spawn(machine: string, skewMs = 0): SimProcess {
    const process = { id: this.#processes.length + 1, machine, alive: true, stopped: false, skewMs, held: [] }
    this.#processes.push(process)
    return process
  }

  processOf(id: number): SimProcess | undefined {
    return this.#processes[id - 1]
  }

  killAll(): void {
    for (const process of this.#processes) process.alive = false
  }

  clockOf(process: SimProcess): Clock {
    return {
      now: () => this.now + process.skewMs,
      schedule: (callback, delayMs) => this.after(delayMs, process, callback),
    }
  }

  after(delayMs: number, process: SimProcess | undefined, callback: () => void): () => void {
    // Whole ms, so that things coincide; of those the dice choose.
    const due: Due = { at: this.now + Math.max(0, Math.ceil(delayMs)), order: this.#random.next(), process, callback, cancelled: false }
    push(this.#heap, due)
    return () => {
      due.cancelled = true
    }
  }

  /** What a stopped process was in the middle of comes first when it goes on, in its order. */
  hold(process: SimProcess, callback: () => void): void {
    process.held.push({ at: this.now, order: 0, process, callback, cancelled: false })
  }

  /** Something reaches the disk or starts an effect: the moment at which things go wrong. */
  moment(process: SimProcess, what: Moment['what']): void {
    this.moments += 1
    this.incident({ process, what })
  }

  resume(process: SimProcess): void {
    process.stopped = false
    // In the order in which it was due.
    for (const [ms, { callback, cancelled }] of process.held.splice(0).entries()) if (!cancelled) this.after(ms, process, callback)
  }

  /** Lets the next thing happen. False when nothing is left that could, or a day has passed. */
  async step(): Promise<boolean> {
    const due = pop(this.#heap)
    if (due === undefined || due.at > this.#began + longestMs) return false
    if (due.cancelled || due.process?.alive === false) return true
    if (due.process?.stopped === true) {
      due.process.held.push(due)
      return true
    }
    this.now = Math.max(this.now, due.at)
    this.current = due.process
    due.callback()
    // By the next macrotask all that follows without the disk or time has happened.
    await new Promise((resolve) => void realImmediate(resolve))
    this.current = undefined
    return true
  }

  /** Hexadecimal digits that the seed decides. */
  digits(count: number): string {
    let text = ''
    while (text.length < count) text += this.#random.roll(0x1_0000).toString(16).padStart(4, '0')
    return text.slice(0, count)
  }
}

let world: World | undefined

export function enterWorld(next: World | undefined): void {
  world = next
}

/** The process on whose behalf the caller runs, and its world. Throws where there is none: then something outlived its run. */
export function here(): { readonly world: World; readonly process: SimProcess } {
  if (world?.current === undefined) throw new Error('nothing of the simulation runs here')
  return { world, process: world.current }
}

export function isAnywhere(): boolean {
  return world?.current !== undefined
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

function push(heap: Due[], due: Due): void {
  let at = heap.length
  while (at > 0) {
    const parent = (at - 1) >> 1
    const above = heap[parent]
    if (above === undefined || !isBefore(due, above)) break
    heap[at] = above
    at = parent
  }
  heap[at] = due
}

function pop(heap: Due[]): Due | undefined {
  const [first] = heap
  const last = heap.pop()
  if (first === undefined || last === undefined || heap.length === 0) return first
  let at = 0
  for (;;) {
    let child = at * 2 + 1
    const [left, right] = [heap[child], heap[child + 1]]
    if (left === undefined) break
    let least = left
    if (right !== undefined && isBefore(right, left)) {
      child += 1
      least = right
    }
    if (!isBefore(least, last)) break
    heap[at] = least
    at = child
  }
  heap[at] = last
  return first
}
