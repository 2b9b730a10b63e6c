import type { AgentInputItem, RunState } from '@openai/agents'
import { TerminalError } from '../../errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../../json.ts'
import { marker } from '../../secret-shapes.ts'
import type { UsageTotal } from '../../spec/outcome.ts'
import { addUsage, withoutUsage } from '../../usage.ts'
import type { AgentRequest, ExecutionContext, Question, StepState } from '../executor.ts'
import type { Sdk, SdkAgent } from './sdk.ts'

/** What outlives an attempt: its run as far as it had got, and the conversation that the steps of an agent have. */

interface KeptRun {
  /** Of the step, see `ExecutionContext.turn`. */
  readonly turn: number
  /** What attempts before that one had used. */
  readonly before: UsageTotal | null
  readonly asked: readonly Question[]
  /** A RunState of the SDK. */
  readonly state: JsonObject
}

export type AgentRunState = RunState<unknown, SdkAgent>

/** A run as it goes on, over processes and attempts. */
export interface RunKeeper {
  /** Where an earlier attempt had got to. */
  readonly start: AgentRunState | undefined
  /** What was used since this attempt began, over restarts of its process too. */
  usageOf(state: AgentRunState): UsageTotal | undefined
  save(state: AgentRunState): Promise<void>
  ask(questions: readonly Question[], ask: NonNullable<ExecutionContext['ask']>): Promise<readonly Json[]>
}

/**
 * A process that takes over from one that ended finds the answers that people gave it by asking again in the same order.
 * An attempt after one that failed goes on with its run too, but what that one used was counted with it.
 */
export async function createRunKeeper(request: AgentRequest, context: ExecutionContext, agent: SdkAgent, sdk: Sdk): Promise<RunKeeper> {
  const turn = context.turn ?? request.attempt
  const kept = keptRun(await context.state?.load())
  const start = kept === undefined ? undefined : await restored(kept.state, agent, sdk, context)
  // Whoever begins anew here would take the answers for those to other questions.
  if (kept?.turn === turn && start === undefined) {
    throw lost(request, 'What the agent had done was kept by another version and cannot be taken up.', 'begins it anew')
  }
  if (kept?.turn === turn && start !== undefined && hasLostArguments(start)) {
    throw lost(
      request,
      'The call that was to be approved has a secret in its arguments, which was not kept when the run stopped: it cannot be made any more.',
      'begins the step anew; answer while that command still runs',
    )
  }
  const isSameAttempt = start !== undefined && kept?.turn === turn
  const before = isSameAttempt ? kept.before : start === undefined ? null : (usageOfState(start) ?? null)
  const asked = isSameAttempt ? [...kept.asked] : []
  for (const question of asked) await context.ask?.(question)
  return {
    start,
    usageOf: (state) => positive(withoutUsage(usageOfState(state), before)),
    async save(state) {
      const { currentAgentSpan: _span, ...rest } = JSON.parse(state.toString()) as JsonObject
      // The spans of an attempt end with it.
      await context.state?.save({ turn, before, asked, state: { ...rest, trace: null } } as unknown as Json)
    },
    async ask(questions, ask) {
      const answers = await Promise.all(questions.map((question) => ask(question)))
      asked.push(...questions)
      return answers
    },
  }
}

/** Secrets are taken out of what is kept, also of the arguments of a call that waits for its approval. */
function hasLostArguments(state: AgentRunState): boolean {
  return state.getInterruptions().some(({ rawItem }) => 'arguments' in rawItem && rawItem.arguments?.includes(marker) === true)
}

function lost({ runId, path }: AgentRequest, why: string, what: string): TerminalError {
  return new TerminalError('AGENT_STATE_LOST', `${why} \`retry ${runId} --step ${path}\` ${what}.`)
}

/** Only we write it: what is not of this form is from a version that wrote another. */
function keptRun(value: Json | undefined): KeptRun | undefined {
  if (!isJsonObject(value)) return undefined
  const { turn, asked, state } = value
  return typeof turn === 'number' && Array.isArray(asked) && isJsonObject(state) ? (value as unknown as KeptRun) : undefined
}

async function restored(state: unknown, agent: SdkAgent, sdk: Sdk, context: ExecutionContext): Promise<AgentRunState | undefined> {
  try {
    return await sdk.RunState.fromString(agent, JSON.stringify(state))
  } catch (error) {
    context.log(`The run of the agent cannot be taken up: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}

/** What a run used as the service counted it; undefined when the service does not count. */
function usageOfState({ usage }: AgentRunState): UsageTotal | undefined {
  const { inputTokens, outputTokens, inputTokensDetails, outputTokensDetails } = usage
  if (!Number.isFinite(inputTokens) || !Number.isFinite(outputTokens) || inputTokens + outputTokens <= 0) return undefined
  const cachedTokens = total(inputTokensDetails, 'cached_tokens')
  const reasoningTokens = total(outputTokensDetails, 'reasoning_tokens')
  return {
    inputTokens,
    outputTokens,
    ...(cachedTokens === 0 ? {} : { cachedTokens }),
    ...(reasoningTokens === 0 ? {} : { reasoningTokens }),
    costUsd: null,
  }
}

function total(details: readonly Readonly<Record<string, number>>[], key: string): number {
  return details.reduce((sum, one) => sum + (one[key] ?? 0), 0)
}

function positive(usage: UsageTotal | undefined): UsageTotal | undefined {
  return usage === undefined || usage.inputTokens + usage.outputTokens <= 0 ? undefined : addUsage(usage, undefined)
}

/** What was said in one step. */
interface Part {
  readonly step: string
  readonly items: readonly AgentInputItem[]
}

/** The conversation that an agent has over the steps of a run. */
export interface Conversation {
  readonly before: readonly AgentInputItem[]
  /** Adds what was said in this step. */
  add(items: readonly AgentInputItem[]): Promise<void>
}

/**
 * What was said before this step; what the step itself had added, and all after it, is gone when it is done again.
 */
export async function openConversation(request: AgentRequest, store: StepState): Promise<Conversation> {
  const step = ownPart(request.idempotencyKey)
  const all = partsIn(await store.load())
  const place = all.findIndex((part) => part.step === step)
  const earlier = place === -1 ? all : all.slice(0, place)
  return {
    before: earlier.flatMap(({ items }) => items),
    add: (items) => store.save([...earlier, { step, items }] as unknown as Json),
  }
}

function partsIn(value: Json | undefined): readonly Part[] {
  return Array.isArray(value) ? (value as unknown as readonly Part[]) : []
}

/** Without the mark of a step that somebody wanted to run again. */
function ownPart(idempotencyKey: string): string {
  return idempotencyKey.replace(/~\d+$/, '')
}
