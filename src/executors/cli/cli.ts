import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ForkchartError, TerminalError } from '../../errors.ts'
import type { CliAgent } from '../../spec/ir-agents.ts'
import { answerIn, wholePrompt } from '../agent-answer.ts'
import { endOrphan, rememberProcess, startAgentProcess } from '../agent-process.ts'
import { loadAgentState } from '../agent-state.ts'
import { cancellation } from '../cancellation.ts'
import type { CliDialect } from './dialect.ts'
import { cliDialects } from './dialects.ts'
import { cliFailure } from './failure.ts'
import { CliOutput } from './output.ts'
import type { AgentRequest, ExecutionContext, StepResult } from '../executor.ts'
import { findOnPath } from '../find-on-path.ts'
import { outputFormat } from '../openai/output.ts'

interface CliOptions {
  readonly env: NodeJS.ProcessEnv
  /** Where it works. Absolute. */
  readonly folder: string
}

/**
 * Has one of the programs of `cliDialects` do an agent's work in `folder`. It is started with an argv, never through a
 * shell; what its `args` do not allow it, it may not do. Another attempt of the step goes on with the session of the one before.
 * Rejects as `agentFailure` says, and with TerminalError AGENT_NOT_INSTALLED, OUTPUT_NOT_JSON or RetryableError
 * AGENT_CRASHED. When it settles no process of the agent is left.
 */
export async function executeCli(request: AgentRequest, agent: CliAgent, context: ExecutionContext, options: CliOptions): Promise<StepResult> {
  const dialect = cliDialects[agent.cli]
  const program = findOnPath(dialect.program, { ...options.env, ...agent.env })
  if (program === undefined) {
    throw new TerminalError('AGENT_NOT_INSTALLED', `Agent "${request.agentName}" needs ${dialect.program}, which is not on PATH. ${dialect.install}`)
  }
  await endOrphan(context)
  const { sessionId } = await loadAgentState(context)
  const attempt = { request, agent, context, dialect, program, ...options }
  if (sessionId === undefined) return runOnce(attempt, undefined)
  try {
    return await runOnce(attempt, sessionId)
  } catch (error) {
    if (context.signal.aborted || !(error instanceof ForkchartError) || !isSessionLost(error.message)) throw error
    context.log(`${dialect.program} does not know session ${sessionId} any more: begins a new one`)
    return runOnce(attempt, undefined)
  }
}

function isSessionLost(message: string): boolean {
  return /\b(?:no|unknown|invalid) (?:conversation|session|thread|rollout)|\b(?:conversation|session|thread|rollout)\b[^.]{0,80}(?:not found|not exist|no longer)/i.test(message)
}

interface Attempt extends CliOptions {
  readonly request: AgentRequest
  readonly agent: CliAgent
  readonly context: ExecutionContext
  readonly dialect: CliDialect
  readonly program: string
}

async function runOnce(attempt: Attempt, sessionId: string | undefined): Promise<StepResult> {
  const { request, agent, context, dialect, program, folder } = attempt
  const format = formatFor(attempt)
  const schemaFile = format === undefined || dialect.schema !== 'file' ? undefined : await writeSchema(format.schema)
  if (request.maxTurns !== undefined && !dialect.turns) {
    context.log(`${dialect.program} cannot be told after how many turns to stop: \`max_turns\` has no effect`)
  }
  const prompt = wholePrompt(format === undefined ? request : withoutSchema(request))
  const { args, stdin = '' } = dialect.call({
    prompt: sessionId === undefined ? prompt : `Your last attempt was cut off. Go on where you stopped; this was asked:\n\n${prompt}`,
    extra: agent.args,
    ...(agent.model === undefined ? {} : { model: agent.model }),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(format === undefined ? {} : { schema: format.schema }),
    ...(schemaFile === undefined ? {} : { schemaFile }),
    ...(request.maxTurns === undefined ? {} : { maxTurns: request.maxTurns }),
  })
  const output = new CliOutput(dialect, context)
  const process = startAgentProcess({
    command: [program, ...args],
    cwd: folder,
    env: environment(attempt),
    log: (line) => context.log(line, 'stderr'),
    install: dialect.install,
  })
  const { promise: aborted, reject: abort } = Promise.withResolvers<never>()
  aborted.catch(() => undefined)
  const onAbort = (): void => abort(cancellation(context.signal))
  if (context.signal.aborted) onAbort()
  context.signal.addEventListener('abort', onAbort, { once: true })
  try {
    process.stdout.on('data', output.push)
    await rememberProcess(process, context)
    process.stdin.end(stdin)
    const { exitCode, signal } = await Promise.race([aborted, process.ended])
    const end = await output.end()
    const usage = end?.usage
    const how = { exitCode, signal, usage, stderr: process.stderrTail() }
    if (end === undefined || end.failure !== undefined || exitCode !== 0) throw cliFailure(`Agent "${request.agentName}" (${dialect.program})`, dialect, output, how)
    const text = end.text ?? output.lastMessage
    return {
      output: format === undefined ? answerIn(text, request) : format.unwrap(end.value ?? answerIn(text, { ...request, outputSchema: format.schema })),
      ...(usage === undefined ? {} : { usage }),
      ...known({ model: output.model ?? agent.model, sessionId: output.sessionId ?? sessionId }),
    }
  } finally {
    context.signal.removeEventListener('abort', onAbort)
    await process.end()
    await output.saved()
    if (schemaFile !== undefined) await rm(join(schemaFile, '..'), { recursive: true, force: true })
  }
}

/** The format that the program itself holds its answer to; undefined when the prompt has to say it. */
function formatFor({ dialect, request }: Attempt): ReturnType<typeof outputFormat> {
  if (dialect.schema === 'no') return undefined
  const format = outputFormat(request.outputSchema)
  return dialect.schema === 'file' && format?.strict === false ? undefined : format
}

function withoutSchema({ outputSchema: _, ...request }: AgentRequest): AgentRequest {
  return request
}

async function writeSchema(schema: object): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'forkchart-schema-')), 'schema.json')
  await writeFile(file, JSON.stringify(schema))
  return file
}

function environment({ env, agent, request, context }: Attempt): NodeJS.ProcessEnv {
  return { ...env, ...agent.env, ...(request.artifacts === undefined ? {} : { FORKCHART_ARTIFACTS: context.artifactsDir }) }
}

/** Without what is not known. */
function known({ model, sessionId }: { readonly model: string | undefined; readonly sessionId: string | undefined }) {
  return { ...(model === undefined ? {} : { model }), ...(sessionId === undefined ? {} : { sessionId }) }
}
