import { stepSource } from '../compiler/names.ts'
import { fillPath } from '../spec/blocks.ts'
import type { Scope } from '../spec/outcome.ts'
import type { PureSnapshot } from './pure-machine.ts'

/** An event for an actor of the tree. */
export interface TreeEvent {
  readonly type: string
  readonly [field: string]: unknown
}

/** A delayed event. */
export interface Timer {
  /** What it is cancelled with; no two of an actor have the same. */
  readonly name: string
  readonly event: TreeEvent
  /** In ms since the epoch. */
  readonly dueAt: number
}

/** One actor of a run: a machine, its snapshot, and what it waits for. */
export interface Cell {
  /** Path of the block that it runs, key of the shard, or the workflow's name. */
  readonly id: string
  /** What its parent's machine calls it: its id, with marks where the indexes of items belong. */
  readonly name: string
  /** Name of its machine in the program. */
  readonly src: string
  readonly parent: Cell | null
  snapshot: PureSnapshot
  /** Children that the host runs: `execute`, `slot`. */
  effects: readonly string[]
  timers: readonly Timer[]
  /** Those that are actors of the tree, once there was one. */
  children: Set<Cell> | undefined
  /** When its attempt under way began, in ms since the epoch. */
  startedAt: number
}

/** A step's children are work for the host; those of every other machine are actors of the tree. */
export function isStepCell(cell: Cell): boolean {
  return cell.src === stepSource
}

/** The run-wide id of an actor that the machine of `cell` calls `name`. */
export function actorId(cell: Cell, name: string): string {
  return fillPath(name, indexesOf(cell))
}

/** Indexes of the items of the maps that the actor is in, outermost first. */
export function indexesOf(cell: Cell): Scope['at'] {
  return (cell.snapshot.context as { readonly scope?: Scope }).scope?.at
}

/** Whether the host ran this child for the actor, which from now on it does not. */
export function dropEffect(cell: Cell, effect: string): boolean {
  if (!cell.effects.includes(effect)) return false
  cell.effects = cell.effects.filter((other) => other !== effect)
  return true
}
