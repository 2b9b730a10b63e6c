import { isJsonObject, type Json, type JsonObject } from '../../json.ts'
import { type CliDialect, type CliSaid, textOf, usageOf } from './dialect.ts'

/** `codex exec --json`; the prompt is its stdin. It tells tokens and no cost. */
export const codex: CliDialect = {
  program: 'codex',
  install: 'Install Codex (npm install -g @openai/codex) and log in with `codex login`.',
  schema: 'file',
  turns: false,
  exitCodes: {},
  call({ prompt, model, sessionId, schemaFile, extra }) {
    const args = ['exec', '--json', '--skip-git-repo-check']
    if (model !== undefined) args.push('--model', model)
    if (schemaFile !== undefined) args.push('--output-schema', schemaFile)
    // Options of `exec` are not all options of `exec resume`: they stand before it.
    args.push(...extra)
    if (sessionId !== undefined) args.push('resume', sessionId)
    return { args: [...args, '-'], stdin: prompt }
  },
  read(line) {
    const item = isJsonObject(line.item) ? line.item : {}
    switch (line.type) {
      case 'thread.started': {
        const id = textOf(line.thread_id)
        return [{ type: 'session', ...(id === undefined ? {} : { id }) }]
      }
      case 'turn.started':
      case 'item.updated':
        return []
      case 'item.started':
        return callOf(item)
      case 'item.completed':
        return completed(item)
      case 'turn.completed': {
        const usage = isJsonObject(line.usage) ? line.usage : {}
        const { input_tokens: input, output_tokens: output, cached_input_tokens: cached, reasoning_output_tokens: reasoning } = usage
        return [{ type: 'end', ...usageOf(input, output, { cached, reasoning }) }]
      }
      case 'turn.failed':
        return [{ type: 'end', failure: { text: messageOf(line.error) } }]
      case 'error':
        return [{ type: 'trouble', text: messageOf(line) }]
      default:
        return undefined
    }
  },
}

function messageOf(error: Json | undefined): string {
  return isJsonObject(error) ? (textOf(error.message) ?? JSON.stringify(error)) : String(error ?? '')
}

function callOf(item: JsonObject): CliSaid[] {
  const call = textOf(item.id) ?? ''
  switch (kindOf(item)) {
    case 'command_execution':
      return [{ type: 'call', call, tool: 'shell', arguments: { command: item.command ?? null } }]
    case 'mcp_tool_call':
      return [{ type: 'call', call, tool: `${textOf(item.server) ?? ''}/${textOf(item.tool) ?? ''}`, arguments: item.arguments ?? null }]
    default:
      return []
  }
}

function completed(item: JsonObject): CliSaid[] {
  const call = textOf(item.id) ?? ''
  const failed = item.status === 'failed' || item.status === 'declined'
  switch (kindOf(item)) {
    case 'agent_message':
    case 'assistant_message':
      return [{ type: 'message', text: textOf(item.text) ?? '' }]
    case 'command_execution':
      return [{ type: 'result', call, output: item.aggregated_output ?? '', failed: failed || (item.exit_code ?? 0) !== 0 }]
    case 'mcp_tool_call':
      return [{ type: 'result', call, output: item.result ?? item.error ?? null, failed }]
    case 'file_change':
      return [
        { type: 'call', call, tool: 'apply_patch', arguments: { changes: item.changes ?? [] } },
        { type: 'result', call, output: textOf(item.status) ?? 'completed', failed },
      ]
    case 'web_search':
      return [{ type: 'call', call, tool: 'web_search', arguments: { query: item.query ?? null } }]
    case 'error':
      return [{ type: 'trouble', text: messageOf(item) }]
    default:
      return []
  }
}

function kindOf(item: JsonObject): string {
  return textOf(item.type) ?? textOf(item.item_type) ?? ''
}
