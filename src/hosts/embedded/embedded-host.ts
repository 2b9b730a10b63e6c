import { type Clock, systemClock } from '../../clock.ts'
import { compileWorkflow } from '../../compiler/compile.ts'
import { initialScope } from '../../compiler/scope.ts'
import { UsageError } from '../../errors.ts'
import type { RunEvent } from '../../events.ts'
import { createExecutors, type Executors } from '../../executors/executors.ts'
import { createRunId, runIdPattern } from '../../ids.ts'
import { createRedactor, type Redactor } from '../../redact.ts'
import { createProgram, type Program } from '../../runtime/program.ts'
import { rehearse } from '../../runtime/rehearsal.ts'
import { replay } from '../../runtime/replay.ts'
import { RunTree } from '../../runtime/run-tree.ts'
import { Scheduler, SlotPool } from '../../runtime/scheduler.ts'
import { loadTree } from '../../runtime/tree-snapshot.ts'
import { checkAgainstSchema, describeIssues } from '../../schema-check.ts'
import type { Workflow } from '../../spec/ir.ts'
import type { Scope } from '../../spec/outcome.ts'
import type { StepFunction } from '../../step-function.ts'
import type { RunContents, RunSpec, RunWriter, Store } from '../../store/store.ts'
import type { Host, ResumeOptions, RunHandle, RunSettlement, StartOptions } from '../host.ts'
import { EmbeddedRun } from './embedded-run.ts'

export interface EmbeddedHostOptions {
  readonly store: Store
  /** Functions that `defineWorkflow` registered, by the name the workflow calls them. */
  readonly functions?: Readonly<Record<string, StepFunction>>
  /** Environment for expressions and agents; the process's own by default. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly clock?: Clock
  /** Does the steps' work; by default the executors for agents, commands and functions. */
  readonly execute?: Executors['execute']
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

  constructor(options: EmbeddedHostOptions) {
    this.#options = options
    this.#store = options.store
    this.#clock = options.clock ?? systemClock
    // Read once: the secrets that are taken out are those of the host's start, and reading them takes its time.
    this.#env = { ...(options.env ?? process.env) }
    this.#redactor = createRedactor(this.#env)
  }

  async start(options: StartOptions): Promise<RunHandle> {
    const runId = options.runId ?? createRunId(this.#clock.now())
    if (!runIdPattern.test(runId)) {
      throw new UsageError('RUN_ID_INVALID', `"${runId}" cannot be a run id: use letters, digits, "_", "-" and ".".`)
    }
    const redactor = this.#redactor
    const input = redactor.json(checkInput(options.workflow, options.input))
    const scripted = options.scripted ?? false
    const spec: RunSpec = {
      format: 1,
      runId,
      createdAt: new Date(this.#clock.now()).toISOString(),
      workflow: withConcurrency(options.workflow, options.concurrency),
      input,
      options: { scripted, specDir: options.specDir, workingDir: options.workingDir },
      source: options.source,
    }
    const scope = initialScope(spec.workflow, input, runId)
    const program = this.#program(spec.workflow, scope)
    const writer = await this.#store.create(spec)
    await firstCheckpoint(spec, writer)
    const run = this.#attach(spec, program, new RunTree(program), writer, [])
    const { name } = spec.workflow
    run.start(scope, {
      type: 'run.started',
      data: { workflow: name, input, scripted },
    })
    return run
  }

  async resume(options: ResumeOptions): Promise<RunHandle> {
    const { writer, contents } = await this.#store.open(
      options.runId,
      options.force === undefined ? {} : { force: options.force },
    )
    try {
      const last = contents.events.at(-1)
      if (last?.type === 'run.settled') {
        await writer.close()
        return settledRun(contents, last)
      }
      return this.#resume(contents, writer)
    } catch (error) {
      await writer.close()
      throw error
    }
  }

  #resume(contents: RunContents, writer: RunWriter): RunHandle {
    const { spec, events } = contents
    const scope = initialScope(spec.workflow, spec.input, spec.runId)
    const program = this.#program(spec.workflow, scope)
    const { tree, after } = openTree(contents, program)
    const { missing, outcome } = replay(tree, events.slice(after), scope)
    const run = this.#attach(spec, program, tree, writer, events)
    if (events.length === 0) {
      const { workflow, input, options } = spec
      run.start(scope, { type: 'run.started', data: { workflow: workflow.name, input, scripted: options.scripted } })
    } else {
      run.resume(missing, outcome)
    }
    return run
  }

  #attach(
    spec: RunSpec,
    program: Program,
    tree: RunTree,
    writer: RunWriter,
    events: readonly RunEvent[],
  ): EmbeddedRun {
    const { workflow, options } = spec
    const pool = this.#pool(workflow.limits.agents)
    const execute = this.#options.execute ?? this.#executors(options.scripted).execute
    const run: EmbeddedRun = new EmbeddedRun({
      runId: spec.runId,
      program,
      tree,
      writer,
      events,
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
      release: () => unsubscribe(),
    })
    const unsubscribe = pool.onFree(() => run.wake())
    return run
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

  #program(workflow: Workflow, scope: Scope): Program {
    let program = this.#programs.get(workflow)
    if (program === undefined) {
      program = createProgram(compileWorkflow(workflow), {
        env: this.#listed(workflow),
        redact: this.#redactor.json,
      })
      rehearse(program, scope)
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

/** From the checkpoint when it is good, else from nothing: the journal holds all. */
function openTree(contents: RunContents, program: Program): { tree: RunTree; after: number } {
  const { checkpoint, events } = contents
  if (checkpoint?.tree != null && checkpoint.lastSeq > 0 && checkpoint.lastSeq <= events.length) {
    try {
      return { tree: loadTree(checkpoint.tree, program), after: checkpoint.lastSeq }
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
    }
  }
  return { tree: new RunTree(program), after: 0 }
}

/** The input with the schema's defaults. Throws UsageError INPUT_INVALID naming every value that does not fit. */
function checkInput(workflow: Workflow, input: StartOptions['input']): StartOptions['input'] {
  if (workflow.input === undefined) return input
  const verdict = checkAgainstSchema(workflow.input, input)
  if (verdict.ok) return verdict.value
  throw new UsageError(
    'INPUT_INVALID',
    `The input does not fit the input schema of "${workflow.name}": ${describeIssues(verdict.issues)}.`,
    { details: verdict.issues.map((issue) => ({ ...issue })) },
  )
}

function withConcurrency(workflow: Workflow, concurrency: number | undefined): Workflow {
  if (concurrency === undefined) return workflow
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new UsageError('CONCURRENCY_INVALID', `A run cannot work on ${concurrency} steps at once: give a whole number from 1 on.`)
  }
  return { ...workflow, limits: { ...workflow.limits, concurrency } }
}

/** A run that had ended before: nothing is left to do. */
function settledRun(contents: RunContents, last: Extract<RunEvent, { type: 'run.settled' }>): RunHandle {
  const { status, output, error } = last.data
  const settlement: RunSettlement = {
    status,
    ...(output === undefined ? {} : { output }),
    ...(error === undefined ? {} : { error }),
  }
  return {
    runId: contents.spec.runId,
    workflow: contents.spec.workflow,
    settled: Promise.resolve(settlement),
    subscribe(listener) {
      for (const event of contents.events) listener(event)
      return () => {}
    },
    cancel: () => {},
    interrupt: async () => {},
  }
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
