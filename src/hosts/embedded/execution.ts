import { rmSync } from 'node:fs'
import type { ExecuteInput, ExecuteResult } from '../../../machines/step.ts'
import { resolveStepRequest, type ResolveOptions } from '../../compiler/step-request.ts'
import { type ErrorData, ForkchartError, toErrorData } from '../../errors.ts'
import type { UnnumberedEvent } from '../../events.ts'
import type { StepRequest, StepResult } from '../../executors/executor.ts'
import type { Json } from '../../json.ts'
import { withCost } from '../../prices.ts'
import type { UsageTotal } from '../../spec/outcome.ts'
import { keepArtifacts } from './artifacts.ts'
import { AttemptContext } from './attempt-context.ts'
import type { EmbeddedRun } from './embedded-run.ts'
import type { StepStart } from './step-starts.ts'

export type AgentUsage = Extract<UnnumberedEvent, { type: 'agent.usage' }>

export type ExecutionEnd =
  | { readonly ok: true; readonly result: ExecuteResult }
  | { readonly ok: false; readonly error: ErrorData; readonly usage?: UsageTotal }

interface Attempt {
  readonly controller: AbortController
  /** Resolves when it is over and its processes are gone. */
  readonly done: Promise<void>
}

/** The attempts of a run's steps that are under way in this process. */
export class Executions {
  readonly #of: EmbeddedRun
  /** The last of each step. */
  readonly #current = new Map<string, Attempt>()

  constructor(run: EmbeddedRun) {
    this.#of = run
  }

  /** Starts an attempt; one of the same step that is still ending is awaited first. */
  start(path: string, input: ExecuteInput): void {
    const before = this.#current.get(path)?.done
    const controller = new AbortController()
    this.#current.set(path, { controller, done: this.#run(path, input, controller, before) })
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
    while (this.#current.size > 0) await Promise.all([...this.#current.values()].map(({ done }) => done))
  }

  async #run(path: string, input: ExecuteInput, controller: AbortController, before: Promise<void> | undefined): Promise<void> {
    const { signal } = controller
    try {
      if (before !== undefined) await before
      try {
        // What led to it has to be on disk first.
        await this.#of.events.flushed()
      } catch (error) {
        void this.#of.fail(error)
        return
      }
      if (signal.aborted) return
      const end = await this.#attempt(path, input, signal)
      if (signal.aborted) return
      // It is over: whatever follows must not abort it.
      this.#current.delete(path)
      this.#of.engine.ended(path, end)
    } finally {
      if (this.#current.get(path)?.controller === controller) this.#current.delete(path)
    }
  }

  async #attempt(path: string, input: ExecuteInput, signal: AbortSignal): Promise<ExecutionEnd> {
    const { memory, options } = this.#of
    const { redactor } = options
    let asked: string | undefined
    try {
      const start = this.#of.starts.of(path)
      const resolved = resolveStepRequest(withEffectsAnew(input, start), resolveOptions(options))
      asked = modelOf(resolved)
      const request = resolved.kind === 'agent' && memory !== undefined ? await memory.recall(resolved) : resolved
      const context = new AttemptContext(this.#of, request, start, signal)
      // What an earlier attempt or round left is not what this one does.
      if (request.artifacts !== undefined) rmSync(context.artifactsDir, { recursive: true })
      let result: StepResult
      try {
        result = await options.execute(request, context)
      } finally {
        context.end()
      }
      if (request.artifacts !== undefined) {
        const working = request.kind === 'run' ? request.cwd : context.workingDir
        await keepArtifacts(request, () => redactor.json(result.output), { own: context.artifactsDir, working })
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

  /** What an attempt used with what it cost, as far as that is known; told as well when it is to be. */
  #use(
    path: string,
    used: UsageTotal | undefined,
    { model, sessionId }: { readonly model?: string | undefined; readonly sessionId?: string | undefined },
    tells: boolean,
  ): UsageTotal | undefined {
    if (used === undefined) return undefined
    const { usage, costSource } = withCost(used, model, this.#of.host.prices)
    const from = { ...(model && { model }), ...(sessionId && { sessionId }), ...(costSource && { costSource }) }
    if (tells) this.#of.tell(path, { type: 'agent.usage', data: this.#of.options.redactor.json({ ...usage, ...from } as Json) } as unknown as AgentUsage)
    return usage
  }
}

function resolveOptions({ program: { chart, env }, spec }: EmbeddedRun['options']): ResolveOptions {
  const { specDir, workingDir } = spec.options
  return { workflow: chart.workflow, env, specDir, workingDir }
}

/** What was asked to run again is to have its effects again. */
function withEffectsAnew(input: ExecuteInput, { generation }: StepStart): ExecuteInput {
  return generation === 0 ? input : { ...input, idempotencyKey: `${input.idempotencyKey}~${generation}` }
}

/** The model that the agent is to have, as far as the workflow says. */
function modelOf(request: StepRequest): string | undefined {
  return request.kind === 'agent' && 'model' in request.agent ? request.agent.model : undefined
}
