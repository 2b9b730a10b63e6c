import { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AnyMessage, client, ndJsonStream, RequestError, type Stream } from '@agentclientprotocol/sdk'
import { ForkchartError } from '../../errors.ts'
import { isJsonObject } from '../../json.ts'
import type { AcpAgent } from '../../spec/ir-agents.ts'
import { crashed, explained, notSpeaking, stopped } from './failure.ts'
import { answerPermission } from './permission.ts'
import { openSession } from './session.ts'
import { AcpUpdates, isUnheeded, usageOf } from './updates.ts'
import { answerIn, wholePrompt } from '../agent-answer.ts'
import { type AgentProcess, endOrphan, rememberProcess, startAgentProcess } from '../agent-process.ts'
import { keepAgentState, loadAgentState } from '../agent-state.ts'
import { AgentTalk } from '../agent-talk.ts'
import { cancellation } from '../cancellation.ts'
import type { AgentRequest, ExecutionContext, StepResult } from '../executor.ts'
import { findProgram } from '../find-on-path.ts'

interface AcpOptions {
  readonly env: NodeJS.ProcessEnv
  /** Where it works. Absolute. */
  readonly folder: string
}

/** How long the first answer may take: some have to be downloaded first. */
const handshakeMs = 120_000
/** How long an agent may take to put things in order when it is stopped, before its processes are ended. */
const cancelMs = 100
/** How long a program may take to end once its pipes are closed. */
const endingMs = 500

/**
 * Has a program that speaks the Agent Client Protocol on its stdin and stdout do an agent's work in `folder`. Another
 * attempt of the step goes on with the session of the one before, where the agent can. Rejects as `agentFailure` says, and
 * with TerminalError AGENT_NOT_INSTALLED, AGENT_PROTOCOL, AUTH, AGENT_MCP_UNSUPPORTED, CONTENT_FILTER, MAX_TOKENS, MAX_TURNS,
 * AGENT_STOPPED, OUTPUT_NOT_JSON or RetryableError AGENT_CRASHED. When it settles no process of the agent is left.
 */
export async function executeAcp(request: AgentRequest, agent: AcpAgent, context: ExecutionContext, options: AcpOptions): Promise<StepResult> {
  const env = { ...options.env, ...agent.env, ...(request.artifacts === undefined ? {} : { FORKCHART_ARTIFACTS: context.artifactsDir }) }
  const [name = '', ...args] = agent.command
  const program = findProgram(name, env, context.specDir ?? options.folder) ?? name
  if (request.maxTurns !== undefined) context.log('an agent cannot be told over ACP after how many turns to stop: `max_turns` has no effect')
  await endOrphan(context)
  const process = startAgentProcess({
    command: [program, ...args],
    cwd: options.folder,
    env,
    log: (line) => context.log(line, 'stderr'),
    install: `Install it, add its folder to PATH, or write its full path in the \`command\` of agent "${request.agentName}".`,
  })
  try {
    await rememberProcess(process, context)
    return await converse(request, agent, context, { ...options, process })
  } finally {
    await process.end()
  }
}

async function converse(
  request: AgentRequest,
  agent: AcpAgent,
  context: ExecutionContext,
  { process, folder }: AcpOptions & { readonly process: AgentProcess },
): Promise<StepResult> {
  const name = request.agentName
  const { promise: broken, reject: fail } = Promise.withResolvers<never>()
  broken.catch(() => undefined)
  process.ended.then(({ exitCode, signal }) => fail(crashed(name, process, signal ?? `exit code ${exitCode}`)), fail)
  const talk = new AgentTalk(context)
  const updates = new AcpUpdates(talk)
  let prompted = false
  let lastResult: unknown
  const connection = client({ name: 'forkchart' })
    .onNotification('session/update', ({ params }) => {
      // What a session that is gone on with tells before is what was said in earlier attempts.
      if (prompted) updates.take(params.update)
    })
    .onRequest('session/request_permission', async ({ params }) => {
      try {
        return await answerPermission(params, { name, permissions: agent.permissions, ask: context.ask })
      } catch (error) {
        if (!context.signal.aborted) fail(error)
        return { outcome: { outcome: 'cancelled' } }
      }
    })
    .connect(observed(process, (result) => (lastResult = result)))
  let session: string | undefined
  const onAbort = (): void => {
    if (session !== undefined) connection.agent.notify('session/cancel', { sessionId: session }).catch(() => undefined)
    setTimeout(() => fail(cancellation(context.signal)), session === undefined ? 0 : cancelMs)
  }
  if (context.signal.aborted) onAbort()
  context.signal.addEventListener('abort', onAbort, { once: true })
  const handshake = setTimeout(() => fail(notSpeaking(name, `it did not answer within ${handshakeMs / 1000} s`)), handshakeMs)
  try {
    const kept = await loadAgentState(context)
    const opened = await Promise.race([
      broken,
      openSession(connection.agent, { name, folder, mcp: agent.mcp ?? [], sessionId: kept.sessionId, log: context.log }),
    ])
    clearTimeout(handshake)
    const { sessionId, resumed } = opened
    session = sessionId
    const costBefore = resumed ? (kept.costUsd ?? 0) : 0
    await keepAgentState(context, { sessionId })
    prompted = true
    const prompt = wholePrompt(request)
    const text = resumed ? `Your last attempt was cut off. Go on where you stopped; this was asked:\n\n${prompt}` : prompt
    const { stopReason } = await Promise.race([broken, connection.agent.request('session/prompt', { sessionId, prompt: [{ type: 'text', text }] })])
    if (context.signal.aborted) throw cancellation(context.signal)
    const { costUsd } = updates
    if (costUsd !== undefined) await keepAgentState(context, { costUsd })
    const usage = usageOf(lastResult, costUsd === undefined ? undefined : costUsd - costBefore)
    const told = usage === undefined ? {} : { usage }
    if (stopReason !== 'end_turn') throw stopped(name, stopReason, told)
    return { output: answerIn(talk.lastMessage, request), ...told, sessionId }
  } catch (error) {
    if (context.signal.aborted) throw cancellation(context.signal)
    if (!(error instanceof ForkchartError) && !(error instanceof RequestError)) {
      // Its pipes broke: how the program ends says more, when it does.
      await Promise.race([broken, sleep(endingMs, undefined, { ref: false })])
    }
    throw explained(error, name, session === undefined)
  } finally {
    clearTimeout(handshake)
    context.signal.removeEventListener('abort', onAbort)
    connection.close()
  }
}

/**
 * The program's pipes as a connection; `take` gets the results of our requests as they were sent. What nobody heeds is left out,
 * so that the SDK does not complain on our stderr about kinds of updates that it does not know.
 */
function observed(process: AgentProcess, take: (result: unknown) => void): Stream {
  const { readable, writable } = ndJsonStream(Writable.toWeb(process.stdin), Readable.toWeb(process.stdout) as ReadableStream<Uint8Array>)
  const tap = new TransformStream<AnyMessage, AnyMessage>({
    transform(message, controller) {
      if (isJsonObject(message) && message.result !== undefined) take(message.result)
      if (!isUnheeded(message)) controller.enqueue(message)
    },
  })
  return { writable, readable: readable.pipeThrough(tap) }
}
