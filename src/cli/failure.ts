import { relative } from 'node:path'
import { CommanderError } from 'commander'
import { ForkchartError, nodeErrorCode } from '../errors.ts'
import { createRedactor } from '../redact.ts'
import type { Problem } from '../spec/problem.ts'
import { SpecError } from '../spec/spec-error.ts'
import { plainLines } from '../tui/cells.ts'
import { type ExitCode, exitCode } from './exit-code.ts'
import type { Terminal } from './terminal.ts'
import { textTable } from './text-table.ts'

/** Usage errors that mean: what you name is not there, or is someone else's now. */
const notFoundCodes = new Set(['RUN_NOT_FOUND', 'RUN_LOCKED', 'RUN_NOT_WRITTEN', 'STEP_NOT_FOUND', 'STEP_NOT_ACTIVE', 'ASK_NOT_OPEN'])

/** Says on stderr what went wrong, with `json` also as an object on stdout; returns what the process should end with. */
export function reportFailure(error: unknown, terminal: Terminal, json: boolean): ExitCode {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCode.done
    if (json) printError(terminal, { code: 'USAGE', message: error.message.replace(/^error: /, '') })
    return exitCode.usage
  }
  const { text } = createRedactor(terminal.env)
  const { code, exit, message: said } = describe(error)
  const message = text(said)
  // Names and texts of others may be in it: they must not drive the reader's terminal.
  terminal.err(`error: ${plainLines(message).join('\n')} [${code}]\n`)
  if (error instanceof SpecError) terminal.err(problemList(error.problems, terminal.cwd))
  else if (!(error instanceof ForkchartError) && nodeErrorCode(error) === undefined && error instanceof Error) {
    terminal.err(`${text(error.stack ?? '')}\n`)
  }
  if (json) printError(terminal, { code, message, ...(error instanceof SpecError ? { problems: error.problems } : {}) })
  return exit
}

/** One problem per line: `file:line:column  CODE  message`, the file as seen from the caller's folder. */
export function problemList(problems: readonly Problem[], cwd: string): string {
  return textTable(problems.map((problem) => [
    `${shownPath(problem.file, cwd)}:${problem.line}:${problem.column}`,
    problem.severity === 'error' ? problem.code : `${problem.code} (${problem.severity})`,
    problem.message,
  ]))
}

function shownPath(file: string, cwd: string): string {
  const near = relative(cwd, file)
  return near === '' || near.startsWith('..') ? file : near
}

function describe(error: unknown): { code: string; message: string; exit: ExitCode } {
  if (error instanceof ForkchartError) {
    const usage = notFoundCodes.has(error.code) ? exitCode.notFound : exitCode.usage
    // The problems of a spec are listed by themselves.
    const message = error instanceof SpecError ? error.message.replace(/:\n[\s\S]*$/, '') : error.message
    return { code: error.code, message, exit: error.kind === 'usage' ? usage : exitCode.failed }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: nodeErrorCode(error) ?? 'INTERNAL', message, exit: exitCode.failed }
}

function printError(terminal: Terminal, error: { code: string; message: string; problems?: readonly Problem[] }): void {
  terminal.out(`${JSON.stringify({ error }, null, 2)}\n`)
}
