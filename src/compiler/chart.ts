import type { JsonObject } from '../json.ts'
import type { Workflow } from '../spec/ir.ts'

/**
 * What the compiler emits: XState configs as plain JSON, every reference a string.
 * `machines[root]` is the workflow; the others are what its states invoke: composite branches and shards of wide groups.
 */
export interface Chart {
  readonly format: 1
  readonly name: string
  /** `workflow:<name>`. */
  readonly root: string
  readonly machines: Readonly<Record<string, ChartMachine>>
  /** The blocks that the machines name by path. */
  readonly workflow: Workflow
}

/** One XState machine config; `id` is its key in `machines`. */
export interface ChartMachine extends ChartState {
  readonly id: string
}

/** The subset of XState's state config that is emitted. */
export interface ChartState {
  readonly type?: 'parallel' | 'final'
  readonly initial?: string
  readonly states?: Readonly<Record<string, ChartState>>
  readonly invoke?: ChartInvoke
  readonly always?: readonly ChartTransition[]
  readonly on?: Readonly<Record<string, readonly ChartTransition[]>>
  /** Keys name the time limits of groups: `limit(<path>)`. */
  readonly after?: Readonly<Record<string, readonly ChartTransition[]>>
  readonly entry?: readonly ChartAction[]
  readonly onDone?: readonly ChartTransition[]
  readonly meta?: JsonObject
}

export interface ChartInvoke {
  /** `step`, or a key of `machines`. */
  readonly src: string
  /** Path of the block, or key of the shard: unique in the run. */
  readonly id: string
  /** Path of the block that the actor runs; of the group for a shard. */
  readonly input: { readonly block: string }
  readonly onDone: readonly ChartTransition[]
}

export interface ChartTransition {
  readonly target?: string
  readonly guard?: ChartAction
  readonly actions?: readonly ChartAction[]
}

/** A named implementation and its parameters. */
export interface ChartAction {
  readonly type: string
  readonly params?: JsonObject
}
