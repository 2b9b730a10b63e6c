import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { textEnd } from '../cut-text.ts'
import { nodeErrorCode, RetryableError, TerminalError } from '../errors.ts'
import { keepAgentState, loadAgentState } from './agent-state.ts'
import type { ExecutionContext } from './executor.ts'
import { createLineSplitter } from './line-splitter.ts'
import { endGroup, identityOf, ownGroup } from './process-group.ts'

const stderrTailLength = 4000
/** How long output may still come in after the program itself has ended: a child of its own may hold the pipes open. */
const drainMs = 250

export interface AgentProcessOptions {
  /** The program and its arguments: no shell reads them. */
  readonly command: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** Gets the lines of stderr. */
  readonly log: (line: string) => void
  /** What to do when the program is not there. */
  readonly install: string
}

export interface ProcessEnd {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
}

/** A program that does an agent's work, in a process group of its own. */
export interface AgentProcess {
  readonly pid: number | undefined
  readonly stdin: Writable
  readonly stdout: Readable
  /** Resolves when the program has ended and what it printed is read; rejects when it could not be started. */
  readonly ended: Promise<ProcessEnd>
  /** The last of what it wrote on stderr. */
  stderrTail(): string
  /** Ends it and all it started, within 2 s; resolves when none is left. */
  end(): Promise<void>
}

/**
 * Starts the program. What cannot be started makes `ended` reject: TerminalError AGENT_NOT_INSTALLED, WORKSPACE_NOT_FOUND,
 * AGENT_NOT_STARTED, or RetryableError COMMAND_NO_RESOURCES.
 */
export function startAgentProcess(options: AgentProcessOptions): AgentProcess {
  const [file = '', ...args] = options.command
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    windowsHide: true,
  })
  ownGroup(child)
  const lines = createLineSplitter(options.log)
  let kept = ''
  child.stderr.on('data', (chunk: Buffer) => {
    lines.push(chunk)
    kept = (kept + chunk.toString('utf8')).slice(-2 * stderrTailLength)
  })
  // A program may end without reading what it was given.
  child.stdin.on('error', () => undefined)
  const ended = endOf(child, options)
  ended.catch(() => undefined).finally(lines.flush)
  return {
    pid: child.pid,
    stdin: child.stdin,
    stdout: child.stdout,
    ended,
    stderrTail: () => textEnd(kept.trim(), stderrTailLength),
    end: async () => {
      if (child.pid !== undefined) await endGroup(child.pid)
      for (const stream of child.stdio) stream?.destroy()
    },
  }
}

/** Writes down which program works on a step, so that `endOrphan` finds it when this process is killed. */
export async function rememberProcess({ pid }: AgentProcess, context: ExecutionContext): Promise<void> {
  const process = pid === undefined ? undefined : identityOf(pid)
  if (process !== undefined) await keepAgentState(context, { process })
}

/** Ends the program of an earlier attempt whose own host was killed: two must not work in one folder. */
export async function endOrphan(context: ExecutionContext): Promise<void> {
  const { process } = await loadAgentState(context)
  if (process === undefined || identityOf(process.pid)?.began !== process.began) return
  context.log(`the agent of the attempt before still runs as process ${process.pid}: it is ended`)
  await endGroup(process.pid)
}

function endOf(child: ChildProcess, options: AgentProcessOptions): Promise<ProcessEnd> {
  const { promise, resolve, reject } = Promise.withResolvers<ProcessEnd>()
  child.once('error', (error) => reject(startFailure(error, options)))
  child.once('exit', (exitCode, signal) => {
    const done = (): void => resolve({ exitCode, signal })
    const timer = setTimeout(done, drainMs)
    child.once('close', () => {
      clearTimeout(timer)
      done()
    })
  })
  // Whoever waits hears of it; nobody has to.
  promise.catch(() => undefined)
  return promise
}

function startFailure(error: Error, { command, cwd, install }: AgentProcessOptions): Error {
  const program = command[0] ?? ''
  const code = nodeErrorCode(error)
  if (code === 'EAGAIN' || code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM') {
    return new RetryableError('COMMAND_NO_RESOURCES', `${program} cannot start just now: the system is out of processes, files or memory (${code}).`, { cause: error })
  }
  if (code === 'ENOENT') {
    return new TerminalError('AGENT_NOT_INSTALLED', `${program} cannot be started in ${cwd}: it is not there. ${install}`, { cause: error })
  }
  return new TerminalError('AGENT_NOT_STARTED', `${program} cannot be started in ${cwd}: ${error.message}`, { cause: error })
}
