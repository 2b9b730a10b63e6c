import type { RunEvent } from '../events.ts'
import type { RunSummary } from './store.ts'

/**
 * What a list says of a run, by its last event and the one before it. One that was stopped while nothing but answers could
 * go on with it still waits for them.
 */
export function runStatus(
  last: RunEvent | undefined, before: RunEvent | undefined, isWritten: boolean,
): Exclude<RunSummary['status'], 'damaged'> {
  if (last?.type === 'run.settled') return last.data.status
  if (isWritten) return 'running'
  const standing = last?.type === 'run.paused' ? before : last
  return standing?.type === 'run.waiting' ? 'waiting' : 'interrupted'
}
