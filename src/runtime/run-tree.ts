import type { ErrorData } from '../errors.ts'
import type { UnnumberedEvent } from '../events.ts'
import type { Outcome, Scope, UsageTotal } from '../spec/outcome.ts'
import type { StepBlock } from '../spec/ir.ts'
import type { ExecuteInput, ExecuteResult } from '../../machines/step.ts'
import { limitName, limitedPath } from '../compiler/names.ts'
import { fillPath } from '../spec/blocks.ts'
import { actorId, type Cell, dropEffect, indexesOf, isStepCell, type TreeEvent } from './cell.ts'
import type { MachineAction, Program, Step } from './program.ts'
import { OpenTurn, type Turn, type Work } from './turn.ts'

/**
 * The actors of one run. Every event is taken to its end before the call returns, through all the actors it concerns:
 * between calls the tree is settled, unless its turns were cut (see `cutTurns`). Deterministic: the same events at the same
 * times give the same turns and the same tree, which is what lets a journal be replayed.
 */
export class RunTree {
  readonly #program: Program
  readonly #cells = new Map<string, Cell>()
  /** What is left of the turn that is being taken, and what came of it. */
  readonly #open = new OpenTurn()
  #now = 0
  #mostAtOnce = Infinity

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

  /**
   * From now on a turn in which more than so many actors start or take an event is given in pieces: while `hasRest` holds
   * its next piece is to be had by `goOn`, and nothing else may be asked of the tree. Together they are the turn.
   */
  cutTurns(mostAtOnce: number): void {
    this.#mostAtOnce = mostAtOnce
  }

  get hasRest(): boolean {
    return this.#open.hasRest
  }

  /** The next piece of the turn; at the same time as the first. */
  goOn(): Turn {
    const open = this.#open
    try {
      for (let left = this.#mostAtOnce; left > 0 && open.hasRest; ) {
        if (open.work !== undefined) {
          if (this.#performNext(open.work)) left -= 1
          continue
        }
        const mail = open.nextMail()
        // The actor may have ended since the event was sent.
        if (mail === undefined || this.#cells.get(mail.cell.id) !== mail.cell) continue
        this.#begin(mail.cell, this.#program.machine(mail.cell.src).step(mail.cell.snapshot, mail.event))
        left -= 1
      }
    } catch (error) {
      this.dropRest()
      throw error
    }
    return open.takePiece()
  }

  /** Gives up what is left of a turn. After that the tree is good for rehearsals only. */
  dropRest(): void {
    this.#open.drop()
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
        if (!isStepCell(cell)) this.#open.post(cell, { type: 'branch.ahead', path })
      }
    })
  }

  /** Begins the time limits anew of the groups that `isAnew` holds for, by their paths. */
  restartLimits(isAnew: (group: string) => boolean, now: number): void {
    for (const cell of this.#cells.values()) {
      cell.timers = cell.timers.map((timer) => {
        const block = limitedPath(timer.name)
        const limitMs = block === undefined ? undefined : this.#program.index.limits[limitName(block)]
        const stays = block === undefined || limitMs === undefined || !isAnew(fillPath(block, indexesOf(cell)))
        return stays ? timer : { ...timer, dueAt: now + limitMs }
      })
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
      const delayed = cell?.timers.find(({ name }) => name === timer)
      if (cell === undefined || delayed === undefined) return
      cell.timers = cell.timers.filter((other) => other !== delayed)
      this.#open.post(cell, delayed.event)
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
      if (cell === undefined || !dropEffect(cell, 'execute')) return
      this.#open.post(cell, eventAfter(now - cell.startedAt))
    })
  }

  #take(now: number, begin: () => void): Turn {
    if (this.hasRest) throw new Error('The turn before is not at its end.')
    this.#now = now
    begin()
    return this.goOn()
  }

  #post(actorId: string, event: TreeEvent): void {
    const cell = this.#cells.get(actorId)
    if (cell !== undefined) this.#open.post(cell, event)
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
      effects: none,
      timers: none,
      children: undefined,
      startedAt: this.#now,
    }
    this.#add(cell)
    this.#begin(cell, step)
  }

  #begin(cell: Cell, step: Step): void {
    cell.snapshot = step.snapshot
    this.#open.work = { cell, step, next: 0, after: this.#open.work }
  }

  /** Up to the next actor that is started, which goes first, or to the end. Whether one was started. */
  #performNext(one: Work): boolean {
    const { actions } = one.step
    while (one.next < actions.length) {
      const action = actions[one.next]
      one.next += 1
      if (action !== undefined) this.#perform(one.cell, action)
      if (this.#open.work !== one) return true
    }
    this.#open.work = one.after
    this.#end(one.cell, one.step)
    return false
  }

  #end(cell: Cell, step: Step): void {
    if (step.snapshot.status !== 'done') return
    this.#remove(cell)
    const output: unknown = step.snapshot.output
    if (cell.parent === null) {
      this.#open.effects.push({ type: 'settled', outcome: output as Outcome })
    } else {
      this.#open.post(cell.parent, { type: `xstate.done.actor.${cell.name}`, output, actorId: cell.name })
    }
  }

  #perform(cell: Cell, action: MachineAction): void {
    const { effects } = this.#open
    switch (action.type) {
      case 'xstate.spawnChild': {
        const { id, src, input } = action.params as { id: string; src: string; input: unknown }
        if (!isStepCell(cell)) {
          this.#spawn(actorId(cell, id), id, src, cell, input)
          return
        }
        cell.effects = cell.effects.concat(id)
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
        cell.timers = cell.timers.filter(({ name }) => name !== timer).concat({ name: timer, event, dueAt })
        effects.push({ type: 'arm', actor: cell.id, timer, dueAt })
        return
      }
      case 'xstate.cancel': {
        const { sendId: timer } = action.params as { sendId: string }
        if (!cell.timers.some(({ name }) => name === timer)) return
        cell.timers = cell.timers.filter(({ name }) => name !== timer)
        effects.push({ type: 'disarm', actor: cell.id, timer })
        return
      }
      case 'xstate.sendTo': {
        const { to, targetId, event } = action.params as { to: { id: string }; targetId?: string; event: TreeEvent }
        this.#post(actorId(cell, targetId ?? to.id), event)
        return
      }
      case 'xstate.emit':
        this.#open.events.push((action.params as { event: UnnumberedEvent }).event)
        return
      default:
        throw new Error(`The machine "${cell.src}" asked for "${action.type}", which no host performs.`)
    }
  }

  #stopEffect(cell: Cell, id: string): void {
    if (!dropEffect(cell, id)) return
    this.#open.effects.push({ type: id === 'slot' ? 'release' : 'abort', path: cell.id })
  }

  /** Takes an actor that was stopped, and all below it, out of the tree. */
  #stop(cell: Cell | undefined): void {
    if (cell === undefined || this.#cells.get(cell.id) !== cell) return
    for (const child of [...(cell.children ?? [])]) this.#stop(child)
    this.#remove(cell)
  }

  #remove(cell: Cell): void {
    for (const id of cell.effects) this.#stopEffect(cell, id)
    for (const { name: timer } of cell.timers) this.#open.effects.push({ type: 'disarm', actor: cell.id, timer })
    this.#cells.delete(cell.id)
    cell.parent?.children?.delete(cell)
  }

  #add(cell: Cell): void {
    this.#cells.set(cell.id, cell)
    if (cell.parent !== null) (cell.parent.children ??= new Set()).add(cell)
  }
}

const none: readonly never[] = []
