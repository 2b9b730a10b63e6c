import type { RunHandle, RunSettlement, RunStatus } from '../hosts/host.ts'
import { applyEvent, createRunView, runElapsedMs, runReport, type RunView } from '../runtime/run-view.ts'
import { type ExitCode, exitCode } from './exit-code.ts'
import { readChildAsks } from './child-asks.ts'
import { answerCommand, resumeCommand } from './hints.ts'
import { onInterrupt } from './interruption.ts'
import { type ShowOptions, showRun } from './show-run.ts'
import type { Terminal } from './terminal.ts'
import { printable } from './text-table.ts'

export interface AttendOptions extends ShowOptions {
  /** Print the result as one object. */
  readonly json: boolean
  /** The folder of the store as the user wrote it. */
  readonly storeDir: string
}

const codes: Readonly<Record<RunStatus, ExitCode>> = {
  done: exitCode.done,
  failed: exitCode.failed,
  cancelled: exitCode.failed,
  waiting: exitCode.waiting,
  interrupted: exitCode.interrupted,
}

/**
 * Starts a run and stays with it to its end: shows it, stops it in good order on Ctrl-C, prints the result. What the
 * run gave goes to stdout, all else to stderr. Rejects with what `begin` throws, or when the store failed.
 */
export async function attendRun(
  begin: () => Promise<RunHandle>, options: AttendOptions, terminal: Terminal,
): Promise<ExitCode> {
  let handle: RunHandle | undefined
  let isStopping = false
  const stop = (): void => {
    // A person who presses twice will not wait; what is on disk can be resumed all the same.
    if (isStopping) process.exit(exitCode.interrupted)
    isStopping = true
    if (terminal.errIsTerminal && options.ui !== 'tui') terminal.err('stopping… (Ctrl-C again to leave at once)\n')
    void handle?.interrupt()
  }
  const stopListening = onInterrupt(stop)
  try {
    if (options.ui === 'tui') await (await import('../tui/run-tui.ts')).preloadTui()
    handle = await begin()
    if (isStopping) void handle.interrupt()
    return await watchToEnd(handle, stop, options, terminal)
  } finally {
    stopListening()
  }
}

async function watchToEnd(
  handle: RunHandle, stop: () => void, options: AttendOptions, terminal: Terminal,
): Promise<ExitCode> {
  const view = createRunView(handle.workflow)
  const unsubscribe = handle.subscribe((event) => applyEvent(view, event))
  const hint = resumeCommand(terminal, handle.runId, options.storeDir)
  let settlement: RunSettlement
  try {
    const stopShowing = await showRun(handle, stop, options, terminal)
    try {
      settlement = await handle.settled
    } catch (error) {
      await stopShowing('now')
      throw error
    }
    await stopShowing(settlement.status === 'interrupted' || settlement.status === 'waiting' ? 'now' : 'when read')
  } catch (error) {
    await handle.interrupt()
    terminal.err(`what was saved of the run can be resumed: ${hint}\n`)
    throw error
  } finally {
    unsubscribe()
  }
  await printEnd(view, options, terminal)
  if (settlement.status === 'waiting') {
    const { openQuestionLines } = await import('../tui/ask-text.ts')
    const command = answerCommand(terminal, options.storeDir)
    const questions = openQuestionLines(view, command, await readChildAsks(view, options.store))
    terminal.err(`${['', ...questions, ''].join('\n')}`)
    terminal.err(`the run waits and is saved. To go on, with the answers or to wait for them:\n${hint}\n`)
  }
  if (settlement.status === 'interrupted') terminal.err(`${view.reason ?? 'interrupted'}; all that was done is saved. To go on:\n${hint}\n`)
  return codes[settlement.status]
}

async function printEnd(view: RunView, { ui, json }: AttendOptions, terminal: Terminal): Promise<void> {
  const output = view.status === 'done' ? (view.output ?? null) : null
  const isSummed = ui === 'lines' || ui === 'tui' || (ui === 'none' && terminal.errIsTerminal && !json)
  if (isSummed) {
    const { renderSummary } = await import('../tui/summary.ts')
    // Without the output: it follows whole, on stdout.
    terminal.err(`${renderSummary({ ...view, output: undefined }, terminal.errIsTerminal ? terminal.columns : undefined)}\n${output === null ? '' : '\n'}`)
  }
  if (json) terminal.out(`${JSON.stringify(runReport(view, runElapsedMs(view, Date.now())), null, 2)}\n`)
  else if (ui !== 'json' && output !== null) terminal.out(printable(output))
}
