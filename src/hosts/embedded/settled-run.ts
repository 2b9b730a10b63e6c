import { UsageError } from '../../errors.ts'
import type { RunEvent } from '../../events.ts'
import type { RunContents } from '../../store/store.ts'
import type { RunHandle, RunSettlement } from '../host.ts'

/** A run that had ended before: nothing is left to do. */
export function settledRun(contents: RunContents, last: Extract<RunEvent, { type: 'run.settled' }>): RunHandle {
  const { status, output, error } = last.data
  const settlement: RunSettlement = {
    status,
    ...(output === undefined ? {} : { output }),
    ...(error === undefined ? {} : { error }),
  }
  return {
    runId: contents.spec.runId,
    workflow: contents.spec.workflow,
    settled: Promise.resolve(settlement),
    subscribe(listener) {
      for (const event of contents.events) listener(event)
      return () => {}
    },
    cancel: () => {},
    act: async () => {
      throw new UsageError('RUN_SETTLED', `The run ${contents.spec.runId} is over.`)
    },
    interrupt: async () => {},
  }
}
