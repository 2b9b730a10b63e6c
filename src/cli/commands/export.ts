import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { giveBack } from '../../old-state/give-back.ts'
import { runElapsedMs } from '../../runtime/run-view.ts'
import { parseSpec } from '../../spec/load.ts'
import { writePortableRun } from '../../store/portable-run.ts'
import { runFolder } from '../../store/run-folder.ts'
import type { RunSpec } from '../../store/store.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { writeOutput } from '../output-file.ts'
import { readRun, storeAt } from '../run-state.ts'
import type { Terminal } from '../terminal.ts'

export interface ExportOptions {
  readonly format: 'run' | 'orchestration-state'
  readonly output?: string
  readonly store: string
  readonly json?: true
}

/** Writes a run as one file: one that `import` takes in elsewhere, or the state file of file-based orchestration. */
export async function exportCommand(runId: string, options: ExportOptions, terminal: Terminal): Promise<ExitCode> {
  const { contents: { spec, events, damage }, view } = await readRun(storeAt(options.store, terminal.cwd), runId)
  for (const { file, offset, message } of damage) terminal.err(`warning: ${file} is damaged at byte ${offset}: ${message}\n`)
  const text =
    options.format === 'run'
      ? writePortableRun(spec, await journalLines(resolve(terminal.cwd, options.store), runId, events.length))
      : `${JSON.stringify(giveBack({ spec, events, view, elapsedMs: runElapsedMs(view, Date.now()) }, isStageOrder(spec)), null, 2)}\n`
  if (options.output === undefined) {
    terminal.out(text)
    return exitCode.done
  }
  const file = resolve(terminal.cwd, options.output)
  await writeOutput(file, text)
  if (options.json === true) terminal.out(`${JSON.stringify({ runId, format: options.format, file }, null, 2)}\n`)
  else terminal.err(`wrote ${options.output}\n`)
  return exitCode.done
}

/** The lines of the events as they stand in the journal, which may have more by now. */
async function journalLines(storeDir: string, runId: string, count: number): Promise<string[]> {
  return (await readFile(runFolder(storeDir, runId).journal, 'utf8')).split('\n').slice(0, count)
}

/** Whether the spec that the user wrote is a `stages.yaml`. */
function isStageOrder({ source: { file, text } }: RunSpec): boolean {
  const name = file ?? 'stages.yaml'
  if (!/\.(ya?ml|json)$/i.test(name)) return false
  try {
    return parseSpec(text, { file: name, format: name.toLowerCase().endsWith('.json') ? 'json' : 'yaml' }).dialect === 'stage-order'
  } catch {
    return false
  }
}
