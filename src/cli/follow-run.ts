import type { RunEvent } from '../events.ts'
import type { Store } from '../store/store.ts'
import { resumeCommand, showCommand } from './hints.ts'
import type { Terminal } from './terminal.ts'

export interface FollowOptions {
  readonly afterSeq: number
  /** The folder of the store as the user wrote it. */
  readonly storeDir: string
}

/**
 * The events of a run as they are written, by whatever process, until the run has ended or nobody reads. When no process
 * works on it, it ends too, and says so on stderr.
 */
export async function* followRun(store: Store, runId: string, options: FollowOptions, terminal: Terminal): AsyncGenerator<RunEvent> {
  const signal = terminal.outClosed
  let last: RunEvent | undefined
  for await (const event of store.follow(runId, { afterSeq: 0, signal, whileWritten: true })) {
    last = event
    if (event.seq > options.afterSeq) yield event
  }
  if (last?.type === 'run.settled' || signal.aborted) return
  const waits = last?.type === 'run.waiting' ? `it waits for answers, \`${showCommand(terminal, runId, options.storeDir)}\` tells which; ` : ''
  terminal.err(`no process works on the run ${runId}: ${waits}to go on: ${resumeCommand(terminal, runId, options.storeDir)}\n`)
}
