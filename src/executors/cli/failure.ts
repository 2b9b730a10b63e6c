import { RetryableError, TerminalError } from '../../errors.ts'
import type { UsageTotal } from '../../spec/outcome.ts'
import { agentFailure } from '../agent-failure.ts'
import type { ProcessEnd } from '../agent-process.ts'
import type { CliDialect } from './dialect.ts'
import type { CliOutput } from './output.ts'

interface How extends ProcessEnd {
  readonly usage: UsageTotal | undefined
  readonly stderr: string
}

/** Why a program did not do what it was asked: by its own words, else by its exit code, else by what it wrote last on stderr. */
export function cliFailure(who: string, { exitCodes }: CliDialect, { ended, trouble }: CliOutput, { exitCode, signal, usage, stderr }: How): Error {
  const said = ended?.failure
  const lastLine = stderr.split('\n').at(-1) ?? ''
  const options = { details: { exitCode, signal, stderrTail: stderr }, ...(usage === undefined ? {} : { usage }) }
  if (said === undefined && (signal !== null || exitCode === 0)) {
    const how = signal === null ? 'ended without saying that it was done' : `was ended by ${signal}`
    return new RetryableError('AGENT_CRASHED', `${who} ${how}${lastLine === '' ? '' : `: ${lastLine}`}.`, options)
  }
  const text = said?.text || trouble || lastLine || `exit code ${exitCode}`
  const told = exitCode === null ? undefined : exitCodes[exitCode]
  if (said?.code !== undefined) return new TerminalError(said.code, `${who} failed: ${text}.`, options)
  if (told !== undefined) return new TerminalError(told.code, `${who} failed: ${text}. ${told.advice}`, options)
  return agentFailure(who, text, options)
}
