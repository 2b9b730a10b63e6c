import { isJsonObject, type Json, type JsonObject } from '../../json.ts'
import { type CliDialect, type CliEnd, type CliSaid, textOf, usageOf } from './dialect.ts'

/** `claude -p --output-format stream-json --verbose`; the prompt is its stdin. */
export const claude: CliDialect = {
  program: 'claude',
  install: 'Install Claude Code (npm install -g @anthropic-ai/claude-code) and log in with `claude`.',
  schema: 'argument',
  turns: true,
  exitCodes: {},
  call({ prompt, model, sessionId, schema, maxTurns, extra }) {
    const args = ['-p', '--output-format', 'stream-json', '--verbose']
    if (model !== undefined) args.push('--model', model)
    if (sessionId !== undefined) args.push('--resume', sessionId)
    if (schema !== undefined) args.push('--json-schema', JSON.stringify(schema))
    if (maxTurns !== undefined) args.push('--max-turns', String(maxTurns))
    return { args: [...args, ...extra], stdin: prompt }
  },
  read(line) {
    switch (line.type) {
      case 'system':
        return line.subtype === 'init' ? [session(line)] : []
      case 'assistant':
        return contentOf(line).flatMap(fromAssistant)
      case 'user':
        return contentOf(line).flatMap(fromTool)
      case 'result':
        return [session(line), endOf(line)]
      case 'stream_event':
      case 'rate_limit_event':
        return []
      default:
        return undefined
    }
  },
}

function session(line: JsonObject): CliSaid {
  const [id, model] = [textOf(line.session_id), textOf(line.model)]
  return { type: 'session', ...(id === undefined ? {} : { id }), ...(model === undefined ? {} : { model }) }
}

function contentOf({ message }: JsonObject): readonly JsonObject[] {
  const content = isJsonObject(message) ? message.content : undefined
  return Array.isArray(content) ? content.filter(isJsonObject) : []
}

function fromAssistant(part: JsonObject): CliSaid[] {
  if (part.type === 'text') return [{ type: 'message', text: textOf(part.text) ?? '' }]
  if (part.type !== 'tool_use') return []
  return [{ type: 'call', call: textOf(part.id) ?? '', tool: textOf(part.name) ?? '', arguments: part.input ?? null }]
}

function fromTool(part: JsonObject): CliSaid[] {
  if (part.type !== 'tool_result') return []
  return [{ type: 'result', call: textOf(part.tool_use_id) ?? '', output: plain(part.content), failed: part.is_error === true }]
}

/** A result is a text, or parts of which those with a text matter. */
function plain(content: Json | undefined): Json {
  if (!Array.isArray(content)) return content ?? null
  const texts = content.map((part: Json) => (isJsonObject(part) ? textOf(part.text) : undefined))
  return texts.every((text) => text !== undefined) ? texts.join('\n') : content
}

const failureCodes: Readonly<Record<string, string>> = {
  error_max_turns: 'MAX_TURNS',
  error_max_budget_usd: 'QUOTA_EXCEEDED',
  error_max_structured_output_retries: 'OUTPUT_INVALID',
}

function endOf(line: JsonObject): CliEnd {
  const usage = isJsonObject(line.usage) ? line.usage : {}
  const { input_tokens: fresh, cache_read_input_tokens: read = 0, cache_creation_input_tokens: written = 0 } = usage
  const input = [fresh, read, written].every((count) => typeof count === 'number') ? Number(fresh) + Number(read) + Number(written) : undefined
  const text = textOf(line.result)
  const subtype = textOf(line.subtype) ?? 'success'
  const failed = line.is_error === true || subtype.startsWith('error')
  const code = failureCodes[subtype]
  const errors = Array.isArray(line.errors) ? line.errors.map(String).join('; ') : ''
  return {
    type: 'end',
    ...(text === undefined ? {} : { text }),
    ...(line.structured_output == null ? {} : { value: line.structured_output }),
    ...usageOf(input, usage.output_tokens, { cached: read, costUsd: line.total_cost_usd }),
    ...(failed ? { failure: { text: text || errors || subtype, ...(code === undefined ? {} : { code }) } } : {}),
  }
}
