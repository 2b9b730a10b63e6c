import { isJsonObject, type Json, type JsonObject } from '../../json.ts'
import { type CliDialect, type CliSaid, promptArguments, textOf } from './dialect.ts'

/**
 * `copilot -p … --output-format json`. It tells how many tokens it wrote but not how many it read, and no cost: both stay
 * unknown.
 */
export const copilot: CliDialect = {
  program: 'copilot',
  install: 'Install the Copilot CLI (npm install -g @github/copilot) and log in with `copilot`, then /login.',
  schema: 'no',
  turns: false,
  exitCodes: {},
  call({ prompt, model, sessionId, extra }) {
    const { args, ...rest } = promptArguments(prompt)
    const more = [
      ...(model === undefined ? [] : ['--model', model]),
      ...(sessionId === undefined ? [] : [`--resume=${sessionId}`]),
    ]
    return { args: [...args, '--output-format', 'json', '--no-ask-user', ...more, ...extra], ...rest }
  },
  read(line) {
    const data = isJsonObject(line.data) ? line.data : {}
    const type = textOf(line.type) ?? ''
    switch (type) {
      case 'session.start':
      case 'session.tools_updated': {
        const [id, model] = [textOf(data.sessionId), textOf(data.model)]
        return [{ type: 'session', ...(id === undefined ? {} : { id }), ...(model === undefined ? {} : { model }) }]
      }
      case 'assistant.message_delta':
        return [{ type: 'delta', text: textOf(data.deltaContent) ?? '' }]
      case 'assistant.message': {
        const text = textOf(data.content) ?? ''
        return text === '' ? [] : [{ type: 'message', text }]
      }
      case 'tool.execution_start':
        return [{ type: 'call', call: textOf(data.toolCallId) ?? '', tool: textOf(data.toolName) ?? '', arguments: data.arguments ?? null }]
      case 'tool.execution_complete':
        return [{ type: 'result', call: textOf(data.toolCallId) ?? '', output: resultOf(data), failed: data.success === false }]
      case 'session.error':
        return [{ type: 'trouble', text: textOf(data.message) ?? JSON.stringify(data) }]
      case 'result':
        return ended(line)
      default:
        return /^(?:session|assistant|user|tool|hook|system|subagent|skill)\./.test(type) ? [] : undefined
    }
  },
}

function resultOf({ result, output, error }: JsonObject): Json {
  if (isJsonObject(result)) return result.content ?? result
  return result ?? output ?? error ?? null
}

/** Its process ends with 0 even when the agent failed: the last line says how it was. */
function ended(line: JsonObject): CliSaid[] {
  const id = textOf(line.sessionId)
  const failed = typeof line.exitCode === 'number' && line.exitCode !== 0
  return [
    ...(id === undefined ? [] : [{ type: 'session', id } as const]),
    { type: 'end', ...(failed ? { failure: { text: '' } } : {}) },
  ]
}
