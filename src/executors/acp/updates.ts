import type { SessionUpdate, ToolCallContent } from '@agentclientprotocol/sdk'
import { isJsonObject, type Json } from '../../json.ts'
import type { UsageTotal } from '../../spec/outcome.ts'
import type { AgentTalk } from '../agent-talk.ts'

const heeded = new Set<string>(['agent_message_chunk', 'tool_call', 'tool_call_update', 'usage_update'] satisfies SessionUpdate['sessionUpdate'][])

/** Whether a message is an update of a kind that `AcpUpdates` has no use for: thoughts, plans, modes, and what is new. */
export function isUnheeded(message: unknown): boolean {
  if (!isJsonObject(message) || message.method !== 'session/update' || !isJsonObject(message.params)) return false
  const { update } = message.params
  return isJsonObject(update) && !heeded.has(String(update.sessionUpdate))
}

/** What a session tells while the agent works, told on. */
export class AcpUpdates {
  readonly #talk: AgentTalk
  readonly #over = new Set<string>()
  #messageId: string | undefined
  /** What the whole session has cost so far, in USD, where the agent says so. */
  costUsd: number | undefined

  constructor(talk: AgentTalk) {
    this.#talk = talk
  }

  take(update: SessionUpdate): void {
    switch (update.sessionUpdate) {
      case 'agent_message_chunk': {
        const id = update.messageId ?? undefined
        if (id !== this.#messageId) this.#talk.endMessage()
        this.#messageId = id
        if (update.content.type === 'text') this.#talk.delta(update.content.text)
        return
      }
      case 'tool_call': {
        const { toolCallId, title, kind, rawInput, status } = update
        this.#talk.call(toolCallId, title, jsonOf(rawInput) ?? { kind: kind ?? 'other' })
        if (status === 'completed' || status === 'failed') this.#end(toolCallId, update)
        return
      }
      case 'tool_call_update':
        if (update.status === 'completed' || update.status === 'failed') this.#end(update.toolCallId, update)
        return
      case 'usage_update':
        if (update.cost?.currency === 'USD') this.costUsd = update.cost.amount
        return
      default:
        return
    }
  }

  #end(id: string, { status, rawOutput, content }: Pick<Extract<SessionUpdate, { sessionUpdate: 'tool_call_update' }>, 'status' | 'rawOutput' | 'content'>): void {
    if (this.#over.has(id)) return
    this.#over.add(id)
    this.#talk.result(id, jsonOf(rawOutput) ?? textOf(content ?? []), status === 'failed')
  }
}

function jsonOf(value: unknown): Json | undefined {
  return value === undefined || value === null ? undefined : (value as Json)
}

function textOf(content: readonly ToolCallContent[]): string {
  const texts = content.map((part) => {
    if (part.type === 'diff') return `changed ${part.path}`
    return part.type === 'content' && part.content.type === 'text' ? part.content.text : ''
  })
  return texts.filter((text) => text !== '').join('\n')
}

/**
 * Tokens of a turn, where the answer to a prompt tells them: as `usage`, which is not in the stable protocol yet, or as
 * gemini does it.
 */
export function usageOf(response: unknown, costUsd: number | undefined): UsageTotal | undefined {
  if (!isJsonObject(response)) return undefined
  const { usage, _meta: meta } = response
  const quota = isJsonObject(meta) && isJsonObject(meta.quota) ? meta.quota.token_count : undefined
  const cost = { costUsd: costUsd ?? null }
  if (isJsonObject(usage) && typeof usage.inputTokens === 'number' && typeof usage.outputTokens === 'number') {
    const { inputTokens, outputTokens, cachedReadTokens, thoughtTokens } = usage
    return {
      inputTokens,
      outputTokens,
      ...(typeof cachedReadTokens === 'number' ? { cachedTokens: cachedReadTokens } : {}),
      ...(typeof thoughtTokens === 'number' ? { reasoningTokens: thoughtTokens } : {}),
      ...cost,
    }
  }
  if (isJsonObject(quota) && typeof quota.input_tokens === 'number' && typeof quota.output_tokens === 'number') {
    return { inputTokens: quota.input_tokens, outputTokens: quota.output_tokens, ...cost }
  }
  return costUsd === undefined ? undefined : { inputTokens: 0, outputTokens: 0, ...cost }
}
