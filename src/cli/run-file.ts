import { resolve } from 'node:path'
import { UsageError } from '../errors.ts'
import type { RunEvent } from '../events.ts'
import { createRunId } from '../ids.ts'
import { applyEvent, createRunView, markInterrupted } from '../runtime/run-view.ts'
import { readPortableRun } from '../store/portable-run.ts'
import type { RunSpec } from '../store/store.ts'
import { describeOldRun, linesOf, saveRun } from './commands/import.ts'
import { isJsonFile, readImportFile } from './import-file.ts'
import { readOldRun } from './old-run.ts'
import type { RunState } from './run-state.ts'
import type { Terminal } from './terminal.ts'

/** A run that a file holds: an exported one, or what a state file tells of one. */
interface RunInFile {
  readonly spec: RunSpec
  readonly events: readonly RunEvent[]
  /** What a person should know of how it was read. */
  readonly lines: readonly string[]
}

/** The run as it stands by a file of that name; undefined when there is none, and a run in the store is meant. */
export async function readRunInFile(name: string, terminal: Terminal): Promise<(RunState & Pick<RunInFile, 'lines'>) | undefined> {
  const run = await runIn(name, terminal)
  if (run === undefined) return undefined
  const { spec, events, lines } = run
  const view = createRunView(spec.workflow)
  for (const event of events) applyEvent(view, event)
  markInterrupted(view)
  return { contents: { spec, events, damage: [] }, view, summary: undefined, lines }
}

/** Takes a file of that name into the store and gives the id of the run it became; undefined when there is no such file. */
export async function takeInFile(name: string, storeDir: string, terminal: Terminal): Promise<string | undefined> {
  const run = await runIn(name, terminal)
  if (run === undefined) return undefined
  await saveRun(run, storeDir, terminal)
  terminal.err(run.lines.map((line) => `${line}\n`).join(''))
  return run.spec.runId
}

async function runIn(name: string, terminal: Terminal): Promise<RunInFile | undefined> {
  const file = resolve(terminal.cwd, name)
  if (!(await isJsonFile(file))) return undefined
  const found = await readImportFile(file)
  if (found.kind === 'run') return { ...readPortableRun(found.document, file), lines: [] }
  if (found.kind === 'spec') throw new UsageError('RUN_NOT_FOUND', `${name} holds a spec, not a run: start it with \`run\`.`)
  const now = Date.now()
  const old = await readOldRun(file, found, { runId: createRunId(now), now }, terminal)
  return { spec: old.spec, events: old.events, lines: linesOf(describeOldRun(old)) }
}
