import { runElapsedMs, runReport } from '../../runtime/run-view.ts'
import { renderSummary } from '../../tui/summary.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { type RunState, readRun, storeAt } from '../run-state.ts'
import type { Terminal } from '../terminal.ts'
import { textTable } from '../text-table.ts'

/**
 * How a run stands: its head, its steps, its result. With `json` the object of `run --json`, whose `status` may here
 * also be `running` or `interrupted`, with the workflow, the input and the times.
 */
export async function showCommand(
  runId: string, options: { readonly store: string; readonly json?: true }, terminal: Terminal,
): Promise<ExitCode> {
  const state = await readRun(storeAt(options.store, terminal.cwd), runId)
  const { contents: { damage }, view } = state
  if (options.json === true) terminal.out(`${JSON.stringify(asData(state), null, 2)}\n`)
  else terminal.out(`${textTable(head(state))}\n${renderSummary(view)}\n`)
  for (const { file, offset, message } of damage) terminal.err(`warning: ${file} is damaged at byte ${offset}: ${message}\n`)
  return exitCode.done
}

function head({ contents: { spec }, summary }: RunState): string[][] {
  const owner = summary?.owner ?? null
  return [
    ['run', spec.runId],
    ['workflow', `${spec.workflow.name}${spec.source.file === null ? '' : `  (${spec.source.file})`}`],
    ['started', spec.createdAt],
    ['input', JSON.stringify(spec.input)],
    ...(owner === null ? [] : [['held by', `process ${owner.pid} on ${owner.host} since ${owner.since}`]]),
  ]
}

function asData({ contents: { spec, damage }, view, summary }: RunState) {
  const { runId, status: _settled, ...report } = runReport(view, runElapsedMs(view, Date.now()))
  return {
    runId: runId === '' ? spec.runId : runId,
    status: view.status,
    workflow: spec.workflow.name,
    input: spec.input,
    createdAt: spec.createdAt,
    startedAt: view.startedAt,
    endedAt: view.endedAt,
    lastEventAt: view.lastEventAt,
    owner: summary?.owner ?? null,
    damage,
    ...report,
  }
}
