import { limitedPath } from '../compiler/names.ts'
import type { RunEvent, UnnumberedEvent } from '../events.ts'
import { fillPath } from '../spec/blocks.ts'
import type { Scope } from '../spec/outcome.ts'
import { cause } from './cause.ts'
import { indexesOf } from './cell.ts'
import type { RunTree } from './run-tree.ts'
import type { Turn } from './turn.ts'

/** An event that came from outside. */
export interface Cause {
  readonly event: RunEvent
  /** Which time it was, from 1, that the step had begun: what repeats has it begin anew. */
  readonly begin: number
}

/** Counts how often each step has begun. */
export class Begins {
  readonly #counts = new Map<string, number>()

  of(path: string): number {
    return this.#counts.get(path) ?? 0
  }

  take({ type, path = '', attempt }: Pick<UnnumberedEvent, 'type' | 'path' | 'attempt'>): void {
    if (type === 'step.queued' && attempt === undefined) this.#counts.set(path, this.of(path) + 1)
  }
}

export interface Undone {
  readonly tree: RunTree
  /** The causes that still count. */
  readonly causes: readonly Cause[]
  /** How often steps have begun by these. */
  readonly begins: Begins
  /** Paths of the other steps that had begun and have to run again, since they came after. */
  readonly undone: readonly string[]
}

export interface UndoOptions {
  readonly scope: Scope
  /** When they are to run again, in ms since the epoch. */
  readonly now: number
  /** The tree up to now. */
  readonly before: RunTree
}

/**
 * Builds the tree again as if the steps at these paths, or in the groups there, had not ended: `causes` are delivered
 * anew without their ends. What followed from those cannot be delivered any more and is left out with all that came
 * after it; everything beside it stays as it was, also what could only begin in a group with few branches at once because
 * they had ended. A step that ran in rounds is undone in its last one, a group as a whole. Groups that hold what runs again,
 * and those that had ended, begin their time limits anew.
 */
export function undoEnds(empty: RunTree, causes: readonly Cause[], again: readonly string[], options: UndoOptions): Undone {
  const { scope, now, before } = options
  const follower = new Follower(empty, scope)
  const isAgain = (path: string): boolean => again.some((one) => isAtOrIn(path, one))
  const withheld = endsOf(causes, again)
  const left = new Set<string>()
  const kept: Cause[] = []
  for (const one of causes) {
    const { path = '' } = one.event
    if (left.has(path) || isTakenBack(one.event, empty.rootId, again)) continue
    const isKept = !withheld.has(one) && (follower.follows(one) || (!isAgain(path) && follower.followsAhead(one)))
    if (isKept || one.event.type === 'run.started') kept.push(one)
    else left.add(path)
  }
  const open = new Set(limitsIn(before))
  empty.restartLimits((group) => !open.has(group) || again.some((path) => isAtOrIn(path, group)), now)
  return { tree: empty, causes: kept, begins: follower.begins, undone: [...left].filter((path) => !isAgain(path)) }
}

/** Delivers causes to a tree in which some do not follow any more. */
class Follower {
  readonly begins = new Begins()
  readonly #tree: RunTree
  readonly #scope: Scope

  constructor(tree: RunTree, scope: Scope) {
    this.#tree = tree
    this.#scope = scope
  }

  /** Whether something came of it: the actor that waits for it was there, in the same round. */
  follows({ event, begin }: Cause): boolean {
    if (event.path !== undefined && this.begins.of(event.path) !== begin) return false
    return this.#hasEvents(cause(this.#tree, event, this.#scope))
  }

  /** The same, once groups with few branches at once have begun those up to it. */
  followsAhead(one: Cause): boolean {
    const { type, path = '', at } = one.event
    while (type === 'step.started' && this.#tree.cell(path) === undefined) {
      if (!this.#hasEvents(this.#tree.ahead(path, Date.parse(at)))) return false
      if (this.follows(one)) return true
    }
    return false
  }

  #hasEvents(turn: Turn | undefined): boolean {
    for (const event of turn?.events ?? []) this.begins.take(event)
    return turn !== undefined && turn.events.length > 0
  }
}

/** The ends to withhold: of a step its last one, of the steps in a group their first ones. A step that is under way has none. */
function endsOf(causes: readonly Cause[], again: readonly string[]): Set<Cause> {
  const inGroups = again.filter((one) => !again.some((other) => other !== one && isAtOrIn(one, other)))
  const own = new Set(inGroups)
  const ends = new Map<string, Cause>()
  for (const one of causes) {
    const { path = '' } = one.event
    if (own.has(path)) {
      if (isEnd(one.event)) ends.set(path, one)
      else ends.delete(path)
    } else if (isEnd(one.event) && !ends.has(path) && inGroups.some((group) => isAtOrIn(path, group))) ends.set(path, one)
  }
  return new Set(ends.values())
}

/** Whether the path is that of the block, or of one in it. */
export function isAtOrIn(path: string, block: string): boolean {
  return path === block || path.startsWith(`${block}.`)
}

/** Whether a step has ended by it. */
export function isEnd({ type }: RunEvent): boolean {
  return type === 'step.completed' || type === 'step.failed' || type === 'step.skipped' || type === 'step.cancelled'
}

/** What stopped the run, or a group with something in it that runs again: what it stopped goes on. */
function isTakenBack(event: RunEvent, root: string, again: readonly string[]): boolean {
  if (event.type !== 'step.cancelled') return false
  const { by } = event.data
  if (by === undefined || by === event.path) return false
  return by === root || again.some((path) => isAtOrIn(path, by) || isAtOrIn(by, path))
}

/** Paths of the groups whose time limits run. */
function* limitsIn(tree: RunTree): Iterable<string> {
  for (const cell of tree.cells()) {
    for (const { name } of cell.timers) {
      const block = limitedPath(name)
      if (block !== undefined) yield fillPath(block, indexesOf(cell))
    }
  }
}
