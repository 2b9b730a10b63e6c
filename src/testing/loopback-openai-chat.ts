import type { LoopbackAnswer, LoopbackCall, LoopbackUsage } from './loopback-openai-answer.ts'

/** Answers in the shapes of the Chat Completions API. */

export function chatCompletion(model: string, answer: LoopbackAnswer, calls: readonly LoopbackCall[]): object {
  return {
    ...head(model),
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        finish_reason: finishOf(answer, calls),
        logprobs: null,
        message: {
          role: 'assistant',
          content: answer.text ?? null,
          refusal: answer.refusal ?? null,
          ...(calls.length === 0 ? {} : { tool_calls: calls.map(toolCall) }),
        },
      },
    ],
    ...usagePart(answer.usage),
  }
}

/** The chunks of a stream, each the data of one server-sent event; a text comes in the given tokens. */
export function* chatChunks(
  model: string,
  answer: LoopbackAnswer,
  calls: readonly LoopbackCall[],
  tokens: readonly string[],
): Generator<{ readonly data: object | string; readonly isToken?: boolean }> {
  yield { data: chunk(model, { role: 'assistant', content: '' }) }
  for (const content of tokens) yield { data: chunk(model, { content }), isToken: true }
  if (answer.refusal !== undefined) yield { data: chunk(model, { refusal: answer.refusal }) }
  for (const [index, call] of calls.entries()) {
    const { id, type, function: called } = toolCall(call)
    yield { data: chunk(model, { tool_calls: [{ index, id, type, function: { name: called.name, arguments: '' } }] }) }
    const half = Math.ceil(called.arguments.length / 2)
    for (const piece of [called.arguments.slice(0, half), called.arguments.slice(half)]) {
      yield { data: chunk(model, { tool_calls: [{ index, function: { arguments: piece } }] }) }
    }
  }
  if (answer.failure !== undefined) {
    yield { data: { error: { ...answer.failure, type: 'error', param: null } } }
    return
  }
  yield { data: chunk(model, {}, finishOf(answer, calls)) }
  if (answer.usage != null) yield { data: { ...head(model), object: 'chat.completion.chunk', choices: [], ...usagePart(answer.usage) } }
  yield { data: '[DONE]' }
}

function head(model: string): object {
  return { id: 'chatcmpl-loopback', created: 0, model }
}

function chunk(model: string, delta: object, finish: string | null = null): object {
  return { ...head(model), object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish, logprobs: null }] }
}

function finishOf(answer: LoopbackAnswer, calls: readonly LoopbackCall[]): string {
  return answer.finish ?? (calls.length > 0 ? 'tool_calls' : 'stop')
}

function toolCall({ id, name, argumentsText }: LoopbackCall) {
  return { id, type: 'function', function: { name, arguments: argumentsText } }
}

function usagePart(usage: LoopbackUsage | null | undefined): object {
  if (usage == null) return {}
  const { inputTokens, outputTokens, cachedTokens = 0, reasoningTokens = 0 } = usage
  return {
    usage: {
      prompt_tokens: inputTokens,
      completion_tokens: outputTokens,
      total_tokens: inputTokens + outputTokens,
      prompt_tokens_details: { cached_tokens: cachedTokens },
      completion_tokens_details: { reasoning_tokens: reasoningTokens },
    },
  }
}
