import type { EphemeralEvent, RunEvent } from '../events.ts'
import type { RunHandle } from '../hosts/host.ts'
import type { Store } from '../store/store.ts'
import { answerCommand, defaultStore } from './hints.ts'
import type { Terminal } from './terminal.ts'
import type { UiMode } from './ui.ts'

export interface ShowOptions {
  readonly ui: Exclude<UiMode, 'auto'>
  readonly store: Store
  /** Number of the last event that was shown already, in an earlier stretch of the run. */
  readonly afterSeq: number
  /** The folder of the store as the user wrote it; default: the usual one. */
  readonly storeDir?: string
  /** The run ends when only answers can go on with it: its end tells what is asked. */
  readonly noWait?: boolean
}

export type StopShowing = (when: 'now' | 'when read') => Promise<void>

/**
 * Shows a run while it goes on. `stop` is called when a person asks the screen to stop it. The returned function ends
 * the showing and resolves when the last of it is out; `when read` leaves a screen open to a person who has a log open.
 */
export async function showRun(
  handle: RunHandle, stop: () => void, options: ShowOptions, terminal: Terminal,
): Promise<StopShowing> {
  const isNew = (event: RunEvent | EphemeralEvent): boolean => 'ephemeral' in event || event.seq > options.afterSeq
  const command = answerCommand(terminal, options.storeDir ?? defaultStore)
  switch (options.ui) {
    case 'none':
      return async () => {}
    case 'json':
      return asEnd(handle.subscribe((event) => {
        if (isNew(event)) terminal.out(`${JSON.stringify(event)}\n`)
      }))
    case 'lines': {
      const { createLinePrinter } = await import('../tui/lines.ts')
      const { wantsColor } = await import('../tui/paint.ts')
      const color = terminal.errIsTerminal && wantsColor(terminal.env)
      // The printer counts what happened before, too, but does not say it again.
      let isShown = false
      const write = (line: string): void => {
        if (isShown) terminal.err(`${line}\n`)
      }
      const print = createLinePrinter(write, handle.workflow, { color, answerCommand: options.noWait === true ? null : command })
      return asEnd(handle.subscribe((event) => {
        isShown = isNew(event)
        print(event)
      }))
    }
    case 'tui': {
      const { runTui } = await import('../tui/run-tui.ts')
      const { runId, workflow } = handle
      const screen = await runTui({
        source: {
          runId,
          workflow,
          subscribe: (listener) => handle.subscribe(listener),
          readLog: (path) => options.store.readLog(runId, path),
          answerCommand: command,
        },
        onInterrupt: stop,
      })
      return (when) => (when === 'now' ? screen.close() : screen.closed)
    }
  }
}

function asEnd(unsubscribe: () => void): StopShowing {
  return async () => unsubscribe()
}
