import type { RunEvent } from '../../events.ts'
import { eventLine } from '../event-line.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { followRun } from '../follow-run.ts'
import { storeAt } from '../run-state.ts'
import type { Terminal } from '../terminal.ts'

export interface EventsOptions {
  readonly after: number
  readonly follow?: true
  readonly store: string
  readonly json?: true
}

/** Prints the events of a run: as lines for people, or as NDJSON. With `follow` until the run has ended, nobody reads, or no process works on it. */
export async function eventsCommand(runId: string, options: EventsOptions, terminal: Terminal): Promise<ExitCode> {
  const store = storeAt(options.store, terminal.cwd)
  const print = (event: RunEvent): void => {
    terminal.out(`${options.json === true ? JSON.stringify(event) : eventLine(event)}\n`)
  }
  if (options.follow === true) {
    for await (const event of followRun(store, runId, { afterSeq: options.after, storeDir: options.store }, terminal)) print(event)
    return exitCode.done
  }
  const { events } = await store.read(runId)
  for (const event of events) if (event.seq > options.after) print(event)
  return exitCode.done
}
