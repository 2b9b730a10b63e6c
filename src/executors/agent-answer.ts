import { textStart } from '../cut-text.ts'
import { TerminalError } from '../errors.ts'
import type { Json, JsonSchema } from '../json.ts'
import { checkAgainstSchema } from '../schema-check.ts'
import type { AgentRequest } from './executor.ts'

/** For agents that take only text and give only text. */

/** All that the agent is to know: its instructions, the prompt, and how to answer when the answer has a schema. */
export function wholePrompt({ agent, prompt, outputSchema }: AgentRequest): string {
  const parts = [agent.instructions ?? '', prompt]
  if (outputSchema !== undefined && !acceptsText(outputSchema)) {
    parts.push(`Answer with JSON only, no other text, that fits this JSON Schema:\n${JSON.stringify(outputSchema)}`)
  }
  return parts.filter((part) => part !== '').join('\n\n')
}

/**
 * What an agent's text means: the text, or where its schema wants something else the JSON in it, which may stand in a
 * fenced block or among other words. Throws TerminalError OUTPUT_NOT_JSON.
 */
export function answerIn(text: string, { agentName, outputSchema }: AgentRequest): Json {
  if (outputSchema === undefined || acceptsText(outputSchema)) return text
  for (const candidate of candidates(text)) {
    try {
      return JSON.parse(candidate) as Json
    } catch {
      // Perhaps the next one.
    }
  }
  throw new TerminalError(
    'OUTPUT_NOT_JSON',
    `Agent "${agentName}" was to answer with JSON and said: ${textStart(text.trim(), 200) || 'nothing'}`,
  )
}

function acceptsText(schema: JsonSchema): boolean {
  return checkAgainstSchema(schema, 'text').ok
}

function* candidates(text: string): Generator<string> {
  yield text
  for (const [, inside = ''] of text.matchAll(/```(?:json)?\s*\n([\s\S]*?)```/g)) yield inside
  for (const [open, close] of [['{', '}'], ['[', ']']] as const) {
    const [start, end] = [text.indexOf(open), text.lastIndexOf(close)]
    if (start >= 0 && end > start) yield text.slice(start, end + 1)
  }
}
