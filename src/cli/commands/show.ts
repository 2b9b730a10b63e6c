import { traceOf } from '../../runtime/trace.ts'
import { runElapsedMs, runReport } from '../../runtime/run-view.ts'
import { type AnswerCommand, childAskCommand, type ChildAsks, openQuestionLines } from '../../tui/ask-text.ts'
import { renderSummary } from '../../tui/summary.ts'
import { readChildAsks } from '../child-asks.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { answerCommand } from '../hints.ts'
import { readRunInFile } from '../run-file.ts'
import { type RunState, readRun, storeAt } from '../run-state.ts'
import type { Terminal } from '../terminal.ts'
import { textTable } from '../text-table.ts'
import { traceLines } from '../trace-lines.ts'

/**
 * How a run stands: its head, its steps, its result, and the open questions with the command that answers each. With `json`
 * the object of `run --json`, whose `status` may here also be `running` or `interrupted`, with the workflow, the input, the
 * times and `asks`, and with `trace` the spans. `trace` shows when each step ran, in place of the steps. A file that holds a run, a state file
 * too, is shown as it is, without taking it in.
 */
export async function showCommand(
  runId: string, options: { readonly store: string; readonly json?: true; readonly trace?: true }, terminal: Terminal,
): Promise<ExitCode> {
  const inFile = await readRunInFile(runId, terminal)
  for (const line of inFile?.lines ?? []) terminal.err(`${line}\n`)
  const store = storeAt(options.store, terminal.cwd)
  const state = inFile ?? (await readRun(store, runId))
  const { contents: { damage }, view } = state
  const command = answerCommand(terminal, options.store)
  const childAsks = await readChildAsks(view, store)
  const spans = options.trace === true ? traceOf(state.contents.events) : undefined
  if (options.json === true) {
    const trace = spans && { trace: { traceId: spans[0]?.traceId ?? null, spans } }
    terminal.out(`${JSON.stringify({ ...asData(state, command, childAsks), ...trace }, null, 2)}\n`)
  } else if (spans !== undefined) {
    const columns = terminal.outIsTerminal ? terminal.columns : 120
    terminal.out(`${textTable(head(state))}\n${traceLines(spans, view.lastEventAt ?? '', columns).join('\n')}\n`)
  } else {
    const questions = openQuestionLines(view, command, childAsks)
    const now = state.summary?.owner == null ? undefined : Date.now()
    terminal.out([textTable(head(state)), renderSummary(view, undefined, now), ...(questions.length === 0 ? [] : ['', ...questions]), ''].join('\n'))
  }
  for (const { file, offset, message } of damage) terminal.err(`warning: ${file} is damaged at byte ${offset}: ${message}\n`)
  return exitCode.done
}

function head({ contents: { spec }, summary }: RunState): string[][] {
  const owner = summary?.owner ?? null
  return [
    ['run', spec.runId],
    ['workflow', `${spec.workflow.name}${spec.source.file === null ? '' : `  (${spec.source.file})`}`],
    ['started', spec.createdAt],
    ...(spec.parent === undefined ? [] : [['child of', `${spec.parent.runId}, step ${spec.parent.path}`]]),
    ['input', JSON.stringify(spec.input)],
    ...(owner === null ? [] : [['held by', `process ${owner.pid} on ${owner.host} since ${owner.since}`]]),
  ]
}

function asData({ contents: { spec, damage }, view, summary }: RunState, command: AnswerCommand, childAsks: ChildAsks) {
  const { runId, status: _settled, asks: _open, ...report } = runReport(view, runElapsedMs(view, Date.now()))
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
    asks: view.asks.map((ask) => ({ ...ask, command: command(spec.runId, ask) })),
    childAsks: view.childAsks.map((id) => {
      const known = childAsks.get(id)
      return { ...known, ask: id, command: childAskCommand(spec.runId, id, command, known) }
    }),
    ...report,
  }
}
