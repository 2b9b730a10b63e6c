import { type Clock, systemClock } from '../../clock.ts'
import { initialScope } from '../../compiler/scope.ts'
import type { Config } from '../../config.ts'
import { UsageError } from '../../errors.ts'
import { createExecutors, type Executors } from '../../executors/executors.ts'
import { createRunId, runIdPattern } from '../../ids.ts'
import { inTurns } from '../../in-turns.ts'
import { createRedactor, type RedactHook, type Redactor } from '../../redact.ts'
import type { Program } from '../../runtime/program.ts'
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
import { agentsNeeded, progressOf } from './agents-needed.ts'
import { checkAgents, checkInput, withConcurrency } from './start-checks.ts'
import { EmbeddedRun } from './embedded-run.ts'
import { makingProgram } from './making-program.ts'
import { openTree } from './open-tree.ts'
import { planAgain } from './run-actions.ts'
import type { RunHost } from './run-host.ts'
import type { EmbeddedRunOptions, RunBefore } from './run-parts.ts'
import { originOf, RunTrace } from './run-trace.ts'
import { settledRun } from './settled-run.ts'
import { specApart, specWhole, type WholeOptions } from './spec-secrets.ts'
import { exporterTo } from './trace-exporter.ts'
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

class EmbeddedHost implements Host, RunHost {
  readonly clock: Clock
  readonly #store: Store
  readonly #options: EmbeddedHostOptions
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #redactor: Redactor
  readonly #executorsBy = new Map<boolean, Executors>()
  readonly #programs = new WeakMap<Workflow, Promise<Program>>()
  readonly #pools = new Map<number, SlotPool>()
  readonly #live = new Map<string, EmbeddedRun>()
  /** Runs that were taken from whoever had them: their children are, too. */
  readonly #forced = new WeakSet<RunSpec>()
  readonly #traceTarget: TraceTarget | undefined
  readonly #warn: (message: string) => void

  constructor(options: EmbeddedHostOptions) {
    this.#options = options
    this.#store = options.store
    this.clock = options.clock ?? systemClock
    // Read once: the secrets that are taken out are those of the host's start, and reading them takes its time.
    this.#env = { ...(options.env ?? process.env) }
    const { config, redact } = options
    this.#redactor = createRedactor(this.#env, { ...config?.redact, ...(redact && { hook: redact }) })
    this.#warn = (message) => options.onWarning?.(this.#redactor.text(message))
    this.#traceTarget = traceTarget(config?.tracing, this.#env)
  }

  get prices(): RunHost['prices'] {
    return this.#options.config?.prices
  }

  async start(options: StartOptions): Promise<RunHandle> {
    const runId = options.runId ?? createRunId(this.clock.now())
    if (!runIdPattern.test(runId)) {
      throw new UsageError('RUN_ID_INVALID', `"${runId}" cannot be a run id: use letters, digits, "_", "-" and ".".`)
    }
    const origin = originOf(options, this.#redactor)
    const input = checkInput(options.workflow, options.input)
    const scripted = options.scripted ?? false
    if (!scripted && this.#options.execute === undefined) checkAgents(agentsNeeded(options.workflow), this.#env)
    const given: RunSpec = {
      format: 1,
      runId,
      createdAt: new Date(this.clock.now()).toISOString(),
      workflow: withConcurrency(options.workflow, options.concurrency),
      input,
      options: { scripted, specDir: options.specDir, workingDir: options.workingDir },
      source: { file: options.source.file, text: options.source.text },
      ...(options.parent === undefined ? {} : { parent: options.parent }),
    }
    const { stored, redactor } = specApart(given, this.#redactor)
    const spec: RunSpec = stored.hidden === undefined ? stored : { ...given, input: stored.input }
    const scope = initialScope(spec.workflow, spec.input, runId)
    const program = await this.#program(spec.workflow, scope, redactor, true)
    const writer = await this.#store.create(stored)
    const parts = { spec, scope, program, shown: stored.workflow, redactor, writer }
    const run = this.#attach({ ...parts, tree: new RunTree(program), events: [], origin, ...withNoWait(options) })
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
      redactor: this.#redactor,
      live: () => this.#live.get(runId),
      actOnSaved: (...saved) => this.#actOnSaved(...saved),
    })
  }

  async #actOnSaved(contents: RunContents, writer: RunWriter, action: RunAction): Promise<void> {
    // What is cancelled does not need the secrets of its spec.
    const { run, missing, outcome } = await this.#open(contents, writer, { withoutSecrets: action.type === 'cancel' })
    run.hold(missing)
    if (outcome !== undefined) {
      // Its process died before it could say so.
      await run.finish(outcome)
      throw new UsageError('RUN_SETTLED', `The run ${run.runId} is over.`)
    }
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
    if (options.force === true) this.#forced.add(run.options.spec)
    const { events } = contents
    const { scope, program, spec } = run.options
    try {
      const wanted = events.length === 0 ? undefined : options.again
      const again = wanted && planAgain(new RunTree(program), events, wanted, { scope, now: this.clock.now() })
      const isOver = outcome !== undefined && again === undefined
      const asks = !isOver && !spec.options.scripted && this.#options.execute === undefined
      if (asks) checkAgents(agentsNeeded(spec.workflow, progressOf(events, again)), this.#env)
      if (events.length === 0) run.start()
      else run.resume(missing, outcome, again)
    } catch (error) {
      this.release(run)
      throw error
    }
    return run
  }

  /** The run where its journal ends. */
  async #open(contents: RunContents, writer: RunWriter, options: WholeOptions & Pick<ResumeOptions, 'noWait'>) {
    const { events } = contents
    const { spec, redactor } = await specWhole(contents.spec, this.#redactor, options)
    const scope = initialScope(spec.workflow, spec.input, spec.runId)
    const program = await this.#program(spec.workflow, scope, redactor, events.length === 0)
    const start = openTree(contents, program)
    const { tree, missing, outcome } = await inTurns(replaying(start.tree, events.slice(start.after), scope))
    const parts = { spec, scope, program, shown: contents.spec.workflow, redactor, writer }
    const run = this.#attach({ ...parts, tree, events, ...withNoWait(options) })
    return { run, missing, outcome }
  }

  #attach({ spec, program, shown, redactor, scope, writer, noWait, tree, events, origin = {} }: RunParts): EmbeddedRun {
    const { limits } = spec.workflow
    const pool = this.#pool(limits.agents)
    const exporter = exporterTo(this.#traceTarget, { clock: this.clock, after: events.length, onFailure: this.#warn })
    const run = new EmbeddedRun({
      host: this,
      spec,
      program,
      shown,
      writer,
      scheduler: new Scheduler(limits.concurrency, pool),
      scope,
      execute: this.#options.execute ?? this.#executors(spec.options.scripted).execute,
      redactor,
      trace: new RunTrace(spec, events, origin),
      exporter,
      noWait,
    }, { tree, events })
    if (exporter !== undefined) run.subscribe((event) => exporter.take(event))
    this.#live.set(spec.runId, run)
    pool.join(run)
    return run
  }

  release(run: EmbeddedRun): void {
    this.#pool(run.workflow.limits.agents).leave(run)
    if (this.#live.get(run.runId) === run) this.#live.delete(run.runId)
  }

  runChild(...[child, context, of]: Parameters<RunHost['runChild']>): ReturnType<RunHost['runChild']> {
    return executeChild(child, context, { host: this, force: this.#forced.has(of.parent), ...of })
  }

  pauseChild(runId: string, reason: string): void {
    this.#live.get(runId)?.pause(reason)
  }

  #executors(scripted: boolean): Executors {
    let executors = this.#executorsBy.get(scripted)
    if (executors === undefined) {
      const { functions } = this.#options
      const given = functions === undefined ? {} : { functions }
      executors = createExecutors({ scripted, clock: this.clock, env: { ...this.#env }, ...given })
      this.#executorsBy.set(scripted, executors)
    }
    return executors
  }

  #program(workflow: Workflow, scope: Scope, redactor: Redactor, isNew: boolean): Promise<Program> {
    let program = this.#programs.get(workflow)
    if (program === undefined) {
      const evaluation = { env: this.#listed(workflow), redact: redactor.json }
      program = inTurns(makingProgram(workflow, evaluation, isNew ? scope : undefined))
      this.#programs.set(workflow, program)
      program.catch(() => this.#programs.delete(workflow))
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

interface RunParts extends Pick<EmbeddedRunOptions, 'scope' | 'program' | 'shown' | 'writer' | 'redactor' | 'noWait'>, RunBefore {
  readonly spec: RunSpec
  /** Of a run that begins. */
  readonly origin?: RunTrace['origin']
}

function withNoWait({ noWait = false }: { readonly noWait?: boolean }): { readonly noWait: boolean } {
  return { noWait }
}
