import type { Json } from '../json.ts'
import { type FakeProgram, type FakeTurn, sayingsOf } from './fake-agent-turn.ts'

type Cli = Exclude<FakeProgram, 'acp'>

/** What each of the programs prints for a turn: first while it works, then at its end. Shapes as recorded in 2026. */
export function linesOf(program: Cli, turn: FakeTurn, session: string): { readonly work: readonly Json[]; readonly end: readonly Json[] } {
  switch (program) {
    case 'claude':
      return claude(turn, session)
    case 'codex':
      return codex(turn, session)
    case 'gemini':
      return gemini(turn, session)
    case 'copilot':
      return copilot(turn, session)
  }
}

function claude(turn: FakeTurn, session_id: string): ReturnType<typeof linesOf> {
  const message = (role: string, part: Json): Json => ({ type: role, session_id, message: { role, content: [part] } })
  const tools = (turn.tools ?? []).flatMap(({ tool, input = {}, output = '', failed = false }, index) => [
    message('assistant', { type: 'tool_use', id: `toolu_${index}`, name: tool, input }),
    message('user', { type: 'tool_result', tool_use_id: `toolu_${index}`, content: output, is_error: failed }),
  ])
  const { usage, costUsd, error, value } = turn
  const cached = usage?.cachedTokens ?? 0
  return {
    work: [
      { type: 'system', subtype: 'init', session_id, cwd: process.cwd(), model: 'claude-fake', tools: [] },
      ...tools,
      ...sayingsOf(turn).map((text) => message('assistant', { type: 'text', text })),
    ],
    end: [
      {
        type: 'result',
        subtype: error === undefined ? 'success' : 'error_during_execution',
        is_error: error !== undefined,
        session_id,
        result: error ?? sayingsOf(turn).at(-1) ?? '',
        ...(value === undefined ? {} : { structured_output: value }),
        ...(costUsd === undefined ? {} : { total_cost_usd: costUsd }),
        ...(usage === undefined
          ? {}
          : { usage: { input_tokens: usage.inputTokens - cached, cache_read_input_tokens: cached, cache_creation_input_tokens: 0, output_tokens: usage.outputTokens } }),
      },
    ],
  }
}

function codex(turn: FakeTurn, thread_id: string): ReturnType<typeof linesOf> {
  const tools = (turn.tools ?? []).flatMap(({ tool, output = '', failed = false }, index) => {
    const item = { id: `item_${index}`, type: 'command_execution', command: tool }
    return [
      { type: 'item.started', item: { ...item, aggregated_output: '', exit_code: null, status: 'in_progress' } },
      { type: 'item.completed', item: { ...item, aggregated_output: output, exit_code: failed ? 1 : 0, status: failed ? 'failed' : 'completed' } },
    ]
  })
  const answer = turn.value === undefined ? [] : [JSON.stringify(turn.value)]
  const { usage, error } = turn
  return {
    work: [
      { type: 'thread.started', thread_id },
      { type: 'turn.started' },
      ...tools,
      ...[...sayingsOf(turn), ...answer].map((text, index) => ({ type: 'item.completed', item: { id: `item_m${index}`, type: 'agent_message', text } })),
    ],
    end:
      error === undefined
        ? [{ type: 'turn.completed', usage: { input_tokens: usage?.inputTokens ?? 0, cached_input_tokens: usage?.cachedTokens ?? 0, output_tokens: usage?.outputTokens ?? 0 } }]
        : [{ type: 'error', message: error }, { type: 'turn.failed', error: { message: error } }],
  }
}

function gemini(turn: FakeTurn, session_id: string): ReturnType<typeof linesOf> {
  const tools = (turn.tools ?? []).flatMap(({ tool, input = {}, output = '', failed = false }, index) => [
    { type: 'tool_use', tool_name: tool, tool_id: `${tool}-${index}`, parameters: input },
    { type: 'tool_result', tool_id: `${tool}-${index}`, status: failed ? 'error' : 'success', output },
  ])
  const says = sayingsOf(turn).join('\n')
  const half = Math.ceil(says.length / 2)
  const { usage, error } = turn
  return {
    work: [
      { type: 'init', session_id, model: 'gemini-fake' },
      { type: 'message', role: 'user', content: 'what was asked' },
      ...tools,
      { type: 'message', role: 'assistant', content: says.slice(0, half), delta: true },
      { type: 'message', role: 'assistant', content: says.slice(half), delta: true },
    ],
    end: [
      {
        type: 'result',
        status: error === undefined ? 'success' : 'error',
        ...(error === undefined ? {} : { error: { type: 'Error', message: error } }),
        ...(usage === undefined ? {} : { stats: { total_tokens: usage.inputTokens + usage.outputTokens, input_tokens: usage.inputTokens, output_tokens: usage.outputTokens, cached: usage.cachedTokens ?? 0 } }),
      },
    ],
  }
}

function copilot(turn: FakeTurn, sessionId: string): ReturnType<typeof linesOf> {
  const event = (type: string, data: Json): Json => ({ type, data, id: type, timestamp: '2026-04-04T13:59:08.045Z' })
  const tools = (turn.tools ?? []).flatMap(({ tool, input = {}, output = '', failed = false }, index) => [
    event('tool.execution_start', { toolCallId: `tc-${index}`, toolName: tool, arguments: input }),
    event('tool.execution_complete', { toolCallId: `tc-${index}`, success: !failed, result: { content: output } }),
  ])
  const { error } = turn
  return {
    work: [
      event('session.tools_updated', { model: 'copilot-fake' }),
      event('user.message', { content: 'what was asked' }),
      ...tools,
      ...sayingsOf(turn).flatMap((content, index) => [
        event('assistant.message_delta', { messageId: `m${index}`, deltaContent: content }),
        event('assistant.message', { messageId: `m${index}`, content, toolRequests: [], outputTokens: turn.usage?.outputTokens ?? 1 }),
      ]),
    ],
    end: [
      ...(error === undefined ? [] : [event('session.error', { message: error })]),
      { type: 'result', sessionId, exitCode: error === undefined ? 0 : 1, usage: { premiumRequests: 1 } },
    ],
  }
}
