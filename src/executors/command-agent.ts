import type { CommandAgent } from '../spec/ir-agents.ts'
import { answerIn, wholePrompt } from './agent-answer.ts'
import { executeCommand } from './command.ts'
import type { AgentRequest, ExecutionContext, RunRequest, StepResult } from './executor.ts'

/**
 * Runs a command as an agent: it reads the prompt on its stdin, and what it prints is the answer. `folder` is where it
 * runs. Rejects as `executeCommand` does, and with TerminalError OUTPUT_NOT_JSON when its answer has a schema that it does
 * not try to fit.
 */
export async function executeCommandAgent(
  request: AgentRequest,
  agent: CommandAgent,
  context: ExecutionContext,
  { env, folder }: { readonly env: NodeJS.ProcessEnv; readonly folder: string },
): Promise<StepResult> {
  const { runId, path, attempt, idempotencyKey, input, artifacts } = request
  const run: RunRequest = {
    runId,
    path,
    attempt,
    idempotencyKey,
    input,
    ...(artifacts === undefined ? {} : { artifacts }),
    kind: 'run',
    command: agent.command,
    cwd: folder,
    env: agent.env,
    stdin: wholePrompt(request),
    parse: agent.parse,
  }
  const result = await executeCommand(run, context, env)
  const output = typeof result.output === 'string' ? answerIn(result.output, request) : result.output
  if (typeof output === 'string') context.tell?.({ type: 'agent.message', data: { text: output } })
  return { ...result, output }
}
