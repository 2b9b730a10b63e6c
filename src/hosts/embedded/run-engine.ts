import { CancelledError } from '../../errors.ts'
import { isWaiting } from '../../spec/blocks.ts'
import type { StepBlock } from '../../spec/ir.ts'
import { type Cell, isStepCell } from '../../runtime/cell.ts'
import type { RunTree } from '../../runtime/run-tree.ts'
import type { Effect, Turn } from '../../runtime/turn.ts'
import type { Scheduler } from '../../runtime/scheduler.ts'
import { attemptInput, stepBlock, stepLabel } from '../../runtime/step-cell.ts'
import { isAtOrIn } from '../../runtime/undo-ends.ts'
import type { EmbeddedRun } from './embedded-run.ts'
import { type ExecutionEnd, Executions } from './execution.ts'
import { isBackoff, RunTimers } from './run-timers.ts'

/** Places granted in one go. */
const grantsAtOnce = 128
/** Actors that start or take an event in one go: what a turn of a wide group has beyond that waits until all else has had its turn. */
const actorsAtOnce = 256
/** Turns in one go: very many results may come in the same moment. */
const turnsAtOnce = 256

/** Takes a run's tree from turn to turn and performs what each asks for. */
export class RunEngine {
  readonly #run: EmbeddedRun
  readonly #executions: Executions
  #timers: RunTimers | undefined
  readonly #turns: ((now: number) => Turn)[] = []
  #tree: RunTree
  #taking = false
  /** Whether effects are performed. */
  #working = false
  /** Whether steps that wait for a place get one. */
  #granting = true
  /** Places granted one after another, and whether the next are granted in a moment. */
  #granted = 0
  #isGrantingLater = false
  /** Pieces of turns taken one after another, and whether the next are taken in a moment. */
  #taken = 0
  #isTakingLater = false
  /** When the turn began that is under way. */
  #now = 0
  /** Nothing enters the tree any more. */
  #closed = false

  constructor(run: EmbeddedRun, tree: RunTree) {
    this.#run = run
    this.#tree = tree
    tree.cutTurns(actorsAtOnce)
    this.#executions = new Executions(run)
  }

  get #scheduler(): Scheduler {
    return this.#run.options.scheduler
  }

  get tree(): RunTree {
    return this.#tree
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** From now on what turns ask for is done. */
  work(): void {
    this.#working = true
  }

  /** No further step is started. */
  stopGranting(): void {
    this.#granting = false
  }

  /** Steps whose attempts are under way. */
  underWay(): readonly string[] {
    return this.#executions.underWay()
  }

  /** Paths of the steps of a kind that have an attempt to make, whether or not anybody makes it. */
  atWork(kind: StepBlock['kind']): string[] {
    return [...this.#tree.cells()].filter((cell) => isStepCell(cell) && cell.effects.includes('execute') && stepBlock(cell).kind === kind).map(({ id }) => id)
  }

  /** Whether the step at `path` only waits: for a time, a person or an event. */
  isWaiting(path: string): boolean {
    const cell = this.#tree.cell(path)
    return cell !== undefined && isStepCell(cell) && isWaiting(stepBlock(cell).kind)
  }

  /** Whether something goes on by itself without an attempt under way: a place that is free, or the time before a retry. */
  isAboutToGoOn(): boolean {
    return this.#isInTurn || this.#scheduler.isWaitedFor() || this.#timers?.has(isBackoff) === true
  }

  /** The fields that place an event of the step at `path`. */
  labelOf(path: string): { readonly path: string } {
    return stepLabel(this.#tree.cell(path), path)
  }

  /** Grants free places; called when others gave theirs back. */
  wake(): void {
    this.#takeNext(() => ({ events: [], effects: [] }))
  }

  /**
   * Takes one turn, and those that follow from it, after whatever is under way has been taken to its end. The turn itself
   * may be left in the middle when it is a long one: see `settle`.
   */
  take(turn: (now: number) => Turn): void {
    if (this.#closed) return
    if (!this.#taking) this.settle()
    this.#turns.push(turn)
    if (!this.#taking) this.#goOn(false)
  }

  /** Takes all that is under way to its end at once: what is asked of the tree then, or of the events, is whole. */
  settle(): void {
    if (this.#isInTurn && !this.#taking) this.#goOn(true)
  }

  /** The same for what may as well wait until the turn that is under way has come to its end, and longer after many. */
  #takeNext(turn: (now: number) => Turn): void {
    if (this.#closed) return
    this.#turns.push(turn)
    if (this.#taking || this.#isTakingLater) return
    if (this.#taken < turnsAtOnce) this.#goOn(false)
    else this.#takeLater()
  }

  #takeLater(): void {
    this.#isTakingLater = true
    setImmediate(() => {
      this.#isTakingLater = false
      this.#taken = 0
      if (this.#isInTurn && !this.#taking) this.#goOn(false)
    })
  }

  /** Whether there is something to take. */
  get #isInTurn(): boolean {
    return this.#tree.hasRest || this.#turns.length > 0
  }

  /** Takes what there is, a long turn piece by piece unless it is to be `atOnce`. */
  #goOn(atOnce: boolean): void {
    this.#taking = true
    try {
      while (this.#takePiece()) {
        this.#taken += 1
        const isEnough = this.#tree.hasRest || (this.#taken >= turnsAtOnce && this.#turns.length > 0)
        if (!isEnough || atOnce || this.#closed) continue
        if (!this.#isTakingLater) this.#takeLater()
        return
      }
    } catch (error) {
      this.#turns.length = 0
      this.#tree.dropRest()
      void this.#run.fail(error)
    } finally {
      this.#taking = false
    }
    if (!this.#closed) this.#run.turned()
  }

  /** The rest of the turn that is under way, or the next one. False when there is none. */
  #takePiece(): boolean {
    let piece: Turn
    if (this.#tree.hasRest) piece = this.#tree.goOn()
    else {
      const next = this.#turns.shift() ?? this.#nextGrant()
      if (next === undefined) return false
      this.#now = this.#run.host.clock.now()
      piece = next(this.#now)
    }
    this.#run.events.append(piece.events, this.#now)
    for (const effect of piece.effects) this.#perform(effect)
    // A subscriber may have interrupted the run.
    if (this.#closed) this.#turns.length = 0
    return true
  }

  #nextGrant(): ((now: number) => Turn) | undefined {
    const granted = this.#closed || !this.#granting ? undefined : this.#grant()
    return granted === undefined ? undefined : (now) => this.#tree.deliver(granted, { type: 'slot.granted' }, now)
  }

  /** The attempt of the step at `path` has ended so. */
  ended(path: string, end: ExecutionEnd): void {
    this.#takeNext((now) =>
      end.ok ? this.#tree.completed(path, end.result, now) : this.#tree.failed(path, end.error, now, end.usage),
    )
  }

  /** Goes on with another tree. Attempts of steps that it does not have are stopped. */
  replaceTree(tree: RunTree): void {
    const there = new Set([...tree.cells()].map(({ id }) => id))
    for (const path of this.#executions.underWay()) if (!there.has(path)) this.#abort(path)
    this.#scheduler.keepOnly(there)
    this.#timers?.disarmAll()
    tree.cutTurns(actorsAtOnce)
    this.#tree = tree
  }

  /** Takes up whatever the tree is at. Steps in `again` begin another attempt, so do those whose attempt nobody makes or had ended. */
  takeUp(again: readonly string[]): void {
    const underWay = new Set(this.#executions.underWay())
    for (const cell of [...this.#tree.cells()]) {
      // The run may be paused as soon as nothing of it is at work.
      if (this.#closed) return
      for (const { name, dueAt } of cell.timers) this.#arm(cell.id, name, dueAt)
      if (isStepCell(cell)) this.#takeUpStep(cell, underWay.has(cell.id), again)
    }
    this.wake()
  }

  /** Stops all that goes on; resolves when no attempt is under way and all processes are gone. */
  async close(reason: Error): Promise<void> {
    this.#closed = true
    this.#turns.length = 0
    this.settle()
    this.#timers?.disarmAll()
    this.#executions.abortAll(reason)
    this.#scheduler.close()
    await this.#executions.ended()
  }

  #takeUpStep(cell: Cell, isUnderWay: boolean, again: readonly string[]): void {
    const { id, effects } = cell
    const { kind } = stepBlock(cell)
    const isAgain = again.some((path) => isAtOrIn(id, path)) || this.#run.starts.of(id).hasEnded
    if (!effects.includes('execute')) {
      if (effects.includes('slot')) this.#request(id, kind)
      else if (isAgain) this.#endBackoff(cell)
    } else if (isAgain) this.take((now) => this.#tree.deliver(id, { type: 'step.again' }, now))
    else if (isUnderWay) return
    else if (isWaiting(kind)) this.#executions.start(id, attemptInput(cell))
    // A child run, which goes on by itself, lost nothing with the process. It has its place as before.
    else if (kind === 'workflow') {
      this.#scheduler.request(id, false)
      this.#executions.start(id, attemptInput(cell))
    } else this.take((now) => this.#tree.deliver(id, { type: 'step.lost' }, now))
  }

  #endBackoff({ id, timers }: Cell): void {
    for (const { name } of timers) if (isBackoff(name)) this.take((now) => this.#tree.fire(id, name, now))
  }

  #perform(effect: Effect): void {
    if (this.#closed) return
    if (effect.type === 'settled') return void this.#run.finish(effect.outcome)
    if (!this.#working) return
    switch (effect.type) {
      case 'execute':
        return this.#executions.start(effect.path, effect.input)
      case 'abort':
        return this.#abort(effect.path)
      case 'acquire':
        return this.#request(effect.path, effect.block.kind)
      case 'release':
        return this.#scheduler.release(effect.path)
      case 'arm':
        return this.#arm(effect.actor, effect.timer, effect.dueAt)
      case 'disarm':
        return this.#timers?.disarm(effect.actor, effect.timer)
    }
  }

  /** The next step that may run; after many in one go the others have to wait until all else has had its turn. */
  #grant(): string | undefined {
    if (this.#isGrantingLater) return undefined
    if (this.#granted < grantsAtOnce) {
      const granted = this.#scheduler.grant()
      this.#granted = granted === undefined ? 0 : this.#granted + 1
      return granted
    }
    this.#isGrantingLater = true
    setImmediate(() => {
      this.#isGrantingLater = false
      this.#granted = 0
      this.wake()
    })
    return undefined
  }

  /** Few runs have timers, and many may be under way. */
  #arm(actor: string, timer: string, dueAt: number): void {
    this.#timers ??= new RunTimers(this.#run.host.clock, (of, due) => this.#takeNext((now) => this.#tree.fire(of, due, now)))
    this.#timers.arm(actor, timer, dueAt)
  }

  #abort(path: string): void {
    this.#executions.abort(path, new CancelledError('CANCELLED', 'The step was stopped.'))
  }

  /** A step that only waits takes nobody's place. */
  #request(path: string, kind: StepBlock['kind']): void {
    if (isWaiting(kind)) this.take((now) => this.#tree.deliver(path, { type: 'slot.granted' }, now))
    else this.#scheduler.request(path, kind === 'agent')
  }
}
