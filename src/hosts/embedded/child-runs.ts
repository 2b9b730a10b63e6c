import { createHash } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import type { Clock } from '../../clock.ts'
import { CancelledError, type ErrorData, interruptedCode, RetryableError, TerminalError, UsageError } from '../../errors.ts'
import type { ExecutionContext, StepResult, WorkflowRequest } from '../../executors/executor.ts'
import { applyEvent, createRunView } from '../../runtime/run-view.ts'
import type { UsageTotal } from '../../spec/outcome.ts'
import type { RunSpec } from '../../store/store.ts'
import { delay } from '../../executors/delay.ts'
import type { Host, ResumeOptions, RunHandle } from '../host.ts'

const longestRunId = 128
/** How often, and how soon again, a child is taken up that somebody else has: until the lock of one who is gone counts no more. */
const mostTries = 200
const tryAgainMs = 100

type ChildHost = Host & { readonly clock: Clock }

export interface ChildOptions {
  readonly host: ChildHost
  readonly parent: RunSpec
  readonly listener: ChildListener
  /** Whether the parent was taken from whoever had it, and the child is to be as well. */
  readonly force: boolean
}

/** What a parent has to know of a child. */
export interface ChildListener {
  /** Told whenever the child begins to wait for answers, with their ids, or goes on: then with none. */
  readonly waits: (asks: readonly string[]) => void
  /** Somebody paused the child: it goes on when its parent is resumed. */
  readonly paused: (runId: string) => void
}

/**
 * Runs a child workflow to its end. The child is a run of its own, named after its parent's and the step's path: one that
 * was begun before this process was goes on, and one that is done already is not done again. It is stopped with its
 * parent, and interrupted with it.
 */
export async function executeChild(request: WorkflowRequest, context: ExecutionContext, options: ChildOptions): Promise<StepResult> {
  for (let force = options.force; ; force = false) {
    const handle = await begin(request, context, { ...options, force })
    const result = await attend(handle, context.signal, options)
    if (result !== 'lost') return result
  }
}

/** Waits for the end of a child; `lost` when somebody has taken it over, which is theirs to give back. */
async function attend(handle: RunHandle, signal: AbortSignal, options: ChildOptions): Promise<StepResult | 'lost'> {
  const { listener } = options
  const stop = (): void => {
    const reason: unknown = signal.reason
    if (reason instanceof CancelledError && reason.code === interruptedCode) void handle.interrupt()
    else handle.cancel(reason instanceof Error ? reason.message : 'The parent was stopped.')
  }
  const view = createRunView(handle.workflow)
  let isPast = true
  let asks: readonly string[] = []
  const unsubscribe = handle.subscribe((event) => {
    applyEvent(view, event)
    const before = asks
    asks = event.type === 'run.waiting' ? event.data.asks.map((ask) => (ask.includes(':') ? ask : `${handle.runId}:${ask}`)) : []
    if (!isPast && (asks.length > 0 || before.length > 0)) listener.waits(asks)
  })
  isPast = false
  // It may have asked before it was listened to.
  if (asks.length > 0) listener.waits(asks)
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    const settlement = await handle.settled.catch((error: unknown) => {
      if (error instanceof TerminalError && error.code === 'LOCK_LOST') return 'lost' as const
      throw error
    })
    signal.throwIfAborted()
    if (settlement === 'lost') return settlement
    if (settlement.status === 'interrupted') return await leave(handle.runId, signal, options)
    switch (settlement.status) {
      case 'done':
        return { output: settlement.output ?? null, ...usageOf(view.usage) }
      case 'failed':
        throw asThrown(handle.runId, settlement.error, view.usage)
      default:
        throw new TerminalError('CHILD_STOPPED', `The child run ${handle.runId} ended as ${settlement.status}.`, usageOf(view.usage))
    }
  } finally {
    signal.removeEventListener('abort', stop)
    unsubscribe()
    listener.waits([])
  }
}

/** Waits with a child that was paused until its parent lets go of it. Rejects with why. */
async function leave(runId: string, signal: AbortSignal, { host, listener }: ChildOptions): Promise<never> {
  const { promise, resolve } = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => resolve(), { once: true })
  listener.paused(runId)
  await promise
  const reason: unknown = signal.reason
  if (!(reason instanceof CancelledError && reason.code === interruptedCode)) {
    await host.act(runId, { type: 'cancel', reason: reason instanceof Error ? reason.message : 'The parent was stopped.' })
  }
  throw reason
}

async function begin(request: WorkflowRequest, context: ExecutionContext, { host, parent, force }: ChildOptions): Promise<RunHandle> {
  const workflow = parent.workflow.workflows?.[request.workflow]
  if (workflow === undefined) throw new TerminalError('CHILD_UNKNOWN', `The run has no workflow "${request.workflow}".`)
  const runId = childRunId(request.runId, request.path, context.turn ?? 1)
  const file = resolve(parent.options.specDir, request.workflow)
  try {
    return await host.start({
      workflow,
      input: request.with,
      runId,
      scripted: parent.options.scripted,
      specDir: dirname(file),
      workingDir: parent.options.workingDir,
      source: { file, text: '' },
      parent: { runId: parent.runId, path: request.path },
      ...(context.traceparent === undefined ? {} : { traceparent: context.traceparent }),
      ...(context.requestId === undefined ? {} : { requestId: context.requestId }),
    })
  } catch (error) {
    if (!(error instanceof UsageError) || error.code !== 'RUN_EXISTS') throw error
    return takeUp({ runId, workflow, force }, host, context.signal)
  }
}

/** Somebody who answers a question of the child has it for a moment, and whoever had it before may be gone. */
async function takeUp({ force = false, ...options }: ResumeOptions, host: ChildHost, signal: AbortSignal): Promise<RunHandle> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await host.resume({ ...options, force: force && tries === mostTries })
    } catch (error) {
      if (!(error instanceof UsageError) || error.code !== 'RUN_LOCKED' || tries === mostTries) throw error
      await delay(tryAgainMs, host.clock, signal)
    }
  }
}

/** Named after its parent and the step at `path`; another one each time that the step is started anew, not when it goes on after its process ended. */
export function childRunId(runId: string, path: string, turn: number): string {
  const id = `${runId}.${path}${turn === 1 ? '' : `-${turn}`}`
  if (id.length <= longestRunId) return id
  const hash = createHash('sha256').update(id).digest('hex').slice(0, 16)
  return `${id.slice(0, longestRunId - hash.length - 1)}-${hash}`
}

/** The child's failure is the step's; `details` names the run. */
function asThrown(runId: string, error: ErrorData | undefined, usage: UsageTotal | null): Error {
  const { code, kind, message } = error ?? { code: 'CHILD_FAILED', kind: 'terminal', message: 'The child run failed.' }
  const options = { details: { runId, ...(error?.path === undefined ? {} : { path: error.path }) }, ...usageOf(usage) }
  return kind === 'retryable' ? new RetryableError(code, message, options) : new TerminalError(code, message, options)
}

function usageOf(usage: UsageTotal | null): { readonly usage?: UsageTotal } {
  return usage === null ? {} : { usage }
}
