import type { Clock } from '../clock.ts'

/** A clock that stands still until it is told to move. */
export interface VirtualClock extends Clock {
  /** Timers that have not fired and were not cancelled. */
  readonly pending: number
  /** Moves on by so many ms and fires, in the order of their times, all timers due by then, new ones too. */
  advance(ms: number): void
  /**
   * Fires timers in order, each at its time, until none is left. Throws after 100,000 of them: something then
   * re-arms itself for ever.
   */
  runAll(): void
}

interface Timer {
  readonly due: number
  readonly order: number
  readonly callback: () => void
}

const mostTimers = 100_000

/** Timers fire inside `advance` and `runAll`, never by themselves. Equal times fire in the order they were set. */
export function createVirtualClock(start = 0): VirtualClock {
  const timers = new Set<Timer>()
  let time = start
  let order = 0

  function next(until: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of timers) {
      if (timer.due > until) continue
      if (first === undefined || timer.due < first.due || (timer.due === first.due && timer.order < first.order)) {
        first = timer
      }
    }
    return first
  }

  function fireUntil(until: number): void {
    let fired = 0
    for (let timer = next(until); timer !== undefined; timer = next(until)) {
      fired += 1
      if (fired > mostTimers) throw new Error(`More than ${mostTimers} timers fired: something re-arms itself for ever.`)
      timers.delete(timer)
      time = Math.max(time, timer.due)
      timer.callback()
    }
  }

  return {
    now: () => time,
    schedule(callback, delayMs) {
      order += 1
      const timer = { due: time + Math.max(0, delayMs), order, callback }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    get pending() {
      return timers.size
    },
    advance(ms) {
      const until = time + ms
      fireUntil(until)
      time = until
    },
    runAll() {
      fireUntil(Number.POSITIVE_INFINITY)
    },
  }
}
