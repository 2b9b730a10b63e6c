import type { Clock } from '../clock.ts'
import { RetryableError, TerminalError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { ScriptedReply } from '../spec/ir.ts'
import { delay } from './delay.ts'
import type { AgentRequest, ExecutionContext, StepResult } from './executor.ts'
import { schemaExample } from './schema-example.ts'

/** Names of errors that another attempt may get past; all others would fail again. */
const retryable: ReadonlySet<string> = new Set(['rate_limit', 'timeout', 'server_error', 'network'])

/**
 * Answers an agent step from its script: the n-th start of the step gets reply n, over retries and rounds, later ones
 * the last; a resumed run goes on where it stopped. An agent without a script answers with an example made from its
 * output schema, or with its prompt. `{ error }` replies reject: RetryableError for rate_limit, timeout, server_error and network, else
 * TerminalError; the code is the name in capitals.
 */
export async function executeScripted(
  request: AgentRequest,
  context: ExecutionContext,
  options: { readonly clock: Clock; readonly rehearsal: boolean },
): Promise<StepResult> {
  const replies = repliesOf(request, options.rehearsal)
  const turn = context.turn ?? request.attempt
  const reply = replies?.[Math.min(turn, replies.length) - 1]
  if (replies === undefined || reply === undefined) {
    const how = request.outputSchema === undefined ? 'echoes its prompt' : 'gives an example of its output'
    context.log(`scripted: ${request.agentName} has no replies, ${how}`)
    return { output: improvised(request) }
  }
  context.log(`scripted: reply ${Math.min(turn, replies.length)} of ${replies.length}`)
  if (reply.delayMs !== undefined) await delay(reply.delayMs, options.clock, context.signal)
  if ('error' in reply) throw scriptedError(reply.error, reply.message ?? `${request.agentName}: scripted ${reply.error}`)
  return { output: reply.output, ...usageOf(reply) }
}

function repliesOf({ agent }: AgentRequest, rehearsal: boolean): readonly ScriptedReply[] | undefined {
  if (rehearsal && agent.rehearse !== undefined) return agent.rehearse
  return agent.uses === 'scripted' ? agent.replies : undefined
}

function improvised({ outputSchema, prompt }: AgentRequest): Json {
  return outputSchema === undefined ? prompt : schemaExample(outputSchema)
}

function usageOf(reply: Extract<ScriptedReply, { output: Json }>): Pick<StepResult, 'usage'> {
  if (reply.usage === undefined && reply.costUsd === undefined) return {}
  return { usage: { ...(reply.usage ?? { inputTokens: 0, outputTokens: 0 }), costUsd: reply.costUsd ?? null } }
}

function scriptedError(name: string, message: string): Error {
  const code = name.trim().toUpperCase().replace(/[^A-Z0-9]+/g, '_') || 'STEP_FAILED'
  return retryable.has(code.toLowerCase()) ? new RetryableError(code, message) : new TerminalError(code, message)
}
