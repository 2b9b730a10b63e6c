import type { MachineContext, StateValue } from 'xstate'

/** What computes a machine's transitions: tables of our own, or XState itself for what they do not cover. */
export type Engine = 'table' | 'stock'

/** What a transition wants done, in order, as XState names it. */
export interface MachineAction {
  readonly type: string
  readonly params: unknown
}

/** A machine between two events: the part of XState's snapshot that a host of pure steps reads. */
export interface PureSnapshot {
  readonly value: StateValue
  readonly context: MachineContext
  readonly status: 'active' | 'done' | 'error' | 'stopped'
  readonly output?: unknown
  /** Not actors, but marks of them: `{ id, src }`. */
  readonly children: Readonly<Record<string, unknown>>
}

export interface Step {
  readonly snapshot: PureSnapshot
  readonly actions: readonly MachineAction[]
}

/**
 * A machine whose transitions are computed and whose effects are only listed. Which engine does it makes no difference
 * to what comes of it. Snapshots go back to the machine that they came from.
 */
export interface PureMachine {
  readonly engine: Engine
  initial(input: unknown): Step
  /** Of a machine that is not done: one that is takes no more events. */
  step(snapshot: PureSnapshot, event: { readonly type: string }): Step
  /** A snapshot as it was saved. */
  restore(saved: SavedSnapshot): PureSnapshot
}

export interface SavedSnapshot {
  readonly value: StateValue
  readonly context: MachineContext
  /** `src` of each child, by its id; none of those whose parent has any number of them. */
  readonly children: Readonly<Record<string, string>>
}
