import { resolve } from 'node:path'
import { createRunId, runIdPattern } from '../../ids.ts'
import { UsageError } from '../../errors.ts'
import type { RunEvent } from '../../events.ts'
import { specApart } from '../../hosts/embedded/spec-secrets.ts'
import { createRedactor } from '../../redact.ts'
import { readPortableRun, renamedRun } from '../../store/portable-run.ts'
import type { RunSpec } from '../../store/store.ts'
import { readConfig } from '../config-file.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import { problemList } from '../failure.ts'
import { translatedSpec } from '../foreign-spec.ts'
import { resumeCommand } from '../hints.ts'
import { readImportFile } from '../import-file.ts'
import { type OldRun, readOldRun } from '../old-run.ts'
import { writeOutput } from '../output-file.ts'
import { storeAt } from '../run-state.ts'
import type { Terminal } from '../terminal.ts'
import { plainLine } from '../../tui/cells.ts'

export interface ImportOptions {
  readonly spec?: string
  readonly input?: readonly string[]
  readonly runId?: string
  readonly agents?: 'scripted'
  readonly output?: string
  readonly store: string
  readonly json?: true
}

/**
 * Takes a file in by what it is: a state file or an exported run becomes a run that can be resumed, a spec of another
 * form is written in our own language. The file itself is never changed.
 */
export async function importCommand(name: string, options: ImportOptions, terminal: Terminal): Promise<ExitCode> {
  const file = resolve(terminal.cwd, name)
  const found = await readImportFile(file)
  if (found.kind === 'spec') return importSpec(file, options, terminal)
  if (options.output !== undefined) throw new UsageError('USAGE', `${name} becomes a run: --output is for specs. Use --store and --run-id.`)
  if (found.kind === 'run') {
    const run = readPortableRun(found.document, file)
    const renamed = options.runId === undefined ? run : renamedRun(run, checkedId(options.runId))
    await saveRun(renamed, options.store, terminal)
    const settled = renamed.events.at(-1)?.type === 'run.settled'
    return report({ kind: 'run', runId: renamed.spec.runId, events: renamed.events.length, settled }, options, terminal)
  }
  const now = Date.now()
  const runId = options.runId === undefined ? createRunId(now) : checkedId(options.runId)
  const { spec, input, agents } = options
  const old = await readOldRun(file, found, { runId, now, spec, input, agents }, terminal)
  await saveRun(old, options.store, terminal)
  return report(describeOldRun(old), options, terminal)
}

/** Writes a run into a store as if it had run there. Throws UsageError RUN_EXISTS. */
export async function saveRun(
  { spec, events }: { readonly spec: RunSpec; readonly events: readonly RunEvent[] }, storeDir: string, terminal: Terminal,
): Promise<void> {
  const redactor = createRedactor(terminal.env, readConfig(terminal.cwd).redact)
  const writer = await storeAt(storeDir, terminal.cwd).create(specApart(spec, redactor).stored)
  try {
    writer.append(events)
    await writer.flushed()
    const last = events.at(-1)
    const status = last?.type === 'run.settled' ? last.data.status : 'running'
    const savedAt = last?.at ?? spec.createdAt
    // The journal alone suffices: there is no tree yet.
    await writer.checkpoint({ format: 1, runId: spec.runId, lastSeq: events.length, savedAt, status, tree: null })
  } finally {
    await writer.close()
  }
}

/** What was made of a state file, as data. */
export function describeOldRun({ spec, events, state, progress, specUsed, notes }: OldRun) {
  const stages = [...progress].map(([stage, status]) => ({ stage, status }))
  const settled = events.at(-1)?.type === 'run.settled'
  return { kind: 'state' as const, runId: spec.runId, events: events.length, settled, format: state.format, spec: specUsed, stages, notes }
}

type Report =
  | ReturnType<typeof describeOldRun>
  | { readonly kind: 'run'; readonly runId: string; readonly events: number; readonly settled: boolean }

function report(made: Report, options: ImportOptions, terminal: Terminal): ExitCode {
  const resume = resumeCommand(terminal, made.runId, options.store)
  if (options.json === true) terminal.out(`${JSON.stringify({ ...made, resume: made.settled ? null : resume }, null, 2)}\n`)
  else terminal.out(`${[...linesOf(made), made.settled ? 'it has ended: nothing is left to do' : `to go on: ${resume}`].map(plainLine).join('\n')}\n`)
  return exitCode.done
}

export function linesOf(made: Report): string[] {
  if (made.kind === 'run') return [`run ${made.runId}: ${made.events} events`]
  const open = made.stages.filter(({ status }) => status === 'open').map(({ stage }) => stage)
  const done = made.stages.length - open.length
  return [
    `run ${made.runId}, from ${made.format}: ${done} of ${made.stages.length} stages are done${open.length === 0 ? '' : `, left: ${open.join(', ')}`}`,
    `stages: ${made.spec}`,
    ...made.notes.map((note) => `note: ${note}`),
  ]
}

function checkedId(runId: string): string {
  if (runIdPattern.test(runId)) return runId
  throw new UsageError('RUN_ID_INVALID', `"${runId}" cannot be a run id: use letters, digits, "_", "-" and ".".`)
}

async function importSpec(file: string, options: ImportOptions, terminal: Terminal): Promise<ExitCode> {
  const { dialect, text, warnings } = await translatedSpec(file)
  terminal.err(problemList(warnings, terminal.cwd))
  const output = options.output === undefined ? null : resolve(terminal.cwd, options.output)
  if (output !== null) await writeOutput(output, text)
  if (options.json === true) {
    terminal.out(`${JSON.stringify({ kind: 'spec', dialect, file: output, ...(output === null ? { text } : {}) }, null, 2)}\n`)
  } else if (output === null) terminal.out(text)
  else terminal.err(`wrote ${options.output}\n`)
  return exitCode.done
}
