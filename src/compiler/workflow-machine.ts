import {
  type ActorLogic,
  type AnyActorLogic,
  type AnyStateMachine,
  type EventObject,
  fromPromise,
  type MachineSnapshot,
  type NonReducibleUnknown,
  type Snapshot,
  StateMachine,
  type StateValue,
} from 'xstate'
import { type ExecuteInput, type ExecuteResult, stepMachine } from '../../machines/step.ts'
import { UsageError } from '../errors.ts'
import type { UnnumberedEvent } from '../events.ts'
import type { StepRequest } from '../executors/executor.ts'
import type { Json } from '../json.ts'
import { checkAgainstSchema, describeIssues } from '../schema-check.ts'
import type { Outcome } from '../spec/outcome.ts'
import type { Chart } from './chart.ts'
import type { ChartContext } from './chart-context.ts'
import { indexBlocks } from './block-index.ts'
import { hydrateMachine } from './hydrate.ts'
import type { Environment } from './environment.ts'
import { chartImplementations } from './implementations.ts'
import { stepSource } from './names.ts'
import { initialScope } from './scope.ts'
import { resolveStepRequest } from './step-request.ts'

/** How a workflow ended, with its typed output. */
export type WorkflowOutcome<Output> =
  | (Omit<Extract<Outcome, { status: 'completed' }>, 'output'> & { readonly output: Output })
  | Exclude<Outcome, { status: 'completed' }>

export interface WorkflowMachineOptions {
  /** Run id that idempotency keys start with; `embedded` by default. Give each run its own. */
  readonly runId?: string
  /** Environment variables that the workflow lists; none by default. */
  readonly env?: Environment
  /** Folder that `call` targets and `cwd` are relative to; absolute. The process's own by default. */
  readonly specDir?: string
  /** The actors behind the steps, as `provide` takes them. */
  readonly actors?: WorkflowActors
}

export interface WorkflowActors {
  /** Does the work of one attempt of any step. Takes a `StepRequest`, gives an `ExecuteResult`. */
  readonly execute?: AnyActorLogic
  /** Holds a step's place: sends its parent `slot.granted` when there is room. Grants at once by default. */
  readonly slot?: AnyActorLogic
}

export type WorkflowMachine<Input, Output> = ActorLogic<
  MachineSnapshot<
    ChartContext,
    EventObject,
    Record<string, never>,
    StateValue,
    string,
    WorkflowOutcome<Output> & NonReducibleUnknown,
    { readonly title?: string },
    Record<string, unknown>
  >,
  { type: 'cancel'; reason: string },
  Input & NonReducibleUnknown,
  AnySystem,
  UnnumberedEvent
> & {
  readonly chart: Chart
  /** A machine with these actors behind the steps of the whole chart, its branch machines and shards too. */
  provide(implementations: { readonly actors: WorkflowActors }): WorkflowMachine<Input, Output>
}
type AnySystem = Parameters<AnyStateMachine['transition']>[2]['system']

/**
 * A chart as a normal XState v5 machine, for any XState program: `createActor(machine, { input }).start()`. It ends as
 * `done` with a `WorkflowOutcome`; a failed workflow is an outcome, not a thrown error. Durability, caps and budgets are
 * what a host adds.
 *
 * An actor that is given an input which does not fit the workflow's schema is in status `error` from the start, with a
 * UsageError INPUT_INVALID.
 */
export function workflowMachine<Input = Json, Output = Json>(
  chart: Chart,
  options: WorkflowMachineOptions = {},
): WorkflowMachine<Input, Output> {
  return new EmbeddableMachine(chart, options) as unknown as WorkflowMachine<Input, Output>
}

/** An executor as a plain function, as the `execute` actor: `provide({ actors: { execute: executeWith(fn) } })`. */
export function executeWith(
  run: (request: StepRequest, context: { readonly signal: AbortSignal }) => Promise<Json>,
): AnyActorLogic {
  return fromPromise<ExecuteResult, StepRequest>(async ({ input, signal }) => ({ output: await run(input, { signal }) }))
}

class EmbeddableMachine extends (StateMachine as unknown as new (...args: unknown[]) => AnyStateMachine) {
  readonly chart: Chart
  readonly #options: WorkflowMachineOptions

  constructor(chart: Chart, options: WorkflowMachineOptions) {
    const root = hydrateAll(chart, options)
    super(root.config, root.implementations)
    this.chart = chart
    this.#options = options
    // StateMachine binds its methods to itself as it is made; ours has to come after that.
    const start = this.getInitialSnapshot
    this.getInitialSnapshot = (scope, input) => start(scope, { scope: this.#scope(input) } as never)
  }

  override provide(implementations: { actors?: WorkflowActors }): never {
    const actors = { ...this.#options.actors, ...implementations.actors }
    return new EmbeddableMachine(this.chart, { ...this.#options, actors }) as never
  }

  #scope(input: unknown) {
    const { workflow } = this.chart
    const given = (input ?? null) as Json
    const verdict = workflow.input === undefined ? undefined : checkAgainstSchema(workflow.input, given)
    if (verdict?.ok === false) {
      const issues = describeIssues(verdict.issues)
      throw new UsageError('INPUT_INVALID', `The input does not fit the input schema of "${workflow.name}": ${issues}.`)
    }
    return initialScope(workflow, verdict?.value ?? given, this.#options.runId ?? 'embedded')
  }
}

function hydrateAll(chart: Chart, options: WorkflowMachineOptions): AnyStateMachine {
  const env = options.env ?? {}
  const index = indexBlocks(chart.workflow)
  // What such a machine holds stays in this process, unless its owner persists it.
  const evaluation = { env, redact: (value: Json) => value }
  const implementations = chartImplementations(index, evaluation)
  const step = stepMachine.provide({ actors: stepActors(chart, options, env) } as never)
  const machines = new Map<string, AnyActorLogic>([[stepSource, step]])
  const actor = (src: string): AnyActorLogic => {
    let known = machines.get(src)
    if (known === undefined) {
      known = hydrateMachine(chart, src, index, implementations, { evaluation, actor })
      machines.set(src, known)
    }
    return known
  }
  return actor(chart.root) as AnyStateMachine
}

function stepActors(chart: Chart, options: WorkflowMachineOptions, env: Environment): WorkflowActors {
  const { execute, slot } = options.actors ?? {}
  const specDir = options.specDir ?? process.cwd()
  const resolve = { workflow: chart.workflow, env, specDir, workingDir: process.cwd() }
  return {
    ...(slot === undefined ? {} : { slot }),
    ...(execute === undefined ? {} : { execute: withRequest(execute, (input) => resolveStepRequest(input, resolve)) }),
  }
}

/** The logic with its input resolved first; an expression that fails is the attempt's error. */
function withRequest(logic: AnyActorLogic, resolve: (input: ExecuteInput) => StepRequest): AnyActorLogic {
  return {
    ...logic,
    getInitialSnapshot: (scope: never, input: unknown): Snapshot<unknown> => {
      try {
        return logic.getInitialSnapshot(scope, resolve(input as ExecuteInput) as never)
      } catch (error) {
        return { status: 'error', error, output: undefined } as Snapshot<unknown>
      }
    },
  } as AnyActorLogic
}
