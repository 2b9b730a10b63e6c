import { type Clock, systemClock } from '../../clock.ts'
import { compileWorkflow } from '../../compiler/compile.ts'
import { initialScope } from '../../compiler/scope.ts'
import type { Config } from '../../config.ts'
import { UsageError } from '../../errors.ts'
import type { RunEvent } from '../../events.ts'
import { createExecutors, type Executors } from '../../executors/executors.ts'
import { createRunId, runIdPattern } from '../../ids.ts'
import { inTurns } from '../../in-turns.ts'
import { createRedactor, type RedactHook, type Redactor } from '../../redact.ts'
import { createProgram, type Program } from '../../runtime/program.ts'
import { rehearse } from '../../runtime/rehearsal.ts'
import { replaying } from '../../runtime/replay.ts'
import { RunTree } from '../../runtime/run-tree.ts'
import { Scheduler, SlotPool } from '../../runtime/scheduler.ts'
import type { Workflow } from '../../spec/ir.ts'
import type { Scope } from '../../spec/outcome.ts'
import type { StepFunction } from '../../step-function.ts'
import type { RunContents, RunSpec, RunWriter, Store } from '../../store/store.ts'
import type { Host, ResumeOptions, RunHandle, StartOptions } from '../host.ts'
import type { RunAction } from '../../run-action.ts'
import { actOnRun } from './act-on-run.ts'
import { executeChild } from './child-runs.ts'
import { checkAgents, checkInput, withConcurrency } from './start-checks.ts'
import { EmbeddedRun, type EmbeddedRunOptions, type RunBefore } from './embedded-run.ts'
import { openTree } from './open-tree.ts'
import { planAgain } from './run-actions.ts'
import { originOf, RunTrace } from './run-trace.ts'
import { settledRun } from './settled-run.ts'
import { TraceExporter } from './trace-exporter.ts'
import { type TraceTarget, traceTarget } from './trace-target.ts'

export interface EmbeddedHostOptions {
  readonly store: Store
  /** Functions that `defineWorkflow` registered, by the name the workflow calls them. */
  readonly functions?: Readonly<Record<string, StepFunction>>
  /** Environment for expressions and agents; the process's own by default. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly clock?: Clock
  /** Does the steps' work; by default the executors for agents, commands and functions. */
  readonly execute?: Executors['execute']
  /** Prices, where traces are sent and what is secret; as in `forkchart.config.yaml`. */
  readonly config?: Config
  /** Takes further secrets out of whatever is about to be stored, shown or sent; texts come alone or in values. */
  readonly redact?: RedactHook
  /** Told what goes wrong beside the runs: traces that cannot be sent. */
  readonly onWarning?: (message: string) => void
}

/** Runs workflows in this process, each durable as far as the store is. */
export function createEmbeddedHost(options: EmbeddedHostOptions): Host {
  return new EmbeddedHost(options)
}

class EmbeddedHost implements Host {
  readonly #store: Store
  readonly #options: EmbeddedHostOptions
  readonly #clock: Clock
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #redactor: Redactor
  readonly #executorsBy = new Map<boolean, Executors>()
  readonly #programs = new WeakMap<Workflow, Program>()
  readonly #pools = new Map<number, SlotPool>()
  readonly #live = new Map<string, EmbeddedRun>()
  readonly #traceTarget: TraceTarget | undefined

  constructor(options: EmbeddedHostOptions) {
    this.#options = options
    this.#store = options.store
    this.#clock = options.clock ?? systemClock
    // Read once: the secrets that are taken out are those of the host's start, and reading them takes its time.
    this.#env = { ...(options.env ?? process.env) }
    const { config, redact } = options
    this.#redactor = createRedactor(this.#env, { ...config?.redact, ...(redact && { hook: redact }) })
    this.#traceTarget = traceTarget(config?.tracing, this.#env)
  }

  async start(options: StartOptions): Promise<RunHandle> {
    const runId = options.runId ?? createRunId(this.#clock.now())
    if (!runIdPattern.test(runId)) {
      throw new UsageError('RUN_ID_INVALID', `"${runId}" cannot be a run id: use letters, digits, "_", "-" and ".".`)
    }
    const redactor = this.#redactor
    const origin = originOf(options, redactor)
    const input = redactor.json(checkInput(options.workflow, options.input))
    const scripted = options.scripted ?? false
    if (!scripted && this.#options.execute === undefined) checkAgents(options.workflow, this.#env)
    const spec: RunSpec = {
      format: 1,
      runId,
      createdAt: new Date(this.#clock.now()).toISOString(),
      workflow: withConcurrency(options.workflow, options.concurrency),
      input,
      options: { scripted, specDir: options.specDir, workingDir: options.workingDir },
      source: options.source,
      ...(options.parent === undefined ? {} : { parent: options.parent }),
    }
    const scope = initialScope(spec.workflow, input, runId)
    const program = this.#program(spec.workflow, scope, true)
    const writer = await this.#store.create(spec)
    await firstCheckpoint(spec, writer)
    const run = this.#attach({ spec, scope, program, tree: new RunTree(program), writer, events: [], origin, ...withNoWait(options) })
    run.start()
    return run
  }

  async resume(options: ResumeOptions): Promise<RunHandle> {
    const { writer, contents } = await this.#store.open(
      options.runId,
      options.force === undefined ? {} : { force: options.force },
    )
    try {
      const last = contents.events.at(-1)
      if (last?.type === 'run.settled' && options.again === undefined) {
        await writer.close()
        return settledRun(contents, last)
      }
      return await this.#resume(contents, writer, options)
    } catch (error) {
      await writer.close()
      throw error
    }
  }

  act(runId: string, action: RunAction): Promise<'taken' | 'saved'> {
    return actOnRun(runId, action, {
      store: this.#store,
      live: () => this.#live.get(runId),
      actOnSaved: (contents, writer) => this.#actOnSaved(contents, writer, action),
    })
  }

  async #actOnSaved(contents: RunContents, writer: RunWriter, action: RunAction): Promise<void> {
    const { run, missing } = await this.#open(contents, writer)
    run.hold(missing)
    const children = run.children.ids()
    try {
      await run.act(action)
    } finally {
      await run.putBack()
    }
    const left = new Set(run.children.ids())
    for (const child of children) if (!left.has(child)) await this.#cancelLeft(child)
  }

  /** A child that nobody works on either, of a step that was stopped. */
  async #cancelLeft(runId: string): Promise<void> {
    try {
      await this.act(runId, { type: 'cancel', reason: 'The step was stopped.' })
    } catch (error) {
      // It had not begun, or it is over.
      if (!(error instanceof UsageError)) throw error
    }
  }

  async #resume(contents: RunContents, writer: RunWriter, options: ResumeOptions): Promise<RunHandle> {
    const { run, missing, outcome } = await this.#open(contents, writer, options)
    const { events } = contents
    if (events.length === 0) run.start()
    else if (options.again === undefined) run.resume(missing, outcome)
    else {
      const { scope, program, clock } = run.options
      const again = planAgain(new RunTree(program), events, options.again, { scope, now: clock.now() })
      run.resume(missing, outcome, again)
    }
    return run
  }

  /** The run where its journal ends. */
  async #open(contents: RunContents, writer: RunWriter, options: { readonly noWait?: boolean } = {}) {
    const { spec, events } = contents
    const scope = initialScope(spec.workflow, spec.input, spec.runId)
    const program = this.#program(spec.workflow, scope, events.length === 0)
    const start = openTree(contents, program)
    const { tree, missing, outcome } = await inTurns(replaying(start.tree, events.slice(start.after), scope))
    const run = this.#attach({ spec, scope, program, tree, writer, events, ...withNoWait(options) })
    return { run, missing, outcome }
  }

  #attach({ spec, tree, events, ...parts }: RunParts): EmbeddedRun {
    const { workflow, options } = spec
    const pool = this.#pool(workflow.limits.agents)
    const execute = this.#options.execute ?? this.#executors(options.scripted).execute
    const trace = new RunTrace(spec, events, parts.origin ?? {})
    const exporter = this.#traceExporter(events)
    const run: EmbeddedRun = new EmbeddedRun({
      ...parts,
      trace,
      prices: this.#options.config?.prices,
      ...(exporter && { sendTrace: () => exporter.flush() }),
      runId: spec.runId,
      scripted: options.scripted,
      runChild: (request, context, listener) => executeChild(request, context, { host: this, parent: spec, listener }),
      pauseChild: (runId, reason) => this.#live.get(runId)?.pause(reason),
      execute,
      scheduler: new Scheduler(workflow.limits.concurrency, pool),
      clock: this.#clock,
      redactor: this.#redactor,
      resolve: {
        workflow,
        env: this.#listed(workflow),
        specDir: options.specDir,
        workingDir: options.workingDir,
      },
      release: () => {
        unsubscribe()
        if (this.#live.get(spec.runId) === run) this.#live.delete(spec.runId)
      },
    }, { tree, events })
    if (exporter !== undefined) run.subscribe((event) => exporter.take(event))
    this.#live.set(spec.runId, run)
    const unsubscribe = pool.onFree(() => run.wake())
    return run
  }

  #traceExporter(before: readonly RunEvent[]): TraceExporter | undefined {
    const target = this.#traceTarget
    if (target === undefined) return undefined
    const { onWarning = () => {} } = this.#options
    return new TraceExporter({ target, clock: this.#clock, after: before.length, onFailure: onWarning })
  }

  #executors(scripted: boolean): Executors {
    let executors = this.#executorsBy.get(scripted)
    if (executors === undefined) {
      const { functions } = this.#options
      const given = functions === undefined ? {} : { functions }
      executors = createExecutors({ scripted, clock: this.#clock, env: { ...this.#env }, ...given })
      this.#executorsBy.set(scripted, executors)
    }
    return executors
  }

  /** The start of a new run is rehearsed: of one that goes on, the replay is enough. */
  #program(workflow: Workflow, scope: Scope, isNew: boolean): Program {
    let program = this.#programs.get(workflow)
    if (program === undefined) {
      program = createProgram(compileWorkflow(workflow), {
        env: this.#listed(workflow),
        redact: this.#redactor.json,
      })
      if (isNew) rehearse(program, scope)
      this.#programs.set(workflow, program)
    }
    return program
  }

  /** The variables that the workflow says it reads. */
  #listed(workflow: Workflow): Record<string, string> {
    const listed: Record<string, string> = {}
    for (const name of workflow.env) {
      const value = this.#env[name]
      if (value !== undefined && value !== '') listed[name] = value
    }
    return listed
  }

  #pool(max: number): SlotPool {
    let pool = this.#pools.get(max)
    if (pool === undefined) {
      pool = new SlotPool(max)
      this.#pools.set(max, pool)
    }
    return pool
  }
}

interface RunParts extends Pick<EmbeddedRunOptions, 'scope' | 'program' | 'writer' | 'noWait'>, RunBefore {
  readonly spec: RunSpec
  /** Of a run that begins. */
  readonly origin?: RunTrace['origin']
}

function withNoWait({ noWait = false }: { readonly noWait?: boolean }): { readonly noWait: boolean } {
  return { noWait }
}

/** Before the first event, so that its syncs hold up no step. */
async function firstCheckpoint({ runId, createdAt }: RunSpec, writer: RunWriter): Promise<void> {
  try {
    await writer.checkpoint({ format: 1, runId, lastSeq: 0, savedAt: createdAt, status: 'running', tree: null })
  } catch (error) {
    await writer.close().catch(() => {})
    throw error
  }
}
