import { createHash } from 'node:crypto'
import type { Tool } from '@openai/agents'
import { ForkchartError, TerminalError } from '../../errors.ts'
import { isJsonObject, type Json, toText } from '../../json.ts'
import { checkAgainstSchema, describeIssues } from '../../schema-check.ts'
import type { AgentTool, OpenAIAgent } from '../../spec/ir-agents.ts'
import type { StepFunction } from '../../step-function.ts'
import type { ToolContext } from '../../tool-function.ts'
import { findExport } from '../call-target.ts'
import { orCancelled } from '../cancellation.ts'
import type { AgentRequest, ExecutionContext } from '../executor.ts'
import { toJson } from '../json-value.ts'
import { isStrict, withAllKeys } from './output.ts'
import type { Sdk } from './sdk.ts'

type SdkFunctionTool = Extract<Tool, { type: 'function' }>

export interface ToolMaking {
  readonly sdk: Sdk
  readonly request: AgentRequest
  readonly context: ExecutionContext
  readonly functions: Readonly<Record<string, StepFunction>>
  /** Calls that failed, by their id: filled as they do. */
  readonly failed: Set<string>
  /** Gives the key of the next call of a tool with these arguments. */
  readonly keyOf: (tool: string, args: Json) => string
}

/** The tools of an agent as the SDK wants them. Throws TerminalError as `findExport` does, and TOOL_INVALID. */
export function agentTools(agent: OpenAIAgent, making: ToolMaking): Promise<Tool[]> {
  return Promise.all((agent.tools ?? []).map((tool) => ('hosted' in tool ? hostedTool(tool) : calledTool(tool, making))))
}

/** Numbers the calls of each tool with the same arguments, so that the same calls get the same keys when they are made again. */
export function callKeys(stepKey: string, earlier: readonly { readonly tool: string; readonly args: Json }[]): ToolMaking['keyOf'] {
  const counts = new Map<string, number>()
  const keyOf = (tool: string, args: Json): string => {
    const hash = createHash('sha256').update(JSON.stringify(args)).digest('hex').slice(0, 12)
    const call = `${stepKey}/${tool}-${hash}`
    const count = (counts.get(call) ?? 0) + 1
    counts.set(call, count)
    return count === 1 ? call : `${call}~${count}`
  }
  for (const { tool, args } of earlier) keyOf(tool, args)
  return keyOf
}

/** Runs at the provider, who knows its settings: they are passed on as they are. */
function hostedTool({ hosted, settings }: Extract<AgentTool, { hosted: string }>): Tool {
  return { type: 'hosted_tool', name: hosted, providerData: { ...settings, type: hosted } }
}

async function calledTool(tool: Extract<AgentTool, { call: string }>, making: ToolMaking): Promise<Tool> {
  const { call: target, approve, description } = tool
  const found = await findExport(target, making.functions)
  if (isSdkTool(found)) return approve ? { ...found, needsApproval: () => Promise.resolve(true) } : found
  if (typeof found !== 'function') {
    throw new TerminalError('TOOL_INVALID', `${target} is neither a function nor a tool of the Agents SDK.`)
  }
  const name = tool.name ?? target.slice(target.lastIndexOf('#') + 1)
  const parameters = withAllKeys(isJsonObject(tool.parameters) ? { ...tool.parameters, type: 'object' } : { type: 'object' })
  return making.sdk.tool({
    name,
    description: description ?? name,
    // The SDK passes the schema on as it is; its type knows only one way to write one.
    parameters: parameters as never,
    strict: isStrict(parameters) as never,
    needsApproval: approve,
    execute: (args: unknown, _context: unknown, details?: { readonly toolCall?: { readonly callId: string } }) => {
      const call = { name, args: (args ?? {}) as Json, schema: tool.parameters, id: details?.toolCall?.callId ?? '' }
      return callFunction(found as ToolFunction, call, making)
    },
    errorFunction: (_context: unknown, error: unknown) => {
      if (error instanceof ToolStop) throw error
      return `The call failed: ${error instanceof Error ? error.message : String(error)}`
    },
  })
}

type ToolFunction = (args: Json, context: ToolContext) => unknown

interface Call {
  readonly name: string
  readonly args: Json
  readonly schema: AgentRequest['outputSchema']
  readonly id: string
}

/** What the model is told. What a function throws is told to it too, so that it may try otherwise; a ForkchartError fails the step. */
async function callFunction(fn: ToolFunction, call: Call, { context, request, failed, keyOf }: ToolMaking): Promise<string> {
  const { signal } = context
  const verdict = call.schema === undefined ? undefined : checkAgainstSchema(call.schema, call.args)
  if (verdict?.ok === false) {
    failed.add(call.id)
    return `The arguments do not fit: ${describeIssues(verdict.issues)}.`
  }
  const told: ToolContext = {
    signal,
    runId: request.runId,
    path: request.path,
    attempt: request.attempt,
    idempotencyKey: keyOf(call.name, call.args),
    log: (text) => context.log(String(text)),
  }
  try {
    const args = verdict === undefined ? call.args : verdict.value
    const value = await orCancelled(Promise.resolve(args).then((given) => fn(given, told)), signal)
    return toText(toJson(value, call.name))
  } catch (error) {
    failed.add(call.id)
    if (signal.aborted || error instanceof ForkchartError) throw new ToolStop(error)
    const message = error instanceof Error ? error.message : String(error)
    context.log(`${call.name} failed: ${message}`)
    return `The call failed: ${message}`
  }
}

/** Carries what is to fail the step out of the SDK, which keeps the errors of tools to itself. */
export class ToolStop extends Error {
  readonly reason: unknown
  constructor(reason: unknown) {
    super(reason instanceof Error ? reason.message : String(reason))
    this.name = 'ToolStop'
    this.reason = reason
  }
}

function isSdkTool(value: unknown): value is SdkFunctionTool {
  return (
    typeof value === 'object' && value !== null && 'type' in value && value.type === 'function' &&
    'invoke' in value && typeof value.invoke === 'function'
  )
}
