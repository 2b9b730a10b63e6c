import { type Clock, systemClock } from '../clock.ts'
import { TerminalError } from '../errors.ts'
import { checkAgainstSchema, describeIssues } from '../schema-check.ts'
import type { StepFunction } from '../step-function.ts'
import { executeCall } from './call.ts'
import { executeAsk } from './ask.ts'
import { cancellation } from './cancellation.ts'
import { executeCommand } from './command.ts'
import { executeCommandAgent } from './command-agent.ts'
import type { AgentRequest, ExecutionContext, StepRequest, StepResult } from './executor.ts'
import { executeHttp } from './http.ts'
import { executeScripted } from './scripted.ts'
import { executeWait } from './wait.ts'
import { inWorkspace } from './workspace/workspace.ts'

/** Does the work of steps of every kind. */
export interface Executors {
  /** See `Executor` for what is guaranteed; work for an aborted signal is not begun. */
  execute(request: StepRequest, context: ExecutionContext): Promise<StepResult>
}

export interface ExecutorOptions {
  /** True: every agent answers from its script, none is really asked. */
  readonly scripted: boolean
  /** What `call` may name besides functions of modules. */
  readonly functions?: Readonly<Record<string, StepFunction>>
  readonly clock?: Clock
  /** Environment of commands and of agents' settings; the process's own unless given. */
  readonly env?: NodeJS.ProcessEnv
}

/** The SDK of agents is loaded when the first of them runs: making executors costs nothing. */
export function createExecutors(options: ExecutorOptions): Executors {
  const { scripted, functions = {}, clock = systemClock, env = process.env } = options

  async function execute(request: StepRequest, context: ExecutionContext): Promise<StepResult> {
    if (context.signal.aborted) throw cancellation(context.signal)
    switch (request.kind) {
      case 'agent':
        return checked(request, await executeAgent(request, context))
      case 'run':
        return executeCommand(request, context, env)
      case 'call':
        return executeCall(request, context, functions)
      case 'http':
        return executeHttp(request, context, clock)
      case 'wait':
        return executeWait(request, context, clock)
      case 'ask':
      case 'event':
        return executeAsk(request, context)
      case 'workflow':
        if (context.runChild === undefined) throw new TerminalError('NO_HOST', 'A child workflow needs a host that runs it.')
        return context.runChild(request)
    }
  }

  /** What has a folder of its own is checked before its changes leave it. */
  async function executeAgent(request: AgentRequest, context: ExecutionContext): Promise<StepResult> {
    if (scripted || request.agent.uses === 'scripted') {
      return executeScripted(request, context, { clock, rehearsal: scripted })
    }
    switch (request.agent.uses) {
      case 'openai': {
        const { executeOpenAI } = await import('./openai/openai.ts')
        return executeOpenAI(request, context, { env, clock, functions })
      }
      case 'command': {
        const { agent } = request
        return inWorkspace(agent.workspace, request, context, async (folder) => checked(request, await executeCommandAgent(request, agent, context, { env, folder })))
      }
      case 'function': {
        const { agent, prompt, ...rest } = request
        return executeCall({ ...rest, kind: 'call', target: agent.call, input: prompt }, context, functions)
      }
      case 'acp': {
        const { agent } = request
        const { executeAcp } = await import('./acp/acp.ts')
        return inWorkspace(agent.workspace, request, context, async (folder) => checked(request, await executeAcp(request, agent, context, { env, folder })))
      }
      case 'cli': {
        const { agent } = request
        const { executeCli } = await import('./cli/cli.ts')
        return inWorkspace(agent.workspace, request, context, async (folder) => checked(request, await executeCli(request, agent, context, { env, folder })))
      }
    }
  }

  return { execute }
}

/** The answer with the defaults of its schema; throws TerminalError OUTPUT_INVALID when it does not fit. */
function checked(request: AgentRequest, result: StepResult): StepResult {
  if (request.outputSchema === undefined) return result
  const verdict = checkAgainstSchema(request.outputSchema, result.output)
  if (verdict.ok) return { ...result, output: verdict.value }
  throw new TerminalError(
    'OUTPUT_INVALID',
    `The answer of agent "${request.agentName}" does not fit its output schema: ${describeIssues(verdict.issues)}. ` +
      'Say in its instructions what is wanted, or give scripted replies that fit.',
    { details: verdict.issues.map((issue) => ({ ...issue })) },
  )
}
