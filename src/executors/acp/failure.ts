import { RequestError } from '@agentclientprotocol/sdk'
import { textStart } from '../../cut-text.ts'
import { ForkchartError, RetryableError, TerminalError } from '../../errors.ts'
import { isJsonObject } from '../../json.ts'
import type { UsageTotal } from '../../spec/outcome.ts'
import { agentFailure } from '../agent-failure.ts'
import type { AgentProcess } from '../agent-process.ts'

/** The program ended in the middle. */
export function crashed(name: string, process: AgentProcess, how: string): Error {
  const said = process.stderrTail()
  const lastLine = said.split('\n').at(-1) ?? ''
  const known = agentFailure(`Agent "${name}"`, lastLine)
  if (lastLine !== '' && known.code !== 'AGENT_FAILED') return known
  return new RetryableError('AGENT_CRASHED', `Agent "${name}" ended before it was done (${how})${lastLine === '' ? '' : `: ${lastLine}`}.`, { details: { stderrTail: said } })
}

/** It is a program of another kind. */
export function notSpeaking(name: string, why: string): Error {
  return new TerminalError('AGENT_PROTOCOL', `Agent "${name}" does not speak the Agent Client Protocol: ${why}. Look at its \`command\`; many need a flag for it, such as --acp.`)
}

/** What went wrong in a conversation, or while it was opened. */
export function explained(error: unknown, name: string, opening: boolean): unknown {
  if (error instanceof ForkchartError) return error
  if (error instanceof RequestError) {
    if (opening && (error.code === -32601 || error.code === -32700 || error.code === -32600)) return notSpeaking(name, error.message)
    const more = isJsonObject(error.data) ? JSON.stringify(error.data) : typeof error.data === 'string' ? error.data : ''
    return agentFailure(`Agent "${name}"`, more === '' ? error.message : `${error.message} (${more})`, { cause: error })
  }
  if (opening) return notSpeaking(name, error instanceof Error ? textStart(error.message, 300) : String(error))
  return agentFailure(`Agent "${name}"`, error instanceof Error ? error.message : String(error), { cause: error })
}

/** It stopped before it was done, and says why. */
export function stopped(name: string, reason: string, options: { readonly usage?: UsageTotal }): Error {
  switch (reason) {
    case 'refusal':
      return new TerminalError('CONTENT_FILTER', `Agent "${name}" refused to go on.`, options)
    case 'max_tokens':
      return new TerminalError('MAX_TOKENS', `Agent "${name}" came to the end of what it may write. Ask for less.`, options)
    case 'max_turn_requests':
      return new TerminalError('MAX_TURNS', `Agent "${name}" came to the end of the requests that it may make. Raise that in its settings, or ask for less.`, options)
    case 'cancelled':
      return new TerminalError('AGENT_STOPPED', `Agent "${name}" was stopped from its own side.`, options)
    default:
      return new TerminalError('AGENT_FAILED', `Agent "${name}" stopped: ${reason}.`, options)
  }
}
