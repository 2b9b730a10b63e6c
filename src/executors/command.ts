import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { textEnd } from '../cut-text.ts'
import { TerminalError } from '../errors.ts'
import { cancellation } from './cancellation.ts'
import { commandLabel, exitFailure, parseOutput, startFailure } from './command-failure.ts'
import type { ExecutionContext, RunRequest, StepResult } from './executor.ts'
import { createLineSplitter } from './line-splitter.ts'
import { disownGroup, endGroup, groupRuns, ownGroup } from './process-group.ts'

/** Most bytes of stdout that become an output. */
export const largestOutput = 10 * 1024 * 1024
const stderrTailLength = 2000
/** How long output may still come in after the command itself has ended: someone else may hold the pipes open. */
const drainMs = 250

interface Ended {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
}

/**
 * Runs a command: an argv without a shell, or a line through `/bin/sh -c`. Its output is stdout without the newlines at
 * the end, or what stdout holds as JSON. Lines of both streams go to the log as they come.
 *
 * Rejects with RetryableError COMMAND_FAILED (`details`: exitCode, signal, stderrTail), COMMAND_NO_RESOURCES, or with
 * TerminalError COMMAND_NOT_FOUND, COMMAND_CWD_NOT_FOUND, COMMAND_NOT_EXECUTABLE, COMMAND_INVALID, OUTPUT_NOT_JSON,
 * OUTPUT_TOO_LARGE (above 10 MB). When it settles no process of its group is left, also none that the command
 * had put in the background; what made itself a daemon (`setsid`) lives on when the command has ended by itself. One
 * that says which files it leaves finds the folder to leave them in as FORKCHART_ARTIFACTS; its working folder will do as
 * well. TRACEPARENT is the span that its own spans belong to.
 */
export async function executeCommand(
  request: RunRequest,
  context: ExecutionContext,
  env: NodeJS.ProcessEnv,
): Promise<StepResult> {
  const { traceparent } = context
  const child = start(request, {
    ...env,
    ...(traceparent === undefined ? {} : { TRACEPARENT: traceparent }),
    ...(request.artifacts === undefined ? {} : { FORKCHART_ARTIFACTS: context.artifactsDir }),
  })
  const { promise: stopped, resolve: stop } = Promise.withResolvers<Error>()
  const onAbort = (): void => stop(cancellation(context.signal))
  context.signal.addEventListener('abort', onAbort, { once: true })
  ownGroup(child)
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  try {
    const stdout = collect(child.stdout, request, stop)
    const stderr = tail(child.stderr)
    const flushStdout = logLines(child.stdout, (line) => context.log(line, 'stdout'))
    const flushStderr = logLines(child.stderr, (line) => context.log(line, 'stderr'))
    feed(child, request.stdin)
    const outcome = await Promise.race([stopped, ended(child, request)])
    if (!(outcome instanceof Error)) await within(closed, drainMs)
    if (await endRest(child, context, outcome instanceof Error)) await within(closed, drainMs)
    for (const stream of child.stdio) stream?.destroy()
    flushStdout()
    flushStderr()
    if (outcome instanceof Error) throw outcome
    if (outcome.exitCode !== 0) throw exitFailure(request, { ...outcome, stderrTail: stderr() })
    return { output: request.parse === 'json' ? parseOutput(request, stdout()) : withoutFinalNewlines(stdout()) }
  } finally {
    context.signal.removeEventListener('abort', onAbort)
  }
}

function start(request: RunRequest, env: NodeJS.ProcessEnv): ChildProcess {
  const [file = '', ...args] = typeof request.command === 'string' ? ['/bin/sh', '-c', request.command] : request.command
  try {
    return spawn(file, args, {
      cwd: request.cwd,
      env: { ...env, ...request.env },
      stdio: [request.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      // Its own process group, so that all it starts can be ended with it.
      detached: true,
      windowsHide: true,
    })
  } catch (error) {
    throw startFailure(request, error)
  }
}

/** Resolves when the command itself has ended, or with why it could not start. */
function ended(child: ChildProcess, request: RunRequest): Promise<Ended | Error> {
  const { promise, resolve } = Promise.withResolvers<Ended | Error>()
  child.once('error', (error) => resolve(startFailure(request, error)))
  child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }))
  return promise
}

async function within(work: Promise<void>, ms: number): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([work, over])
  clearTimeout(timer)
}

/** Ends what is left of the group; true when there was something, whose last words may still be in the pipes. */
async function endRest(child: ChildProcess, context: ExecutionContext, stopped: boolean): Promise<boolean> {
  if (child.pid === undefined) return false
  if (!stopped && !groupRuns(child.pid)) {
    disownGroup(child.pid)
    return false
  }
  if (!stopped) context.log('processes that the command left in the background were ended')
  await endGroup(child.pid)
  return true
}

function collect(stream: Readable | null, request: RunRequest, stop: (error: Error) => void): () => string {
  const chunks: Buffer[] = []
  let size = 0
  stream?.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= largestOutput) chunks.push(chunk)
    else {
      chunks.length = 0
      const limit = `${largestOutput / 1024 / 1024} MB`
      const message = `${commandLabel(request)} printed more than ${limit}. Let it write to a file.`
      stop(new TerminalError('OUTPUT_TOO_LARGE', message))
    }
  })
  return () => Buffer.concat(chunks).toString('utf8')
}

function tail(stream: Readable | null): () => string {
  let kept = Buffer.alloc(0)
  stream?.on('data', (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]).subarray(-4 * stderrTailLength)
  })
  return () => textEnd(kept.toString('utf8'), stderrTailLength)
}

function logLines(stream: Readable | null, log: (line: string) => void): () => void {
  const lines = createLineSplitter(log)
  stream?.on('data', lines.push)
  return lines.flush
}

function feed(child: ChildProcess, stdin: string | undefined): void {
  // A command may end without reading what it was given: that is its own business.
  child.stdin?.on('error', () => undefined)
  if (stdin !== undefined) child.stdin?.end(stdin)
}

function withoutFinalNewlines(text: string): string {
  let end = text.length
  while (end > 0 && text.charAt(end - 1) === '\n') end -= text.charAt(end - 2) === '\r' ? 2 : 1
  return text.slice(0, end)
}
