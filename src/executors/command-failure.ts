import { existsSync } from 'node:fs'
import { textStart } from '../cut-text.ts'
import { nodeErrorCode, RetryableError, TerminalError } from '../errors.ts'
import type { RunRequest } from './executor.ts'
import { jsonErrorOffset } from './json-offset.ts'
import type { Json } from '../json.ts'

/** How a command ended. */
export interface CommandEnd {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderrTail: string
}

const notFoundExit = 127
const shown = 120

/** A short name of what was run, for messages: of a shell line what its author wrote, not how its values reach the shell. */
export function commandLabel({ command, written }: Pick<RunRequest, 'command' | 'written'>): string {
  const line = (written ?? (typeof command === 'string' ? command : command.join(' '))).trim()
  return JSON.stringify(line.length > shown ? `${textStart(line, shown)}…` : line)
}

/** The command could not be started. */
export function startFailure(request: RunRequest, error: unknown): Error {
  const code = nodeErrorCode(error)
  const label = commandLabel(request)
  const options = { cause: error }
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    if (!existsSync(request.cwd)) {
      const message = `${label} cannot start: the folder ${request.cwd} does not exist. Correct \`cwd\` or make it first.`
      return new TerminalError('COMMAND_CWD_NOT_FOUND', message, options)
    }
    return notFound(typeof request.command === 'string' ? '/bin/sh' : (request.command[0] ?? ''), label, options)
  }
  if (code === 'EACCES') {
    const message = `${label} cannot start: permission denied. Make it executable, or name its interpreter first.`
    return new TerminalError('COMMAND_NOT_EXECUTABLE', message, options)
  }
  if (code === 'EAGAIN' || code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM') {
    const message = `${label} cannot start just now: the system is out of processes, files or memory (${code}).`
    return new RetryableError('COMMAND_NO_RESOURCES', message, options)
  }
  const why = error instanceof Error ? error.message : String(error)
  return new TerminalError('COMMAND_INVALID', `${label} cannot start: ${why}`, options)
}

/** The command ended with another exit code than 0, or by a signal: for those who ask for retries, worth another try. */
export function exitFailure(request: RunRequest, end: CommandEnd): Error {
  const label = commandLabel(request)
  const details = { ...end }
  const lastLine = end.stderrTail.trimEnd().split('\n').at(-1)?.trim() ?? ''
  const why = lastLine === '' ? '' : `: ${textStart(lastLine, 300)}`
  if (end.exitCode === notFoundExit) return notFound(textStart(lastLine, 300) || label, label, { details })
  const how = end.signal === null ? `exited with code ${end.exitCode}` : `was ended by ${end.signal}`
  return new RetryableError('COMMAND_FAILED', `${label} ${how}${why}`, { details })
}

function notFound(what: string, label: string, options: { cause?: unknown; details?: Json }): Error {
  const message = `${label}: command not found (${what}). Install it, add its folder to PATH, or write its full path.`
  return new TerminalError('COMMAND_NOT_FOUND', message, options)
}

/** Parses what a command printed; throws TerminalError OUTPUT_NOT_JSON that says where it goes wrong. */
export function parseOutput(request: RunRequest, text: string): Json {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const label = commandLabel(request)
    if (text.trim() === '') {
      const message = `${label} printed nothing, and \`parse: json\` needs JSON on stdout.`
      throw new TerminalError('OUTPUT_NOT_JSON', message, { cause })
    }
    const offset = jsonErrorOffset(text) ?? 0
    const before = text.slice(0, offset).split('\n')
    const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
    const what = offset >= text.length ? 'it ends too early' : `unexpected ${JSON.stringify(text.charAt(offset))}`
    const start = text.length > shown ? `${textStart(text, shown)}…` : text
    throw new TerminalError(
      'OUTPUT_NOT_JSON',
      `The output of ${label} is not JSON: ${what} at offset ${offset} (${place}). ` +
        `It starts with ${JSON.stringify(start)}.`,
      { cause, details: { offset, start } },
    )
  }
}
