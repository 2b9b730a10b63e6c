/** The time source of a host; everything else is told the time. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Runs `callback` once after `delayMs`; the returned function cancels it. */
  schedule(callback: () => void, delayMs: number): () => void
}

/** Node's timers hold at most 2^31-1 ms; longer waits are taken in several goes. */
const longestTimer = 2_147_483_647

export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(callback, delayMs) {
    const due = Date.now() + delayMs
    let timer: NodeJS.Timeout
    const arm = (): void => {
      const left = due - Date.now()
      timer = left > longestTimer ? setTimeout(arm, longestTimer) : setTimeout(callback, Math.max(0, left))
    }
    arm()
    return () => clearTimeout(timer)
  },
}
