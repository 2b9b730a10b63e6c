import type { AgentInputItem } from '@openai/agents'
import type { Clock } from '../../clock.ts'
import { type Json, toText } from '../../json.ts'
import type { OpenAIAgent } from '../../spec/ir-agents.ts'
import type { StepFunction } from '../../step-function.ts'
import { cancellation } from '../cancellation.ts'
import type { AgentRequest, ExecutionContext, StepResult } from '../executor.ts'
import { parsed } from './events.ts'
import { openaiFailure } from './failure.ts'
import { passGuardrails } from './guardrails.ts'
import { type AgentRunState, createRunKeeper, openConversation } from './kept.ts'
import { outputFormat } from './output.ts'
import { type AgentRun, createAgentRun } from './run.ts'
import { loadOpenAI } from './sdk.ts'
import type { OpenAISettings } from './settings.ts'
import { AgentSpans } from './spans.ts'
import { createTeam, type Team } from './team.ts'
import { callKeys } from './tools.ts'

export interface OpenAIOptions {
  readonly env: NodeJS.ProcessEnv
  readonly clock: Clock
  readonly functions: Readonly<Record<string, StepFunction>>
}

/**
 * Runs an agent with the OpenAI Agents SDK against the vendor or any compatible service (see `openaiSettings`), streamed.
 * One attempt is one run: neither the SDK nor its client retries. The SDK's spans are told to the context and to nobody
 * else. The cost is unknown to the service, so
 * it is null; usage is absent when the service does not report it. A run that was cut off, waits for an approval or
 * failed on its way goes on from its last turn, and the model is not asked again for what it has answered.
 *
 * Rejects with RetryableError RATE_LIMIT (with `retryAfterMs` when the service said so), SERVER_ERROR, TIMEOUT, NETWORK or
 * MCP_UNAVAILABLE, or TerminalError OPENAI_KEY_MISSING, OPENAI_SETTING_INVALID, AUTH, QUOTA_EXCEEDED, NOT_FOUND,
 * BAD_REQUEST, CONTENT_FILTER, MAX_TURNS, OUTPUT_NOT_JSON, OUTPUT_CUT, GUARDRAIL, MCP_UNAVAILABLE, TOOL_INVALID,
 * AGENT_STATE_LOST or AGENT_FAILED, and with the ForkchartError that a tool throws.
 */
export async function executeOpenAI(request: AgentRequest, context: ExecutionContext, options: OpenAIOptions): Promise<StepResult> {
  const { sdk, library, isTracingScoped } = loadOpenAI()
  const agent: OpenAIAgent = request.agent.uses === 'openai' ? request.agent : { uses: 'openai' }
  const failed = new Set<string>()
  const earlier: { tool: string; args: Json }[] = []
  let keyOf: ReturnType<typeof callKeys> | undefined
  const team = await createTeam(request, {
    ...options,
    sdk,
    library,
    request,
    context,
    failed,
    keyOf: (tool, args) => (keyOf ??= callKeys(request.idempotencyKey, earlier))(tool, args),
  })
  const spans = new AgentSpans({ tell: context.span, settings: team.settings, failed })
  let run: AgentRun | undefined
  let usageOf: ((state: AgentRunState) => StepResult['usage']) | undefined
  const used = (): StepResult['usage'] => {
    const state = run?.state()
    return state === undefined ? undefined : usageOf?.(state)
  }
  try {
    return await spans.within(work)
  } catch (error) {
    if (context.signal.aborted) throw cancellation(context.signal)
    const settings = settingsIn(team, run?.agentName(), request)
    const usage = used()
    throw openaiFailure(error, { settings, library, now: options.clock.now(), unfinished: run?.unfinished(), usage })
  } finally {
    spans.end()
    await team.close()
  }

  async function work(): Promise<StepResult> {
    const keeper = await createRunKeeper(request, context, team.first, sdk)
    usageOf = keeper.usageOf
    if (keeper.start !== undefined) earlier.push(...callsIn(keeper.start))
    const guarding = { signal: context.signal, functions: options.functions, spans }
    if (keeper.start === undefined) await passGuardrails('input', request.prompt, agent.guardrails?.input ?? [], guarding)
    const conversation = agent.session === undefined ? undefined : await conversationOf(request, context)
    const before = conversation?.before ?? []
    const traced = isTracingScoped && context.span !== undefined ? spans : undefined
    run = createAgentRun({ sdk, agent: team.first, context, keeper, failed, maxTurns: request.maxTurns, spans: traced })
    const result = await run.ended(before.length === 0 ? request.prompt : [...before, sdk.user(request.prompt)])
    const output = answer(result.finalOutput, request, result.lastAgent?.name)
    const guardrails = [...(agent.guardrails?.output ?? []), ...guardrailsOf(result.lastAgent?.name, request)]
    await passGuardrails('output', toText(output), [...new Set(guardrails)], guarding)
    await conversation?.add(result.history.slice(before.length))
    const settings = settingsIn(team, result.lastAgent?.name, request)
    const usage = used()
    tellUse(context, settings, result.rawResponses.length, usage)
    return { output, model: settings.model, ...(usage === undefined ? {} : { usage }) }
  }
}

function settingsIn(team: Team, name: string | undefined, { agentName }: AgentRequest): OpenAISettings {
  const settings = team.settings.get(name ?? agentName) ?? team.settings.get(agentName)
  if (settings === undefined) throw new Error(`no settings for ${agentName}`)
  return settings
}

function answer(given: unknown, request: AgentRequest, by: string | undefined): Json {
  const member = by === undefined || by === request.agentName ? request.agent : request.team?.[by]
  const format = outputFormat(request.outputSchema ?? member?.output)
  const value = (given ?? null) as Json
  return format === undefined ? value : format.unwrap(value)
}

/** The guardrails of the agent that the work was handed over to. */
function guardrailsOf(name: string | undefined, { agentName, team }: AgentRequest): readonly string[] {
  const other = name === undefined || name === agentName ? undefined : team?.[name]
  return other?.uses === 'openai' ? (other.guardrails?.output ?? []) : []
}

async function conversationOf(request: AgentRequest, { conversation }: ExecutionContext) {
  const store = conversation?.(request.agentName)
  return store === undefined ? undefined : openConversation(request, store)
}

/** The tools that were called in a run and gave something, in order. */
function callsIn({ history }: AgentRunState): { tool: string; args: Json }[] {
  const ended = new Set(history.flatMap((item: AgentInputItem) => (item.type === 'function_call_result' ? [item.callId] : [])))
  return history.flatMap((item: AgentInputItem) =>
    item.type === 'function_call' && ended.has(item.callId) ? [{ tool: item.name, args: parsed(item.arguments) }] : [],
  )
}

function tellUse(context: ExecutionContext, { model, host }: OpenAISettings, requests: number, usage: StepResult['usage']): void {
  const asked = `${requests} request${requests === 1 ? '' : 's'}`
  const tokens = usage === undefined ? 'tokens not counted' : `${usage.inputTokens} tokens in, ${usage.outputTokens} out`
  context.log(`${model} at ${host}: ${asked}, ${tokens}`)
}
