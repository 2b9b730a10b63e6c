import { mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ExecuteInput, ExecuteResult } from '../../../machines/step.ts'
import { resolveStepRequest, type ResolveOptions } from '../../compiler/step-request.ts'
import { type ErrorData, ForkchartError, toErrorData } from '../../errors.ts'
import type { UnnumberedEvent } from '../../events.ts'
import type {
  AgentEvent, ExecutionContext, Question, StepRequest, StepResult, StepState, WorkflowRequest,
} from '../../executors/executor.ts'
import type { Json } from '../../json.ts'
import type { UsageTotal } from '../../spec/outcome.ts'
import { type PriceTable, withCost } from '../../prices.ts'
import type { Redactor } from '../../redact.ts'
import { keepArtifacts } from './artifacts.ts'
import { cutLong } from './cut-long.ts'
import { DeltaText } from './delta-text.ts'
import { createLogText } from './log-text.ts'
import type { RunTrace } from './run-trace.ts'
import type { StepMemory } from './step-memory.ts'
import type { StepStart } from './step-starts.ts'

export interface ExecutionOptions {
  readonly execute: (request: StepRequest, context: ExecutionContext) => Promise<StepResult>
  readonly resolve: ResolveOptions
  readonly redactor: Redactor
  /** Resolves when all that led to this execution is on disk; rejects when the store failed. */
  readonly durable: () => Promise<void>
  readonly startOf: (path: string) => StepStart
  readonly log: (path: string, attempt: number, text: string, stream: 'stdout' | 'stderr' | 'log') => void
  /** The run's folder for files, made on demand. */
  readonly artifactsDir: () => string
  /** See `ExecutionContext`. */
  readonly ask: (path: string, question: Question, signal: AbortSignal) => Promise<Json>
  readonly runChild: (child: WorkflowRequest, context: ExecutionContext) => Promise<StepResult>
  /** Adds an event of the step at `path` to the run. */
  readonly tell: (path: string, event: AgentEvent | AgentUsage) => void
  readonly delta: (path: string, attempt: number, text: string) => void
  readonly state: (key: string) => StepState
  readonly memory: Pick<StepMemory, 'recall'>
  readonly trace: RunTrace
  /** What models cost whose attempts come without their cost. */
  readonly prices: PriceTable | undefined
  /** Not called for an execution that was aborted. */
  readonly onEnd: (path: string, end: ExecutionEnd) => void
  readonly onStoreFailure: (error: unknown) => void
}

type AgentUsage = Extract<UnnumberedEvent, { type: 'agent.usage' }>

export type ExecutionEnd =
  | { readonly ok: true; readonly result: ExecuteResult }
  | { readonly ok: false; readonly error: ErrorData; readonly usage?: UsageTotal }

/** The attempts under way in this process. */
export class Executions {
  readonly #options: ExecutionOptions
  readonly #current = new Map<string, { readonly controller: AbortController; readonly done: Promise<void> }>()
  readonly #ending = new Set<Promise<void>>()

  constructor(options: ExecutionOptions) {
    this.#options = options
  }

  /** Starts an attempt; one of the same step that is still ending is awaited first. */
  start(path: string, input: ExecuteInput): void {
    const before = this.#current.get(path)?.done
    const controller = new AbortController()
    const done: Promise<void> = this.#run(path, input, controller.signal, before).finally(() => {
      this.#ending.delete(done)
      if (this.#current.get(path)?.controller === controller) this.#current.delete(path)
    })
    this.#current.set(path, { controller, done })
    this.#ending.add(done)
  }

  /** Paths of the steps whose attempts are under way and were not told to stop. */
  underWay(): string[] {
    return [...this.#current].filter(([, { controller }]) => !controller.signal.aborted).map(([path]) => path)
  }

  abort(path: string, reason: Error): void {
    this.#current.get(path)?.controller.abort(reason)
  }

  abortAll(reason: Error): void {
    for (const { controller } of this.#current.values()) controller.abort(reason)
  }

  /** Resolves when no attempt is under way and all their processes are gone. */
  async ended(): Promise<void> {
    while (this.#ending.size > 0) await Promise.all(this.#ending)
  }

  async #run(path: string, input: ExecuteInput, signal: AbortSignal, before: Promise<void> | undefined): Promise<void> {
    if (before !== undefined) await before
    try {
      await this.#options.durable()
    } catch (error) {
      this.#options.onStoreFailure(error)
      return
    }
    if (signal.aborted) return
    const end = await this.#attempt(path, input, signal)
    if (signal.aborted) return
    // It is over: whatever follows must not abort it.
    this.#current.delete(path)
    this.#options.onEnd(path, end)
  }

  async #attempt(path: string, input: ExecuteInput, signal: AbortSignal): Promise<ExecutionEnd> {
    const { resolve, redactor, memory } = this.#options
    let asked: string | undefined
    try {
      const { generation } = this.#options.startOf(path)
      const { idempotencyKey } = input
      // What was asked to run again is to have its effects again.
      const resolved = resolveStepRequest(
        generation === 0 ? input : { ...input, idempotencyKey: `${idempotencyKey}~${generation}` },
        resolve,
      )
      asked = modelOf(resolved)
      const request = resolved.kind === 'agent' ? await memory.recall(resolved) : resolved
      // What an earlier attempt or round left is not what this one does.
      if (request.artifacts !== undefined) rmSync(this.#ownFolder(path), { recursive: true })
      const result = await this.#execute(request, signal)
      if (request.artifacts !== undefined) {
        const working = request.kind === 'run' ? request.cwd : resolve.workingDir
        await keepArtifacts(request, result, { own: this.#ownFolder(path), working })
      }
      const usage = this.#use(path, result.usage, { ...result, model: result.model ?? asked }, request.kind === 'agent' && !signal.aborted)
      return { ok: true, result: { output: redactor.json(result.output), ...(usage === undefined ? {} : { usage }) } }
    } catch (error) {
      const data = toErrorData(error)
      const used = error instanceof ForkchartError ? error.usage : undefined
      const usage = this.#use(path, used, { model: asked }, !signal.aborted)
      const safe = redactor.json({ ...data } as never) as unknown as ErrorData
      return { ok: false, error: safe, ...(usage === undefined ? {} : { usage }) }
    }
  }

  async #execute(request: StepRequest, signal: AbortSignal): Promise<StepResult> {
    const { redactor, delta } = this.#options
    const shown = new DeltaText(
      (text) => redactor.text(text),
      (text) => {
        if (!signal.aborted) delta(request.path, request.attempt, text)
      },
    )
    try {
      return await this.#options.execute(request, this.#context(request, signal, shown))
    } finally {
      shown.end()
    }
  }

  /** What an attempt used with what it cost, as far as that is known; told as well when it is to be. */
  #use(
    path: string,
    used: UsageTotal | undefined,
    { model, sessionId }: { readonly model?: string | undefined; readonly sessionId?: string | undefined },
    tells: boolean,
  ): UsageTotal | undefined {
    if (used === undefined) return undefined
    const { usage, costSource } = withCost(used, model, this.#options.prices)
    const from = { ...(model && { model }), ...(sessionId && { sessionId }), ...(costSource && { costSource }) }
    if (tells) this.#options.tell(path, { type: 'agent.usage', data: { ...usage, ...from } } as AgentUsage)
    return usage
  }

  #context(request: StepRequest, signal: AbortSignal, shown: DeltaText): ExecutionContext {
    const { log, redactor, artifactsDir, startOf, ask, runChild, tell, state, resolve, trace } = this.#options
    const { path, attempt } = request
    const { turn, since, seq } = startOf(path)
    const folder = (): string => (request.artifacts === undefined ? artifactsDir() : this.#ownFolder(path))
    const clean = createLogText(redactor)
    const context: ExecutionContext = {
      turn,
      since,
      signal,
      log: (text, stream = 'log') => log(path, attempt, clean(text, stream), stream),
      get artifactsDir() {
        return folder()
      },
      get workspacesDir() {
        return join(dirname(artifactsDir()), 'workspaces')
      },
      ask: (question) => ask(path, question, signal),
      runChild: (child) => runChild(child, context),
      tell: (event) => {
        if (!signal.aborted) tell(path, { ...event, data: cutLong(redactor.json(event.data as Json)) } as AgentEvent)
      },
      delta: (text) => {
        if (!signal.aborted) shown.push(text)
      },
      state: state(request.idempotencyKey),
      // Made only for those that pass it on.
      get traceparent() {
        return trace.traceparent(seq)
      },
      ...(trace.origin.requestId === undefined ? {} : { requestId: trace.origin.requestId }),
      // The key of a step begins with the id of its run.
      conversation: (agentName) => state(`@${agentName}`),
      specDir: resolve.specDir,
      workingDir: resolve.workingDir,
    }
    return context
  }

  /** Where the files of one step are kept: no two steps have the same. */
  #ownFolder(path: string): string {
    const folder = join(this.#options.artifactsDir(), path)
    mkdirSync(folder, { recursive: true })
    return folder
  }
}

/** The model that the agent is to have, as far as the workflow says. */
function modelOf(request: StepRequest): string | undefined {
  return request.kind === 'agent' && 'model' in request.agent ? request.agent.model : undefined
}
