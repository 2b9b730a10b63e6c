import { isJsonObject, type JsonObject } from '../../json.ts'
import { type CliDialect, type CliEnd, type CliSaid, promptArguments, textOf, usageOf } from './dialect.ts'

/** `gemini -p … -o stream-json`. It tells tokens and no cost. */
export const gemini: CliDialect = {
  program: 'gemini',
  install: 'Install the Gemini CLI (npm install -g @google/gemini-cli), and log in with `gemini` or set GEMINI_API_KEY.',
  schema: 'no',
  turns: false,
  exitCodes: {
    41: { code: 'AUTH', advice: 'Log in with `gemini`, or set GEMINI_API_KEY.' },
    42: { code: 'BAD_REQUEST', advice: 'It did not accept the prompt or an argument: look at `args` of the agent.' },
    53: { code: 'MAX_TURNS', advice: 'Raise model.maxSessionTurns in its settings, or ask for less.' },
  },
  call({ prompt, model, sessionId, extra }) {
    const { args, ...rest } = promptArguments(prompt)
    const more = [
      ...(model === undefined ? [] : ['--model', model]),
      ...(sessionId === undefined ? [] : ['--resume', sessionId]),
    ]
    return { args: [...args, '-o', 'stream-json', ...more, ...extra], ...rest }
  },
  read(line) {
    switch (line.type) {
      case 'init':
        return [session(line)]
      case 'message': {
        if (line.role !== 'assistant') return []
        const text = textOf(line.content) ?? ''
        return [line.delta === true ? { type: 'delta', text } : { type: 'message', text }]
      }
      case 'tool_use':
        return [{ type: 'call', call: textOf(line.tool_id) ?? '', tool: textOf(line.tool_name) ?? '', arguments: line.parameters ?? null }]
      case 'tool_result': {
        const failed = line.status === 'error'
        const output = line.output ?? (failed ? (line.error ?? null) : null)
        return [{ type: 'result', call: textOf(line.tool_id) ?? '', output, failed }]
      }
      case 'error':
        return [{ type: 'trouble', text: textOf(line.message) ?? JSON.stringify(line) }]
      case 'result':
        return [endOf(line)]
      default:
        return undefined
    }
  },
}

function session({ session_id, model }: JsonObject): CliSaid {
  return {
    type: 'session',
    ...(typeof session_id === 'string' ? { id: session_id } : {}),
    ...(typeof model === 'string' ? { model } : {}),
  }
}

function endOf(line: JsonObject): CliEnd {
  const stats = isJsonObject(line.stats) ? line.stats : {}
  const error = isJsonObject(line.error) ? line.error : {}
  return {
    type: 'end',
    ...usageOf(stats.input_tokens, stats.output_tokens, { cached: stats.cached }),
    ...(line.status === 'error' ? { failure: { text: textOf(error.message) ?? textOf(error.type) ?? '' } } : {}),
  }
}
