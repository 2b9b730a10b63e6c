import type { RunStreamEvent } from '@openai/agents'
import { isJsonObject, type Json, type JsonObject } from '../../json.ts'
import type { ExecutionContext } from '../executor.ts'

/** What the service said of an answer that it did not finish. */
export interface Unfinished {
  readonly status: string
  readonly code: string
}

export interface EventTelling {
  readonly context: ExecutionContext
  /** Ids of the tool calls that failed. */
  readonly failed: ReadonlySet<string>
  /** Of the last answer; undefined when it is whole. */
  readonly unfinished: (why: Unfinished | undefined) => void
}

/** Tells what comes out of a streamed run, in order: text as it comes in, then what was said and done. */
export function tellEvent(event: RunStreamEvent, { context, failed, unfinished }: EventTelling): void {
  if (event.type === 'agent_updated_stream_event') return
  if (event.type === 'raw_model_stream_event') {
    const { data } = event
    if (data.type === 'output_text_delta') context.delta?.(data.delta)
    if (data.type === 'model') reportUnfinished(data.event as Json, unfinished)
    return
  }
  const { item } = event
  switch (item.type) {
    case 'message_output_item':
      if (item.content !== '') context.tell?.({ type: 'agent.message', data: { text: item.content } })
      return
    case 'tool_call_item': {
      // Of what its provider runs only the call is seen.
      const { rawItem } = item
      if (rawItem.type !== 'function_call' && rawItem.type !== 'hosted_tool_call') return
      const call = rawItem.type === 'function_call' ? rawItem.callId : (rawItem.id ?? '')
      const data = { call, tool: rawItem.name, arguments: parsed(rawItem.arguments ?? '') }
      context.tell?.({ type: 'agent.tool_call', data })
      return
    }
    case 'tool_call_output_item': {
      const { rawItem } = item
      if (rawItem.type !== 'function_call_result') return
      const { callId: call, name: tool } = rawItem
      const data = { call, tool, output: parsed(item.output), ...(failed.has(call) ? { failed: true } : {}) }
      context.tell?.({ type: 'agent.tool_result', data })
      return
    }
    case 'handoff_output_item':
      context.tell?.({ type: 'agent.handoff', data: { from: item.sourceAgent.name, to: item.targetAgent.name } })
      return
    default:
  }
}

/** A text that is JSON as what it says, any other as it is. */
export function parsed(value: unknown): Json {
  if (typeof value !== 'string') return JSON.parse(JSON.stringify(value ?? null)) as Json
  try {
    return JSON.parse(value) as Json
  } catch {
    return value
  }
}

/**
 * `response.incomplete` and `response.failed` say why; the SDK's error does not. What Chat Completions cuts off is no error
 * to the SDK at all.
 */
function reportUnfinished(event: Json, report: EventTelling['unfinished']): void {
  if (!isJsonObject(event)) return
  if (event['object'] === 'chat.completion.chunk') return reportChunk(event, report)
  if (event['type'] !== 'response.incomplete' && event['type'] !== 'response.failed') return
  const response = isJsonObject(event['response']) ? event['response'] : {}
  const { incomplete_details: details, error } = response
  const code = isJsonObject(error) ? error['code'] : isJsonObject(details) ? details['reason'] : undefined
  report({ status: event['type'], code: typeof code === 'string' ? code : 'unknown' })
}

function reportChunk({ choices }: JsonObject, report: EventTelling['unfinished']): void {
  const choice = Array.isArray(choices) ? (choices as readonly Json[])[0] : undefined
  const reason = isJsonObject(choice) ? choice['finish_reason'] : undefined
  if (typeof reason !== 'string') return
  const code = { length: 'max_output_tokens', content_filter: 'content_filter' }[reason]
  report(code === undefined ? undefined : { status: reason, code })
}
