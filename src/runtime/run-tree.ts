import type { ErrorData } from '../errors.ts'
import type { UnnumberedEvent } from '../events.ts'
import type { Outcome, Scope, UsageTotal } from '../spec/outcome.ts'
import type { StepBlock } from '../spec/ir.ts'
import type { ExecuteInput, ExecuteResult } from '../../machines/step.ts'
import { limitName, limitedPath } from '../compiler/names.ts'
import { fillPath } from '../spec/blocks.ts'
import { actorId, type Cell, indexesOf, isStepCell, type TreeEvent } from './cell.ts'
import type { MachineAction, Program, Step } from './program.ts'

/** What the host of a tree is asked to do, in this order. */
export type Effect =
  | { readonly type: 'execute'; readonly path: string; readonly input: ExecuteInput }
  | { readonly type: 'abort'; readonly path: string }
  | { readonly type: 'acquire'; readonly path: string; readonly block: StepBlock }
  | { readonly type: 'release'; readonly path: string }
  | { readonly type: 'arm'; readonly actor: string; readonly timer: string; readonly dueAt: number }
  | { readonly type: 'disarm'; readonly actor: string; readonly timer: string }
  | { readonly type: 'settled'; readonly outcome: Outcome }

/** What came of one event: what happened, in order, and what is to be done. */
export interface Turn {
  readonly events: UnnumberedEvent[]
  readonly effects: Effect[]
}

const noTurn: Turn = { events: [], effects: [] }

/**
 * The actors of one run. Every event is taken to its end before the call returns, through all the actors it concerns:
 * between calls the tree is settled. Deterministic: the same events at the same times give the same turns and the same
 * tree, which is what lets a journal be replayed.
 */
export class RunTree {
  readonly #program: Program
  readonly #cells = new Map<string, Cell>()
  /** Those that each has now. */
  readonly #children = new Map<Cell, Set<Cell>>()
  #mailbox: { cell: Cell; event: TreeEvent }[] = []
  /** What came of the turn that is being taken. */
  #turn: Turn = noTurn
  #now = 0

  constructor(program: Program, cells: Iterable<Cell> = []) {
    this.#program = program
    for (const cell of cells) this.#add(cell)
  }

  get rootId(): string {
    return this.#program.chart.root
  }

  /** A tree of the same program in which nothing has happened. */
  anew(): RunTree {
    return new RunTree(this.#program)
  }

  /** `now` is the time of the turn, in ms since the epoch. */
  start(scope: Scope, now: number): Turn {
    return this.#take(now, () => this.#spawn(this.rootId, this.rootId, this.rootId, null, { scope }))
  }

  /** An event for one actor. Ignored when the actor is gone. */
  deliver(actorId: string, event: TreeEvent, now: number): Turn {
    return this.#take(now, () => this.#post(actorId, event))
  }

  /**
   * Has groups that run only so many branches at once begin one more, each if that at or around `path` is still to begin.
   */
  ahead(path: string, now: number): Turn {
    return this.#take(now, () => {
      for (const cell of this.#cells.values()) {
        if (!isStepCell(cell)) this.#mailbox.push({ cell, event: { type: 'branch.ahead', path } })
      }
    })
  }

  /** Begins the time limits anew of the groups that `isAnew` holds for, by their paths. */
  restartLimits(isAnew: (group: string) => boolean, now: number): void {
    for (const cell of this.#cells.values()) {
      for (const [name, { event }] of cell.timers) {
        const block = limitedPath(name)
        const limitMs = block === undefined ? undefined : this.#program.index.limits[limitName(block)]
        if (block === undefined || limitMs === undefined || !isAnew(fillPath(block, indexesOf(cell)))) continue
        cell.timers.set(name, { event, dueAt: now + limitMs })
      }
    }
  }

  /** The attempt of the step at `path` gave this. Ignored unless the step is waiting for it. */
  completed(path: string, result: ExecuteResult, now: number): Turn {
    return this.#ended(path, now, () => ({ type: 'xstate.done.actor.execute', output: result, actorId: 'execute' }))
  }

  /** The attempt of the step at `path` failed. Ignored unless the step is waiting for it. */
  failed(path: string, error: ErrorData, now: number, usage?: UsageTotal): Turn {
    return this.#ended(path, now, (elapsedMs) => ({
      type: 'xstate.error.actor.execute',
      error,
      actorId: 'execute',
      elapsedMs,
      usage,
    }))
  }

  /** A timer that was armed is due. Ignored when it was disarmed since. */
  fire(actorId: string, timer: string, now: number): Turn {
    return this.#take(now, () => {
      const cell = this.#cells.get(actorId)
      const delayed = cell?.timers.get(timer)
      if (cell === undefined || delayed === undefined) return
      cell.timers.delete(timer)
      this.#mailbox.push({ cell, event: delayed.event })
    })
  }

  /** Tells the whole run to stop. */
  cancel(reason: string, now: number): Turn {
    return this.deliver(this.rootId, { type: 'cancel', reason, by: this.rootId }, now)
  }

  cell(actorId: string): Cell | undefined {
    return this.#cells.get(actorId)
  }

  /** Parents before children. */
  cells(): Iterable<Cell> {
    return this.#cells.values()
  }

  #ended(path: string, now: number, eventAfter: (elapsedMs: number) => TreeEvent): Turn {
    return this.#take(now, () => {
      const cell = this.#cells.get(path)
      if (cell === undefined || !cell.effects.delete('execute')) return
      this.#mailbox.push({ cell, event: eventAfter(now - cell.startedAt) })
    })
  }

  #take(now: number, begin: () => void): Turn {
    const turn: Turn = { events: [], effects: [] }
    this.#turn = turn
    this.#now = now
    this.#mailbox = []
    begin()
    for (let index = 0; index < this.#mailbox.length; index += 1) {
      const mail = this.#mailbox[index]
      // The actor may have ended since the event was sent.
      if (mail === undefined || this.#cells.get(mail.cell.id) !== mail.cell) continue
      this.#advance(mail.cell, this.#program.machine(mail.cell.src).step(mail.cell.snapshot, mail.event))
    }
    // Between turns nothing of them is held on to.
    this.#turn = noTurn
    this.#mailbox = []
    return turn
  }

  #post(actorId: string, event: TreeEvent): void {
    const cell = this.#cells.get(actorId)
    if (cell !== undefined) this.#mailbox.push({ cell, event })
  }

  #spawn(id: string, name: string, src: string, parent: Cell | null, input: unknown): void {
    if (this.#cells.has(id)) throw new Error(`Two actors of the run are called "${id}".`)
    const step = this.#program.machine(src).initial(input)
    const cell: Cell = {
      id,
      name,
      src,
      parent,
      snapshot: step.snapshot,
      effects: new Set(),
      timers: new Map(),
      startedAt: this.#now,
    }
    this.#add(cell)
    this.#advance(cell, step)
  }

  #advance(cell: Cell, step: Step): void {
    cell.snapshot = step.snapshot
    for (const action of step.actions) this.#perform(cell, action)
    if (step.snapshot.status !== 'done') return
    this.#remove(cell)
    const output: unknown = step.snapshot.output
    if (cell.parent === null) {
      this.#turn.effects.push({ type: 'settled', outcome: output as Outcome })
    } else {
      const event = { type: `xstate.done.actor.${cell.name}`, output, actorId: cell.name }
      this.#mailbox.push({ cell: cell.parent, event })
    }
  }

  #perform(cell: Cell, action: MachineAction): void {
    const { effects } = this.#turn
    switch (action.type) {
      case 'xstate.spawnChild': {
        const { id, src, input } = action.params as { id: string; src: string; input: unknown }
        if (!isStepCell(cell)) {
          this.#spawn(actorId(cell, id), id, src, cell, input)
          return
        }
        cell.effects.add(id)
        if (id === 'slot') {
          effects.push({ type: 'acquire', path: cell.id, block: (input as { block: StepBlock }).block })
        } else {
          cell.startedAt = this.#now
          effects.push({ type: 'execute', path: cell.id, input: input as ExecuteInput })
        }
        return
      }
      case 'xstate.stopChild': {
        const id = (action.params as { id: string } | undefined)?.id
        if (id === undefined) return
        if (isStepCell(cell)) this.#stopEffect(cell, id)
        else this.#stop(this.#cells.get(actorId(cell, id)))
        return
      }
      case 'xstate.raise': {
        const { event, id, delay } = action.params as { event: TreeEvent; id?: string; delay?: number }
        if (delay === undefined) return
        const timer = id ?? event.type
        const dueAt = this.#now + delay
        cell.timers.set(timer, { event, dueAt })
        effects.push({ type: 'arm', actor: cell.id, timer, dueAt })
        return
      }
      case 'xstate.cancel': {
        const { sendId: timer } = action.params as { sendId: string }
        if (cell.timers.delete(timer)) effects.push({ type: 'disarm', actor: cell.id, timer })
        return
      }
      case 'xstate.sendTo': {
        const { to, targetId, event } = action.params as { to: { id: string }; targetId?: string; event: TreeEvent }
        this.#post(actorId(cell, targetId ?? to.id), event)
        return
      }
      case 'xstate.emit':
        this.#turn.events.push((action.params as { event: UnnumberedEvent }).event)
        return
      default:
        throw new Error(`The machine "${cell.src}" asked for "${action.type}", which no host performs.`)
    }
  }

  #stopEffect(cell: Cell, id: string): void {
    if (!cell.effects.delete(id)) return
    this.#turn.effects.push({ type: id === 'slot' ? 'release' : 'abort', path: cell.id })
  }

  /** Takes an actor that was stopped, and all below it, out of the tree. */
  #stop(cell: Cell | undefined): void {
    if (cell === undefined || this.#cells.get(cell.id) !== cell) return
    for (const child of [...(this.#children.get(cell) ?? [])]) this.#stop(child)
    this.#remove(cell)
  }

  #remove(cell: Cell): void {
    for (const id of [...cell.effects]) this.#stopEffect(cell, id)
    for (const timer of cell.timers.keys()) this.#turn.effects.push({ type: 'disarm', actor: cell.id, timer })
    this.#cells.delete(cell.id)
    this.#children.delete(cell)
    if (cell.parent !== null) this.#children.get(cell.parent)?.delete(cell)
  }

  #add(cell: Cell): void {
    this.#cells.set(cell.id, cell)
    if (cell.parent === null) return
    const siblings = this.#children.get(cell.parent)
    if (siblings === undefined) this.#children.set(cell.parent, new Set([cell]))
    else siblings.add(cell)
  }
}
