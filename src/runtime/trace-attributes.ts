import type { EventData, RunEvent } from '../events.ts'
import { parseTraceparent } from '../trace-id.ts'
import type { Opening, SpanAttributes } from './trace-span.ts'

/** What spans are called and say: for agents in the names of OpenTelemetry's conventions for generative AI. */

export function runOpening({ runId, data }: Extract<RunEvent, { type: 'run.started' }>): Opening {
  const { workflow, scripted, traceparent, requestId } = data
  return {
    kind: 'run',
    name: `invoke_workflow ${workflow}`,
    path: null,
    parentSpanId: traceparent === undefined ? null : (parseTraceparent(traceparent)?.spanId ?? null),
    attributes: {
      'gen_ai.operation.name': 'invoke_workflow',
      'gen_ai.workflow.name': workflow,
      'forkchart.run.id': runId,
      ...(scripted ? { 'forkchart.scripted': true } : {}),
      ...(requestId === undefined ? {} : { 'forkchart.request.id': requestId }),
    },
  }
}

export function attemptOpening({ runId, path = '', attempt = 1, agent, group, branch }: RunEvent, parentSpanId: string): Opening {
  return {
    kind: 'attempt',
    name: agent === undefined ? `attempt ${attempt}` : `invoke_agent ${agent}`,
    path,
    parentSpanId,
    attributes: {
      'forkchart.run.id': runId,
      'forkchart.path': path,
      'forkchart.attempt': attempt,
      ...(group === undefined ? {} : { 'forkchart.group': group }),
      ...(branch === undefined ? {} : { 'forkchart.branch': branch }),
      ...(agent === undefined ? {} : { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': agent }),
    },
  }
}

export function callOpening({ path = '', data: { call, tool } }: Extract<RunEvent, { type: 'agent.tool_call' }>, parentSpanId: string): Opening {
  return {
    kind: 'tool',
    name: `execute_tool ${tool}`,
    path,
    parentSpanId,
    attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': tool, 'gen_ai.tool.call.id': call },
  }
}

export function partOpening({ path = '', data }: Extract<RunEvent, { type: 'agent.span_started' }>, parentSpanId: string): Opening {
  const { kind, name, call, attributes } = data
  return { kind, name, path, parentSpanId, attributes: { ...attributes, ...(call === undefined ? {} : { 'gen_ai.tool.call.id': call }) } }
}

export function usageAttributes(usage: EventData<'agent.usage'>): SpanAttributes {
  const { inputTokens, outputTokens, cachedTokens, reasoningTokens, costUsd, costSource, model, sessionId } = usage
  return {
    'gen_ai.usage.input_tokens': inputTokens,
    'gen_ai.usage.output_tokens': outputTokens,
    ...(cachedTokens === undefined ? {} : { 'gen_ai.usage.cache_read.input_tokens': cachedTokens }),
    ...(reasoningTokens === undefined ? {} : { 'gen_ai.usage.reasoning.output_tokens': reasoningTokens }),
    ...(model === undefined ? {} : { 'gen_ai.response.model': model }),
    ...(sessionId === undefined ? {} : { 'gen_ai.conversation.id': sessionId }),
    ...(costUsd === null ? {} : { 'forkchart.cost_usd': costUsd }),
    ...(costSource === undefined ? {} : { 'forkchart.cost_source': costSource }),
  }
}
