import type { EventData } from '../../events.ts'
import { isJsonObject, type Json, type JsonObject } from '../../json.ts'
import type { OpenAISettings } from './settings.ts'
import type { SdkSpan } from './tracing-scope.ts'

type Attributes = Readonly<Record<string, string | number | boolean>>

/** What a span of the SDK is for us, with the names of OpenTelemetry where it has some. */
export interface Opening extends Pick<EventData<'agent.span_started'>, 'kind' | 'name'> {
  /** Who is at work in it. */
  readonly agent?: string
  readonly attributes: Attributes
}

/** Undefined for a run of the SDK's runner. `settings` are those of the agent at work, where they are known. */
export function openingOf(data: SdkSpan['spanData'], settings: OpenAISettings | undefined): Opening | undefined {
  const name = textIn(data['name']) ?? data.type
  switch (data.type) {
    case 'task':
      return undefined
    case 'agent':
      return { kind: 'agent', name: `invoke_agent ${name}`, agent: name, attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': name } }
    case 'turn': {
      const agent = textIn(data['agent_name'])
      const turn = numberIn(data['turn']) ?? 1
      return {
        kind: 'turn',
        name: `turn ${turn}`,
        ...(agent === undefined ? {} : { agent }),
        attributes: { 'forkchart.turn': turn, ...(agent === undefined ? {} : { 'gen_ai.agent.name': agent }) },
      }
    }
    case 'response':
    case 'generation': {
      const model = settings?.model ?? textIn(data['model'])
      return {
        kind: 'model',
        name: model === undefined ? 'chat' : `chat ${model}`,
        attributes: {
          'gen_ai.operation.name': 'chat',
          ...(model === undefined ? {} : { 'gen_ai.request.model': model }),
          ...(settings === undefined ? {} : { 'server.address': settings.host }),
          ...(settings?.isVendor === true ? { 'gen_ai.provider.name': 'openai' } : {}),
        },
      }
    }
    case 'function':
      return { kind: 'tool', name: `execute_tool ${name}`, attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': name } }
    case 'handoff':
      return { kind: 'handoff', name: 'handoff', attributes: {} }
    case 'guardrail':
      return guardrailOpening(name)
    case 'mcp_tools': {
      const server = textIn(data['server']) ?? ''
      return { kind: 'mcp', name: `tools/list ${server}`.trim(), attributes: { 'mcp.method.name': 'tools/list', ...(server === '' ? {} : { 'forkchart.mcp.server': server }) } }
    }
    default:
      return { kind: 'custom', name, attributes: {} }
  }
}

export function guardrailOpening(name: string): Opening {
  return { kind: 'guardrail', name: `guardrail ${name}`, attributes: { 'forkchart.guardrail': name } }
}

/** How a span ended. */
export function endOf({ spanData: data, error }: SdkSpan): { readonly error: string | undefined; readonly attributes: Attributes } {
  const why = error === null ? undefined : (textIn(error.data?.['error']) ?? error.message)
  return { error: why, attributes: endAttributes(data) }
}

function endAttributes(data: SdkSpan['spanData']): Attributes {
  switch (data.type) {
    case 'response':
      return answerAttributes(data['_response'] as Json | undefined)
    case 'generation': {
      const model = textIn(data['model'])
      return { ...(model === undefined ? {} : { 'gen_ai.request.model': model }), ...answerAttributes((data['output'] as readonly Json[] | undefined)?.[0]) }
    }
    case 'handoff': {
      const [from, to] = [textIn(data['from_agent']), textIn(data['to_agent'])]
      return { ...(from === undefined ? {} : { 'forkchart.handoff.from': from }), ...(to === undefined ? {} : { 'forkchart.handoff.to': to }) }
    }
    case 'guardrail':
      return { 'forkchart.guardrail.triggered': data['triggered'] === true }
    default:
      return {}
  }
}

/** Chat Completions come without an id of their own when they are streamed. */
const noId = 'FAKE_ID'

/** Of an answer of either API. */
function answerAttributes(answer: Json | undefined): Attributes {
  if (!isJsonObject(answer)) return {}
  const usage = objectIn(answer['usage'])
  const [id, model] = [textIn(answer['id']), textIn(answer['model'])]
  const tokensIn = numberIn(usage['input_tokens'] ?? usage['prompt_tokens'])
  const tokensOut = numberIn(usage['output_tokens'] ?? usage['completion_tokens'])
  const cached = numberIn(objectIn(usage['input_tokens_details'] ?? usage['prompt_tokens_details'])['cached_tokens'])
  const reasoning = numberIn(objectIn(usage['output_tokens_details'] ?? usage['completion_tokens_details'])['reasoning_tokens'])
  return {
    ...(id === undefined || id === noId ? {} : { 'gen_ai.response.id': id }),
    ...(model === undefined ? {} : { 'gen_ai.response.model': model }),
    ...(tokensIn === undefined ? {} : { 'gen_ai.usage.input_tokens': tokensIn }),
    ...(tokensOut === undefined ? {} : { 'gen_ai.usage.output_tokens': tokensOut }),
    ...(cached ? { 'gen_ai.usage.cache_read.input_tokens': cached } : {}),
    ...(reasoning ? { 'gen_ai.usage.reasoning.output_tokens': reasoning } : {}),
  }
}

function objectIn(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
