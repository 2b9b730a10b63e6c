import type { Clock } from '../../clock.ts'

/** The timers of a run's actors that are due in this process. */
export class RunTimers {
  readonly #clock: Clock
  readonly #onDue: (actor: string, timer: string) => void
  readonly #disarm = new Map<string, () => void>()

  constructor(clock: Clock, onDue: (actor: string, timer: string) => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** `dueAt` is in ms since the epoch; one that has passed is due at once. Replaces a timer of the same name. */
  arm(actor: string, timer: string, dueAt: number): void {
    this.disarm(actor, timer)
    const key = timerKey(actor, timer)
    const due = (): void => {
      this.#disarm.delete(key)
      this.#onDue(actor, timer)
    }
    this.#disarm.set(key, this.#clock.schedule(due, Math.max(0, dueAt - this.#clock.now())))
  }

  disarm(actor: string, timer: string): void {
    const key = timerKey(actor, timer)
    this.#disarm.get(key)?.()
    this.#disarm.delete(key)
  }

  /** Whether a timer is armed whose id the test holds for. */
  has(isWanted: (timer: string) => boolean): boolean {
    for (const key of this.#disarm.keys()) if (isWanted(key.slice(key.indexOf('\n') + 1))) return true
    return false
  }

  disarmAll(): void {
    for (const disarm of this.#disarm.values()) disarm()
    this.#disarm.clear()
  }
}

function timerKey(actor: string, timer: string): string {
  return `${actor}\n${timer}`
}

/** Whether it is the timer of the wait before another attempt. */
export function isBackoff(timer: string): boolean {
  return timer.startsWith('xstate.after.backoff')
}
