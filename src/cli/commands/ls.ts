import { type ExitCode, exitCode } from '../exit-code.ts'
import { storeAt } from '../run-state.ts'
import type { RunSummary } from '../../store/store.ts'
import type { Terminal } from '../terminal.ts'
import { textTable } from '../text-table.ts'

/** Lists the runs of a store, newest first; with `json` as one array of RunSummary. */
export async function lsCommand(
  options: { readonly store: string; readonly json?: true }, terminal: Terminal,
): Promise<ExitCode> {
  const runs = await storeAt(options.store, terminal.cwd).list()
  if (options.json === true) {
    terminal.out(`${JSON.stringify(runs, null, 2)}\n`)
    return exitCode.done
  }
  if (runs.length === 0) terminal.err(`no runs in ${options.store}\n`)
  else {
    const rows = runs.map((run) => [run.runId, run.status, run.createdAt.slice(0, 19).replace('T', ' '), `${run.workflow}${childText(run)}`])
    terminal.out(textTable([['RUN', 'STATUS', 'CREATED (UTC)', 'WORKFLOW'], ...rows]))
  }
  return exitCode.done
}

function childText({ parent }: RunSummary): string {
  return parent == null ? '' : `  (child of ${parent.runId}, step ${parent.path})`
}
