import type { Clock } from '../../clock.ts'
import { CancelledError, interruptedCode, UsageError } from '../../errors.ts'
import type { EphemeralEvent, RunEvent, UnnumberedEvent } from '../../events.ts'
import { EventValues } from '../../runtime/event-values.ts'
import type { Program } from '../../runtime/program.ts'
import type { RunTree } from '../../runtime/run-tree.ts'
import type { Scheduler } from '../../runtime/scheduler.ts'
import type { Undone } from '../../runtime/undo-ends.ts'
import type { Workflow } from '../../spec/ir.ts'
import type { Outcome, Scope } from '../../spec/outcome.ts'
import type { Checkpoint, RunWriter } from '../../store/store.ts'
import type { RunHandle, RunSettlement } from '../host.ts'
import type { RunAction } from '../../run-action.ts'
import { Checkpoints } from './checkpoints.ts'
import type { ChildListener } from './child-runs.ts'
import type { ExecutionOptions } from './execution.ts'
import { actOn, replyTo } from './run-actions.ts'
import { RunAsks } from './run-asks.ts'
import { RunChildren } from './run-children.ts'
import { RunEngine } from './run-engine.ts'
import { RunEvents } from './run-events.ts'
import { settlementOf } from './settlement.ts'
import { StepMemory } from './step-memory.ts'
import { StepStarts } from './step-starts.ts'

type ExecuteChild = ExecutionOptions['runChild']

export interface EmbeddedRunOptions extends Pick<ExecutionOptions, 'execute' | 'resolve' | 'redactor' | 'trace' | 'prices'> {
  readonly runId: string
  readonly program: Program
  readonly writer: RunWriter
  readonly scheduler: Scheduler
  readonly clock: Clock
  /** What the root is started with. */
  readonly scope: Scope
  readonly scripted: boolean
  /** See `StartOptions`. */
  readonly noWait: boolean
  /** Runs a child. */
  readonly runChild: (
    child: Parameters<ExecuteChild>[0],
    context: Parameters<ExecuteChild>[1],
    listener: ChildListener,
  ) => ReturnType<ExecuteChild>
  /** Pauses a child that this process works on. */
  readonly pauseChild: (runId: string, reason: string) => void
  /** Sends what is left of its trace; never rejects. Absent: it is sent nowhere. */
  readonly sendTrace?: () => Promise<void>
  /** Detaches the run from what it shares with others; called once, at its end. */
  readonly release: () => void
}

/** A run that somebody wants to go on though it had ended, or its steps had: the tree without those ends. */
export interface Again extends Undone {
  readonly again: readonly string[]
}

/** Where a run is taken up. It goes on from there, so nobody is to hold on to it. */
export interface RunBefore {
  readonly tree: RunTree
  /** Events already in the journal. */
  readonly events: readonly RunEvent[]
}

/** A run under way in this process: its engine, what it waits for, and how it ends. */
export class EmbeddedRun implements RunHandle {
  readonly runId: string
  readonly workflow: Workflow
  readonly settled: Promise<RunSettlement>
  readonly options: EmbeddedRunOptions
  readonly events: RunEvents
  readonly asks: RunAsks
  readonly engine: RunEngine
  readonly children: RunChildren
  readonly #checkpoints: Checkpoints
  readonly #values = new EventValues()
  readonly #starts = new StepStarts()
  readonly #memory: StepMemory
  readonly #settle: { resolve: (settlement: RunSettlement) => void; reject: (error: unknown) => void }
  /** What the run was last said to wait for. */
  #announced = ''
  /** Why no further step is to start. */
  #pausing: string | undefined

  constructor(options: EmbeddedRunOptions, before: RunBefore) {
    this.options = options
    this.runId = options.runId
    this.workflow = options.program.chart.workflow
    const { runId, trace, writer, clock } = options
    const { promise, resolve, reject } = Promise.withResolvers<RunSettlement>()
    this.settled = promise
    this.#settle = { resolve, reject }
    // A caller that only watches events must not bring the process down.
    promise.catch(() => {})
    this.asks = new RunAsks({
      clock,
      redactor: options.redactor,
      append: (make) => this.engine.take(() => ({ events: make(this.events.count + 1), effects: [] })),
      labelOf: (path) => this.engine.labelOf(path),
      changed: () => this.#tellWaiting(),
    })
    this.#memory = new StepMemory({ workflow: this.workflow, writer, redactor: options.redactor })
    this.events = new RunEvents({ runId, traceId: trace.id }, writer, before.events, (event) => {
      this.#values.take(event)
      this.#starts.take(event)
      this.#memory.take(event)
      this.asks.take(event)
    })
    this.children = new RunChildren({
      runId: options.runId,
      engine: () => this.engine,
      starts: this.#starts,
      changed: () => this.#tellWaiting(),
      paused: (runId) => this.pause(`its child run ${runId} was paused`),
    })
    this.engine = new RunEngine({
      ...options,
      memory: this.#memory,
      artifactsDir: () => writer.artifactsDir,
      durable: () => writer.flushed(),
      startOf: (path) => this.#starts.of(path),
      log: (path, attempt, text, stream) => this.events.log(path, attempt, text, stream, clock.now()),
      ask: (path, question, signal) => this.asks.ask(path, question, signal),
      runChild: (child, context) => options.runChild(child, context, this.children.listener(child.path)),
      tell: (path, event) => this.#append([{ ...this.engine.labelOf(path), ...event }]),
      delta: (path, attempt, text) => this.events.delta(path, attempt, text, clock.now()),
      state: (key) => ({
        load: () => writer.loadState(key),
        save: (value) => writer.saveState(key, options.redactor.json(value)),
      }),
      append: (events, now) => this.events.append(events, now),
      onSettled: (outcome) => void this.#finish(outcome),
      onFailure: (error) => void this.#fail(error),
      onTurned: () => this.#turned(),
    }, before.tree)
    this.#checkpoints = new Checkpoints({
      runId,
      program: options.program,
      writer,
      clock,
      events: this.events,
      values: this.#values,
      tree: () => this.engine.tree,
      onFailure: (error) => void this.#fail(error),
    })
  }

  start(): void {
    const { scope, scripted, trace } = this.options
    this.#work()
    const data = { workflow: this.workflow.name, input: scope.input, scripted, ...trace.origin }
    this.engine.take((now) => {
      const { events, effects } = this.engine.tree.start(scope, now)
      return { events: [{ type: 'run.started', data }, ...events], effects }
    })
  }

  /** Goes on after a replay: `missing` events first, then whatever was under way when the journal ended. */
  resume(missing: readonly UnnumberedEvent[], outcome: Outcome | undefined, again?: Again): void {
    this.#work()
    this.#append(missing)
    if (again !== undefined) return this.runAgain(again)
    this.#append([{ type: 'run.resumed', data: { afterSeq: this.events.count } }])
    if (outcome === undefined) this.engine.takeUp([])
    else void this.#finish(outcome)
  }

  /** Takes the run up without working on it, for somebody who acts on it. To be followed by `putBack`. */
  hold(missing: readonly UnnumberedEvent[]): void {
    this.#append(missing)
  }

  /** Lets go of what was only held. Unless it has ended since, the run stays as it is. */
  async putBack(): Promise<void> {
    if (!this.engine.isClosed) await this.#stopAs('running', { status: 'interrupted' })
    await this.settled
  }

  /** Goes on with a tree in which some steps that had ended have not. */
  runAgain({ tree, again, undone }: Again): void {
    this.engine.replaceTree(tree)
    const data = { afterSeq: this.events.count, again: [...again], undone: [...undone] }
    this.#append([{ type: 'run.resumed', data }])
    this.engine.takeUp(again)
    this.#checkpoints.save('running')
  }

  subscribe(listener: (event: RunEvent | EphemeralEvent) => void): () => void {
    return this.events.subscribe(listener)
  }

  cancel(reason: string): void {
    this.engine.take((now) => this.engine.tree.cancel(reason, now))
  }

  async act(action: RunAction): Promise<void> {
    // Not in the middle of a turn, of which a subscriber may be told.
    await Promise.resolve()
    if (this.engine.isClosed) {
      const isOver = this.engine.tree.cell(this.engine.tree.rootId) === undefined
      throw isOver
        ? new UsageError('RUN_SETTLED', `The run ${this.runId} is over.`)
        : new UsageError('RUN_STOPPING', `The run ${this.runId} is not worked on here any more: act on it once more.`)
    }
    actOn(this, action)
    await this.options.writer.flushed()
  }

  /** Starts no further step; once none is under way the run is interrupted. */
  pause(reason: string): void {
    this.#pausing = reason
    this.engine.stopGranting()
    for (const runId of this.children.ids()) this.options.pauseChild(runId, reason)
    this.engine.wake()
  }

  async interrupt(reason = 'interrupted'): Promise<void> {
    if (!this.engine.isClosed) {
      await this.#stopAs('running', { status: 'interrupted' }, { type: 'run.paused', data: { reason } })
    }
    await this.settled.catch(() => {})
  }

  wake(): void {
    this.engine.wake()
  }

  #work(): void {
    this.engine.work()
    this.options.writer.receive((message) => replyTo(this, message))
  }

  #append(events: readonly UnnumberedEvent[]): void {
    this.engine.take(() => ({ events: [...events], effects: [] }))
  }

  #turned(): void {
    this.#checkpoints.saveWhenDue()
    // What only waits loses nothing by being begun again.
    const { engine } = this
    if (this.#pausing !== undefined && this.#atWork().every((path) => engine.isWaiting(path))) void this.interrupt(this.#pausing)
    else this.#tellWaiting()
  }

  /** Steps under way that do more than wait for an answer. */
  #atWork(): readonly string[] {
    const waiting = this.asks.waiting()
    return this.engine.underWay().filter((path) => !waiting.has(path) && !this.children.isStill(path))
  }

  /** Says so when nothing goes on any more but by answers from outside. */
  #tellWaiting(): void {
    if (this.engine.isClosed || (this.asks.isIdle && this.children.isIdle)) return
    if (this.#atWork().length > 0 || this.engine.isAboutToGoOn()) {
      this.#announced = ''
      return
    }
    const asks = [...this.asks.book.open().map(({ ask }) => ask), ...this.children.asks()]
    const announced = asks.join('\n')
    if (announced === this.#announced || asks.length === 0) return
    this.#announced = announced
    this.#append([{ type: 'run.waiting', data: { asks } }])
    if (this.options.noWait) void this.#stopAs('running', { status: 'waiting' })
  }

  async #finish(outcome: Outcome): Promise<void> {
    const settlement = settlementOf(outcome)
    const { status, output, error } = settlement
    const data = { status, ...(output === undefined ? {} : { output }), ...(error === undefined ? {} : { error }) }
    await this.#stopAs(status, settlement, { type: 'run.settled', data })
  }

  /** Stops working on the run, says so last, saves it and lets go of it. */
  async #stopAs(status: Checkpoint['status'], settlement: RunSettlement, last?: UnnumberedEvent): Promise<void> {
    const { writer, clock, release } = this.options
    await this.engine.close(new CancelledError(interruptedCode, 'This process no longer works on the run.'))
    try {
      // Before it counts as ended: nobody looks for what it leaves after that.
      if (status !== 'running') await this.#memory.end()
      if (last !== undefined) this.events.append([last], clock.now())
      this.#checkpoints.save(status)
      await this.#checkpoints.saved()
      await writer.close()
      await this.options.sendTrace?.()
      this.#settle.resolve(settlement)
    } catch (error) {
      await this.#fail(error)
    } finally {
      release()
    }
  }

  /** The store or a machine failed: stops everything, keeps what is on disk. */
  async #fail(error: unknown): Promise<void> {
    await this.engine.close(new CancelledError(interruptedCode, 'The run could not go on.'))
    await this.options.writer.close().catch(() => {})
    this.options.release()
    this.#settle.reject(error)
  }
}
