import type { Clock } from '../../clock.ts'
import { CancelledError } from '../../errors.ts'
import type { UnnumberedEvent } from '../../events.ts'
import { isWaiting } from '../../spec/blocks.ts'
import type { StepBlock } from '../../spec/ir.ts'
import type { Outcome } from '../../spec/outcome.ts'
import { type Cell, isStepCell } from '../../runtime/cell.ts'
import type { Effect, RunTree, Turn } from '../../runtime/run-tree.ts'
import type { Scheduler } from '../../runtime/scheduler.ts'
import { attemptInput, stepBlock, stepLabel } from '../../runtime/step-cell.ts'
import { isAtOrIn } from '../../runtime/undo-ends.ts'
import { Executions, type ExecutionOptions } from './execution.ts'
import { RunTimers } from './run-timers.ts'

export interface RunEngineOptions extends Omit<ExecutionOptions, 'onEnd' | 'onStoreFailure'> {
  readonly scheduler: Scheduler
  readonly clock: Clock
  /** Adds the events of a turn to the journal, before its effects. */
  readonly append: (events: readonly UnnumberedEvent[], now: number) => void
  /** The tree has ended. */
  readonly onSettled: (outcome: Outcome) => void
  /** The store or a machine failed: nothing that follows could be trusted. */
  readonly onFailure: (error: unknown) => void
  /** After each series of turns. */
  readonly onTurned: () => void
}

/** Places granted in one go. */
const grantsAtOnce = 128

/** Takes a run's tree from turn to turn and performs what each asks for. */
export class RunEngine {
  readonly #o: RunEngineOptions
  readonly #executions: Executions
  readonly #timers: RunTimers
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
  /** Nothing enters the tree any more. */
  #closed = false

  constructor(options: RunEngineOptions, tree: RunTree) {
    this.#o = options
    this.#tree = tree
    this.#timers = new RunTimers(options.clock, (actor, timer) => this.take((now) => this.#tree.fire(actor, timer, now)))
    this.#executions = new Executions({
      ...options,
      onEnd: (path, end) =>
        this.take((now) =>
          end.ok ? this.#tree.completed(path, end.result, now) : this.#tree.failed(path, end.error, now, end.usage),
        ),
      onStoreFailure: (error) => options.onFailure(error),
    })
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
    return [...this.#tree.cells()].filter((cell) => isStepCell(cell) && cell.effects.has('execute') && stepBlock(cell).kind === kind).map(({ id }) => id)
  }

  /** Whether the step at `path` only waits: for a time, a person or an event. */
  isWaiting(path: string): boolean {
    const cell = this.#tree.cell(path)
    return cell !== undefined && isStepCell(cell) && isWaiting(stepBlock(cell).kind)
  }

  /** Whether something goes on by itself without an attempt under way: a place that is free, or the time before a retry. */
  isAboutToGoOn(): boolean {
    return this.#o.scheduler.isWaitedFor() || this.#timers.has(isBackoff)
  }

  /** The fields that place an event of the step at `path`. */
  labelOf(path: string): { readonly path: string } {
    return stepLabel(this.#tree.cell(path), path)
  }

  /** Grants free places; called when others gave theirs back. */
  wake(): void {
    this.take(() => ({ events: [], effects: [] }))
  }

  /** Takes one turn, and those that follow from it, to their end. */
  take(turn: (now: number) => Turn): void {
    if (this.#closed) return
    this.#turns.push(turn)
    if (this.#taking) return
    this.#taking = true
    try {
      for (let next = this.#turns.shift(); next !== undefined; next = this.#turns.shift()) {
        const now = this.#o.clock.now()
        const { events, effects } = next(now)
        this.#o.append(events, now)
        for (const effect of effects) this.#perform(effect)
        // A subscriber may have interrupted the run.
        if (this.#closed) this.#turns.length = 0
        if (this.#closed || this.#turns.length > 0 || !this.#granting) continue
        const granted = this.#grant()
        if (granted !== undefined) this.#turns.push((at) => this.#tree.deliver(granted, { type: 'slot.granted' }, at))
      }
    } catch (error) {
      this.#turns.length = 0
      this.#o.onFailure(error)
    } finally {
      this.#taking = false
    }
    if (!this.#closed) this.#o.onTurned()
  }

  /** Goes on with another tree. Attempts of steps that it does not have are stopped. */
  replaceTree(tree: RunTree): void {
    const there = new Set([...tree.cells()].map(({ id }) => id))
    for (const path of this.#executions.underWay()) if (!there.has(path)) this.#abort(path)
    this.#o.scheduler.keepOnly(there)
    this.#timers.disarmAll()
    this.#tree = tree
  }

  /** Takes up whatever the tree is at. Steps in `again` begin another attempt, so do those whose attempt nobody makes or had ended. */
  takeUp(again: readonly string[]): void {
    const underWay = new Set(this.#executions.underWay())
    for (const cell of [...this.#tree.cells()]) {
      for (const [timer, { dueAt }] of cell.timers) this.#timers.arm(cell.id, timer, dueAt)
      if (isStepCell(cell)) this.#takeUpStep(cell, underWay.has(cell.id), again)
    }
    this.wake()
  }

  /** Stops all that goes on; resolves when no attempt is under way and all processes are gone. */
  async close(reason: Error): Promise<void> {
    this.#closed = true
    this.#timers.disarmAll()
    this.#executions.abortAll(reason)
    this.#o.scheduler.close()
    await this.#executions.ended()
  }

  #takeUpStep(cell: Cell, isUnderWay: boolean, again: readonly string[]): void {
    const { id, effects } = cell
    const { kind } = stepBlock(cell)
    const isAgain = again.some((path) => isAtOrIn(id, path)) || this.#o.startOf(id).hasEnded
    if (!effects.has('execute')) {
      if (effects.has('slot')) this.#request(id, kind)
      else if (isAgain) this.#endBackoff(cell)
    } else if (isAgain) this.take((now) => this.#tree.deliver(id, { type: 'step.again' }, now))
    else if (isUnderWay) return
    else if (isWaiting(kind)) this.#executions.start(id, attemptInput(cell))
    // A child run, which goes on by itself, lost nothing with the process. It has its place as before.
    else if (kind === 'workflow') {
      this.#o.scheduler.request(id, false)
      this.#executions.start(id, attemptInput(cell))
    } else this.take((now) => this.#tree.deliver(id, { type: 'step.lost' }, now))
  }

  #endBackoff({ id, timers }: Cell): void {
    for (const timer of timers.keys()) if (isBackoff(timer)) this.take((now) => this.#tree.fire(id, timer, now))
  }

  #perform(effect: Effect): void {
    if (this.#closed) return
    if (effect.type === 'settled') return this.#o.onSettled(effect.outcome)
    if (!this.#working) return
    switch (effect.type) {
      case 'execute':
        return this.#executions.start(effect.path, effect.input)
      case 'abort':
        return this.#abort(effect.path)
      case 'acquire':
        return this.#request(effect.path, effect.block.kind)
      case 'release':
        return this.#o.scheduler.release(effect.path)
      case 'arm':
        return this.#timers.arm(effect.actor, effect.timer, effect.dueAt)
      case 'disarm':
        return this.#timers.disarm(effect.actor, effect.timer)
    }
  }

  /** The next step that may run; after many in one go the others have to wait until all else has had its turn. */
  #grant(): string | undefined {
    if (this.#isGrantingLater) return undefined
    if (this.#granted < grantsAtOnce) {
      const granted = this.#o.scheduler.grant()
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

  #abort(path: string): void {
    this.#executions.abort(path, new CancelledError('CANCELLED', 'The step was stopped.'))
  }

  /** A step that only waits takes nobody's place. */
  #request(path: string, kind: StepBlock['kind']): void {
    if (isWaiting(kind)) this.take((now) => this.#tree.deliver(path, { type: 'slot.granted' }, now))
    else this.#o.scheduler.request(path, kind === 'agent')
  }
}

/** Whether it is the timer of the wait before another attempt. */
function isBackoff(timer: string): boolean {
  return timer.startsWith('xstate.after.backoff')
}
