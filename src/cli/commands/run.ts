import { resolve } from 'node:path'
import { createRedactor } from '../../redact.ts'
import { loadSpec } from '../../spec/load.ts'
import { attendRun } from '../attend.ts'
import { callersSpan, createHost } from '../create-host.ts'
import type { ExitCode } from '../exit-code.ts'
import { problemList } from '../failure.ts'
import { readInput } from '../input.ts'
import { storeAt } from '../run-state.ts'
import type { Terminal } from '../terminal.ts'
import { chooseUi, type UiMode } from '../ui.ts'

export interface RunOptions {
  readonly input?: readonly string[]
  readonly runId?: string
  readonly store: string
  readonly ui: UiMode
  readonly agents?: 'scripted'
  readonly concurrency?: number
  /** False: end with `waiting` when only answers can go on with the run. */
  readonly wait: boolean
  readonly json?: true
}

/** Runs a workflow to its end and prints what it gives. */
export async function runCommand(spec: string, options: RunOptions, terminal: Terminal): Promise<ExitCode> {
  const json = options.json === true
  const ui = chooseUi(options.ui, json, terminal)
  const { workflow, file, dir, text, functions, warnings } = await loadSpec(resolve(terminal.cwd, spec), {
    hideSecrets: createRedactor(terminal.env).written,
  })
  const input = await readInput(options.input ?? [], workflow.input, terminal.cwd)
  if (ui !== 'none' && ui !== 'json') terminal.err(problemList(warnings, terminal.cwd))
  const store = storeAt(options.store, terminal.cwd)
  const host = createHost(store, terminal, functions)
  const begin = () => host.start({
    workflow,
    input,
    scripted: options.agents === 'scripted',
    specDir: dir,
    workingDir: terminal.cwd,
    source: { file, text },
    ...callersSpan(terminal),
    noWait: !options.wait,
    ...(options.runId === undefined ? {} : { runId: options.runId }),
    ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
  })
  return attendRun(begin, { ui, json, store, storeDir: options.store, noWait: !options.wait, afterSeq: 0 }, terminal)
}
