import type { Clock } from '../clock.ts'
import { cancellation } from './cancellation.ts'

/** Resolves after `ms` by the clock; rejects with the cancellation as soon as `signal` aborts and leaves no timer. */
export function delay(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(cancellation(signal))
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const stop = (): void => {
    unschedule()
    reject(cancellation(signal))
  }
  const unschedule = clock.schedule(() => {
    signal.removeEventListener('abort', stop)
    resolve()
  }, ms)
  signal.addEventListener('abort', stop, { once: true })
  return promise
}
