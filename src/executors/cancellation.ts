import { CancelledError, ForkchartError } from '../errors.ts'

/** The error of work that was stopped: the one it was aborted with when that is ours, else CancelledError CANCELLED. */
export function cancellation(signal: AbortSignal): ForkchartError {
  const reason: unknown = signal.reason
  if (reason instanceof ForkchartError) return reason
  return new CancelledError('CANCELLED', 'The step was stopped before it was done.')
}

/**
 * Settles as `work` does, or rejects with the cancellation as soon as `signal` aborts. What `work` gives later is
 * dropped; only for work that cannot be made to stop.
 */
export async function orCancelled<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: cancelled, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(cancellation(signal))
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([cancelled, work])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
