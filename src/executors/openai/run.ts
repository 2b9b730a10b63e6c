import type { AgentInputItem, RunToolApprovalItem, StreamedRunResult } from '@openai/agents'
import { textStart } from '../../cut-text.ts'
import { TerminalError } from '../../errors.ts'
import { cancellation } from '../cancellation.ts'
import type { ExecutionContext, Question } from '../executor.ts'
import { parsed, tellEvent, type Unfinished } from './events.ts'
import type { AgentRunState, RunKeeper } from './kept.ts'
import type { Sdk, SdkAgent } from './sdk.ts'
import type { AgentSpans } from './spans.ts'

type Result = StreamedRunResult<unknown, SdkAgent>

/** An agent's run under way. */
export interface AgentRun {
  /** Of the run so far; undefined before it has begun. */
  readonly state: () => AgentRunState | undefined
  /** Who is at work. */
  readonly agentName: () => string | undefined
  /** Why the service gave up on its last answer. */
  readonly unfinished: () => Unfinished | undefined
  /** Resolves when the agent has answered; rejects with what the SDK or a tool throws. */
  readonly ended: (input: string | AgentInputItem[]) => Promise<Result>
}

export interface AgentRunOptions {
  readonly sdk: Sdk
  readonly agent: SdkAgent
  readonly context: ExecutionContext
  readonly keeper: RunKeeper
  readonly failed: ReadonlySet<string>
  readonly maxTurns: number | undefined
  /** Absent: none are made. */
  readonly spans: AgentSpans | undefined
}

/** The longest text of arguments that somebody is asked about. */
const longestArguments = 2000

/**
 * Streams a run to its end. Before each question to the model but the first, and before people are asked whether a tool may
 * be called, the run is saved: whoever takes it up goes on from there.
 */
export function createAgentRun(options: AgentRunOptions): AgentRun {
  const { sdk, agent, context, keeper, failed, maxTurns, spans } = options
  // What spans hold stays with `spans`, which tells nothing of what was said.
  const tracingDisabled = spans === undefined
  const runner = new sdk.Runner({ tracingDisabled, traceIncludeSensitiveData: !tracingDisabled, toolNameCollisionPolicy: 'error' })
  runner.on('agent_tool_start', (_context, _agent, _tool, { toolCall }) => {
    if ('callId' in toolCall) spans?.toolStarted(sdk.getCurrentSpan(), toolCall.callId)
  })
  let state = keeper.start
  let current: Result | undefined
  let unfinished: Unfinished | undefined
  let questions = state === undefined ? 0 : 1

  async function stream(input: string | AgentInputItem[] | AgentRunState): Promise<Result> {
    const result: Result = await runner.run<SdkAgent, unknown>(agent, input, {
      stream: true,
      signal: context.signal,
      ...(maxTurns === undefined ? {} : { maxTurns }),
      callModelInputFilter: async ({ modelData }) => {
        questions += 1
        if (questions > 1 && state !== undefined) await keeper.save(state)
        return modelData
      },
    })
    state = result.state
    current = result
    // Its error comes with the events.
    result.completed.catch(() => undefined)
    for await (const event of result) tellEvent(event, { context, failed, unfinished: (why) => (unfinished = why) })
    await result.completed
    if (context.signal.aborted) throw cancellation(context.signal)
    if (unfinished !== undefined) throw new Error(`the answer ended early: ${unfinished.status}`)
    return result
  }

  async function decide(interruptions: readonly RunToolApprovalItem[], about: AgentRunState): Promise<void> {
    if (context.ask === undefined) {
      throw new TerminalError('NO_HOST', 'A person must be asked whether a tool may be called, and there is no host that could do so.')
    }
    const answers = await keeper.ask(interruptions.map(questionAbout), context.ask)
    for (const [index, interruption] of interruptions.entries()) {
      if (answers[index] === 'approve') about.approve(interruption)
      else about.reject(interruption)
    }
  }

  return {
    state: () => state,
    agentName: () => current?.currentAgent?.name,
    unfinished: () => unfinished,
    async ended(input) {
      for (;;) {
        const interruptions = state?.getInterruptions() ?? []
        if (state !== undefined && interruptions.length > 0) await decide(interruptions, state)
        const result = await stream(state ?? input)
        if (result.interruptions.length === 0) return result
        await keeper.save(result.state)
      }
    },
  }
}

function questionAbout(interruption: RunToolApprovalItem): Question {
  const { agent, rawItem } = interruption
  const tool = 'name' in rawItem ? rawItem.name : rawItem.type
  const args = 'arguments' in rawItem ? parsed(rawItem.arguments ?? '') : {}
  const text = JSON.stringify(args)
  const shown = text.length <= longestArguments ? text : `${textStart(text, longestArguments)}…`
  return { message: `May ${agent.name} call ${tool} with ${shown}?`, options: ['approve', 'reject'] }
}
