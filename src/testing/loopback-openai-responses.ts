import type { LoopbackAnswer, LoopbackCall } from './loopback-openai-answer.ts'

/** Answers in the shapes of the Responses API. */

export function responseObject(model: string, answer: LoopbackAnswer, calls: readonly LoopbackCall[]): object {
  const { usage, finish } = answer
  return {
    id: 'resp_loopback',
    object: 'response',
    created_at: 0,
    model,
    status: finish === undefined ? 'completed' : 'incomplete',
    ...(finish === undefined ? {} : { incomplete_details: { reason: finish } }),
    output: outputItems(answer, calls),
    ...(usage == null
      ? {}
      : {
          usage: {
            input_tokens: usage.inputTokens,
            input_tokens_details: { cached_tokens: usage.cachedTokens ?? 0 },
            output_tokens: usage.outputTokens,
            output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
            total_tokens: usage.inputTokens + usage.outputTokens,
          },
        }),
  }
}

/** The events of a stream; a text comes in the given tokens. */
export function* responseEvents(
  model: string,
  answer: LoopbackAnswer,
  calls: readonly LoopbackCall[],
  tokens: readonly string[],
): Generator<{ readonly data: object; readonly isToken?: boolean }> {
  let number = 0
  const event = (type: string, rest: object) => ({ data: { type, sequence_number: number++, ...rest } })
  const response = responseObject(model, answer, calls)
  yield event('response.created', { response: { ...response, status: 'in_progress', output: [], usage: null } })
  for (const [index, item] of outputItems(answer, calls).entries()) {
    const place = { output_index: index, item_id: item.id }
    yield event('response.output_item.added', { output_index: index, item: { ...item, status: 'in_progress' } })
    if (item.type === 'message' && answer.refusal === undefined) {
      for (const delta of tokens) {
        yield { ...event('response.output_text.delta', { ...place, content_index: 0, delta, logprobs: [] }), isToken: true }
      }
      yield event('response.output_text.done', { ...place, content_index: 0, text: answer.text ?? '', logprobs: [] })
    }
    if ('arguments' in item) {
      yield event('response.function_call_arguments.delta', { ...place, delta: item.arguments })
      yield event('response.function_call_arguments.done', { ...place, name: item.name, arguments: item.arguments })
    }
    yield event('response.output_item.done', { output_index: index, item })
  }
  if (answer.failure !== undefined) {
    yield event('response.failed', { response: { ...response, status: 'failed', error: answer.failure } })
    return
  }
  yield event(answer.finish === undefined ? 'response.completed' : 'response.incomplete', { response })
}

function outputItems({ text, refusal }: LoopbackAnswer, calls: readonly LoopbackCall[]) {
  const part = refusal === undefined ? { type: 'output_text', text: text ?? '', annotations: [] } : { type: 'refusal', refusal }
  const said = text !== undefined || refusal !== undefined
  return [
    ...(said ? [{ id: 'msg_loopback', type: 'message', role: 'assistant', status: 'completed', content: [part] }] : []),
    ...calls.map(({ id, name, argumentsText }) => ({
      id: `fc_${id}`,
      type: 'function_call',
      status: 'completed',
      call_id: id,
      name,
      arguments: argumentsText,
    })),
  ]
}
