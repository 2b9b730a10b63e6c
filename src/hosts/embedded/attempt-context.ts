import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { AgentEvent, AgentSpanEvent, ExecutionContext, StepRequest, StepState } from '../../executors/executor.ts'
import type { Json } from '../../json.ts'
import { cutLong } from './cut-long.ts'
import { DeltaText } from './delta-text.ts'
import type { EmbeddedRun } from './embedded-run.ts'
import { createLogText } from './log-text.ts'
import type { StepStart } from './step-starts.ts'

/**
 * What an attempt has of its run. Its functions can be taken off it; they are made when they are asked for, since most
 * attempts need few of them and many may be under way for long.
 */
export class AttemptContext implements ExecutionContext {
  readonly signal: AbortSignal
  readonly requestId?: string
  readonly #run: EmbeddedRun
  readonly #request: StepRequest
  readonly #start: StepStart
  #clean: ReturnType<typeof createLogText> | undefined
  #shown: DeltaText | undefined
  /** How many questions there were. */
  #asked = 0

  constructor(run: EmbeddedRun, request: StepRequest, start: StepStart, signal: AbortSignal) {
    this.#run = run
    this.#request = request
    this.#start = start
    this.signal = signal
    const { requestId } = run.options.trace.origin
    if (requestId !== undefined) this.requestId = requestId
  }

  get turn(): number {
    return this.#start.turn
  }

  get since(): number {
    return this.#start.since
  }

  get log(): ExecutionContext['log'] {
    const { path, attempt } = this.#request
    const { events, host, options } = this.#run
    return (text, stream = 'log') => {
      this.#clean ??= createLogText(options.redactor)
      events.log(path, attempt, this.#clean(text, stream), stream, host.clock.now())
    }
  }

  get artifactsDir(): string {
    const { artifactsDir } = this.#run.options.writer
    if (this.#request.artifacts === undefined) return artifactsDir
    // No two steps have the same.
    const folder = join(artifactsDir, this.#request.path)
    mkdirSync(folder, { recursive: true })
    return folder
  }

  get workspacesDir(): string {
    return join(dirname(this.#run.options.writer.artifactsDir), 'workspaces')
  }

  get ask(): NonNullable<ExecutionContext['ask']> {
    return (question) => this.#run.asks.ask(this.#request.path, this.#asked++, question, this.signal)
  }

  get runChild(): NonNullable<ExecutionContext['runChild']> {
    const { host, children, options } = this.#run
    return (child) => host.runChild(child, this, { parent: options.spec, listener: children.listener(child.path) })
  }

  get tell(): NonNullable<ExecutionContext['tell']> {
    return (event) => this.#tell(event)
  }

  get span(): NonNullable<ExecutionContext['span']> {
    return (event) => this.#tell(event)
  }

  get delta(): NonNullable<ExecutionContext['delta']> {
    return (text) => {
      if (this.signal.aborted) return
      this.#shown ??= this.#shownText()
      this.#shown.push(text)
    }
  }

  get state(): StepState {
    return this.#state(this.#request.idempotencyKey)
  }

  get conversation(): NonNullable<ExecutionContext['conversation']> {
    // The key of a step begins with the id of its run.
    return (agentName) => this.#state(`@${agentName}`)
  }

  get traceparent(): string {
    return this.#run.options.trace.traceparent(this.#start.seq)
  }

  get specDir(): string {
    return this.#run.options.spec.options.specDir
  }

  get workingDir(): string {
    return this.#run.options.spec.options.workingDir
  }

  /** Shows what is left of the text that came in. */
  end(): void {
    this.#shown?.end()
  }

  #tell(event: AgentEvent | AgentSpanEvent): void {
    if (this.signal.aborted) return
    const data = cutLong(this.#run.options.redactor.json(event.data as Json))
    this.#run.tell(this.#request.path, { ...event, data } as typeof event)
  }

  #shownText(): DeltaText {
    const { path, attempt } = this.#request
    const { events, host, options: { redactor } } = this.#run
    return new DeltaText(
      (text) => redactor.text(text),
      (text) => {
        if (!this.signal.aborted) events.delta(path, attempt, text, host.clock.now())
      },
    )
  }

  #state(key: string): StepState {
    const { redactor, writer } = this.#run.options
    return {
      load: () => writer.loadState(key),
      save: (value) => writer.saveState(key, redactor.json(value)),
    }
  }
}
