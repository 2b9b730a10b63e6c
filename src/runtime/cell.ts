import type { AnyMachineSnapshot } from 'xstate'
import { stepSource } from '../compiler/names.ts'

/** An event for an actor of the tree. */
export interface TreeEvent {
  readonly type: string
  readonly [field: string]: unknown
}

/** One actor of a run: a machine, its snapshot, and what it waits for. */
export interface Cell {
  /** Path of the block that it runs, key of the shard, or the workflow's name. */
  readonly id: string
  /** Name of its machine in the program. */
  readonly src: string
  readonly parent: Cell | null
  snapshot: AnyMachineSnapshot
  /** Children that the host runs: `execute`, `slot`. */
  readonly effects: Set<string>
  /** Delayed events by the id they are cancelled with; `dueAt` in ms since the epoch. */
  readonly timers: Map<string, { readonly event: TreeEvent; readonly dueAt: number }>
  /** When its attempt under way began, in ms since the epoch. */
  startedAt: number
}

/** A step's children are work for the host; those of every other machine are actors of the tree. */
export function isStepCell(cell: Cell): boolean {
  return cell.src === stepSource
}
