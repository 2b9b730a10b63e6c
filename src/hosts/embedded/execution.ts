import type { ExecuteInput, ExecuteResult } from '../../../machines/step.ts'
import { resolveStepRequest, type ResolveOptions } from '../../compiler/step-request.ts'
import { type ErrorData, toErrorData } from '../../errors.ts'
import type { ExecutionContext, StepRequest, StepResult } from '../../executors/executor.ts'
import type { Redactor } from '../../redact.ts'

export interface ExecutionOptions {
  readonly execute: (request: StepRequest, context: ExecutionContext) => Promise<StepResult>
  readonly resolve: ResolveOptions
  readonly redactor: Redactor
  /** Resolves when all that led to this execution is on disk; rejects when the store failed. */
  readonly durable: () => Promise<void>
  readonly startOf: (path: string) => { readonly turn: number; readonly since: number }
  readonly log: (path: string, attempt: number, text: string, stream: 'stdout' | 'stderr' | 'log') => void
  /** The run's folder for files, made on demand. */
  readonly artifactsDir: () => string
  /** Not called for an execution that was aborted. */
  readonly onEnd: (path: string, end: ExecutionEnd) => void
  readonly onStoreFailure: (error: unknown) => void
}

export type ExecutionEnd =
  | { readonly ok: true; readonly result: ExecuteResult }
  | { readonly ok: false; readonly error: ErrorData }

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
    const { execute, resolve, redactor } = this.#options
    try {
      const request = resolveStepRequest(input, resolve)
      const result = await execute(request, this.#context(path, input.attempt, signal))
      const output = redactor.json(result.output)
      return { ok: true, result: { output, ...(result.usage === undefined ? {} : { usage: result.usage }) } }
    } catch (error) {
      const data = toErrorData(error)
      return { ok: false, error: redactor.json({ ...data } as never) as unknown as ErrorData }
    }
  }

  #context(path: string, attempt: number, signal: AbortSignal): ExecutionContext {
    const { log, redactor, artifactsDir, startOf } = this.#options
    return {
      ...startOf(path),
      signal,
      log: (text, stream = 'log') => log(path, attempt, redactor.text(text), stream),
      get artifactsDir() {
        return artifactsDir()
      },
    }
  }
}
