import { CancelledError, interruptedCode, UsageError } from '../../errors.ts'
import type { EphemeralEvent, RunEvent, UnnumberedEvent } from '../../events.ts'
import type { AgentEvent, AgentSpanEvent } from '../../executors/executor.ts'
import { EventValues } from '../../runtime/event-values.ts'
import type { Workflow } from '../../spec/ir.ts'
import type { Outcome } from '../../spec/outcome.ts'
import type { Checkpoint } from '../../store/store.ts'
import type { RunHandle, RunSettlement } from '../host.ts'
import type { RunAction } from '../../run-action.ts'
import { Checkpoints } from './checkpoints.ts'
import type { AgentUsage } from './execution.ts'
import { DoneActions } from './done-actions.ts'
import { actOn, replyTo } from './run-actions.ts'
import { isOfAsks, RunAsks } from './run-asks.ts'
import { RunChildren } from './run-children.ts'
import { RunEngine } from './run-engine.ts'
import { RunEvents } from './run-events.ts'
import type { RunHost } from './run-host.ts'
import type { Again, EmbeddedRunOptions, RunBefore } from './run-parts.ts'
import { settlementOf } from './settlement.ts'
import { hasMemory, StepMemory } from './step-memory.ts'
import { StepStarts } from './step-starts.ts'

/** From so many on a run is a wide or a long one. */
const manyEvents = 1_000

/** A run under way in this process: its engine, what it waits for, and how it ends. */
export class EmbeddedRun implements RunHandle {
  readonly options: EmbeddedRunOptions
  readonly events: RunEvents
  readonly engine: RunEngine
  readonly values = new EventValues()
  readonly starts = new StepStarts()
  readonly #done = new DoneActions()
  /** Absent when no agent has one. */
  readonly memory: StepMemory | undefined
  readonly #checkpoints: Checkpoints
  readonly #settled = Promise.withResolvers<RunSettlement>()
  #asks: RunAsks | undefined
  #children: RunChildren | undefined
  /** What the run was last said to wait for. */
  #announced = ''
  /** Why no further step is to start. */
  #pausing: string | undefined

  constructor(options: EmbeddedRunOptions, before: RunBefore) {
    this.options = options
    // A caller that only watches events must not bring the process down.
    this.settled.catch(() => {})
    if (hasMemory(this.workflow)) this.memory = new StepMemory(this.workflow, options)
    this.events = new RunEvents(this, before.events)
    for (const event of before.events) this.take(event)
    this.engine = new RunEngine(this, before.tree)
    this.#checkpoints = new Checkpoints(this)
  }

  get runId(): string {
    return this.options.spec.runId
  }

  get workflow(): Workflow {
    return this.options.shown
  }

  get settled(): Promise<RunSettlement> {
    return this.#settled.promise
  }

  get host(): RunHost {
    return this.options.host
  }

  /** Made with the first question: most runs have none. */
  get asks(): RunAsks {
    this.#asks ??= new RunAsks(this)
    return this.#asks
  }

  /** Made with the first child. */
  get children(): RunChildren {
    this.#children ??= new RunChildren(this)
    return this.#children
  }

  start(): void {
    const { scope, spec, trace } = this.options
    this.#work()
    const data = { workflow: this.workflow.name, input: scope.input, scripted: spec.options.scripted, ...trace.origin }
    this.engine.take((now) => {
      const { events, effects } = this.engine.tree.start(scope, now)
      return { events: [{ type: 'run.started', data }, ...events], effects }
    })
  }

  /** Goes on after a replay: `missing` events first, then whatever was under way when the journal ended. */
  resume(missing: readonly UnnumberedEvent[], outcome: Outcome | undefined, again?: Again): void {
    this.#work()
    this.append(() => missing)
    if (again !== undefined) return this.runAgain(again)
    this.append((next) => [{ type: 'run.resumed', data: { afterSeq: next - 1 } }])
    if (outcome === undefined) this.engine.takeUp([])
    else void this.finish(outcome)
  }

  /** Takes the run up without working on it, for somebody who acts on it. To be followed by `putBack`. */
  hold(missing: readonly UnnumberedEvent[]): void {
    this.append(() => missing)
  }

  /** Lets go of what was only held. Unless it has ended since, the run stays as it is. */
  async putBack(): Promise<void> {
    if (!this.engine.isClosed) await this.#stopAs('running', { status: 'interrupted' })
    await this.settled
  }

  /** Goes on with a tree in which some steps that had ended have not. */
  runAgain({ tree, again, undone, live, action }: Again): void {
    this.engine.replaceTree(tree)
    const how = { ...(live && { live }), ...(action === undefined ? {} : { action }) }
    const data = { afterSeq: this.events.count, again: [...again], undone: [...undone], ...how }
    this.append(() => [{ type: 'run.resumed', data }])
    this.engine.takeUp(again)
    this.engine.settle()
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
    this.engine.settle()
    if (!this.#done.has(action)) actOn(this, action)
    this.engine.settle()
    await this.flushed()
  }

  /** Resolves when all so far is on disk. A store that fails is the end of the run here: then it rejects. */
  flushed(): Promise<void> {
    return this.events.flushed().catch((error: unknown) => {
      void this.fail(error)
      throw error
    })
  }

  /** Starts no further step; once none is under way the run is interrupted. */
  pause(reason: string): void {
    this.#pausing = reason
    this.engine.stopGranting()
    for (const runId of this.children.ids()) this.host.pauseChild(runId, reason)
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
    const { writer } = this.options
    writer.receive((message) => replyTo(this, message))
    // Who only waits, for a person or for long work, writes nothing by which it would be noticed.
    writer.onLost((error) => void this.fail(error))
  }

  /** Adds what `make` gives to the journal; `next` is the number that the first event will have. */
  append(make: (next: number) => readonly UnnumberedEvent[]): void {
    this.engine.take(() => ({ events: [...make(this.events.count + 1)], effects: [] }))
  }

  /** Adds an event of the step at `path`. */
  tell(path: string, event: AgentEvent | AgentSpanEvent | AgentUsage): void {
    this.append(() => [{ ...this.engine.labelOf(path), ...event }])
  }

  /** Takes note of each event, before anybody else is told of it. */
  take(event: RunEvent): void {
    this.values.take(event)
    this.starts.take(event)
    this.#done.take(event)
    this.memory?.take(event)
    if (this.#asks !== undefined || isOfAsks(event)) this.asks.take(event)
  }

  /** After each series of turns. */
  turned(): void {
    this.#checkpoints.saveWhenDue()
    // What only waits loses nothing by being begun again.
    const { engine } = this
    if (this.#pausing !== undefined && this.#atWork().every((path) => engine.isWaiting(path))) void this.interrupt(this.#pausing)
    else this.tellWaiting()
  }

  /** Steps under way that do more than wait for an answer. */
  #atWork(): readonly string[] {
    const waiting = this.#asks?.waiting()
    return this.engine.underWay().filter((path) => waiting?.has(path) !== true && this.#children?.isStill(path) !== true)
  }

  /** Says so when nothing goes on any more but by answers from outside. */
  tellWaiting(): void {
    if (this.engine.isClosed || ((this.#asks?.isIdle ?? true) && (this.#children?.isIdle ?? true))) return
    if (this.#atWork().length > 0 || this.engine.isAboutToGoOn()) {
      this.#announced = ''
      return
    }
    const asks = [...(this.#asks?.book.open() ?? []).map(({ ask }) => ask), ...(this.#children?.asks() ?? [])]
    const announced = asks.join('\n')
    if (announced === this.#announced || asks.length === 0) return
    this.#announced = announced
    this.append(() => [{ type: 'run.waiting', data: { asks } }])
    // What waits for people starts nothing, so that nothing else would notice when this cannot be written.
    this.flushed().catch(() => {})
    if (this.options.noWait) void this.#stopAs('running', { status: 'waiting' })
  }

  /** The tree has ended. */
  async finish(outcome: Outcome): Promise<void> {
    const settlement = settlementOf(outcome)
    const { status, output, error } = settlement
    const data = { status, ...(output === undefined ? {} : { output }), ...(error === undefined ? {} : { error }) }
    await this.#stopAs(status, settlement, { type: 'run.settled', data })
  }

  /** Stops working on the run, says so last, saves it and lets go of it. */
  async #stopAs(status: Checkpoint['status'], settlement: RunSettlement, last?: UnnumberedEvent): Promise<void> {
    const { writer, exporter } = this.options
    await this.engine.close(new CancelledError(interruptedCode, 'This process no longer works on the run.'))
    try {
      // Before it counts as ended: nobody looks for what it leaves after that.
      if (status !== 'running') await this.memory?.end()
      // The output of a wide run is a large one, and its last turn was a long one: all else has its turn in between.
      if (this.events.count > manyEvents) await new Promise((resolve) => setImmediate(resolve))
      if (last !== undefined) this.events.append([last], this.host.clock.now())
      this.#checkpoints.save(status)
      await this.#checkpoints.saved()
      await writer.close()
      await exporter?.flush()
      this.#settled.resolve(settlement)
    } catch (error) {
      await this.fail(error)
    } finally {
      this.host.release(this)
    }
  }

  /** The store or a machine failed, so that nothing that follows could be trusted: stops everything, keeps what is on disk. */
  async fail(error: unknown): Promise<void> {
    await this.engine.close(new CancelledError(interruptedCode, 'The run could not go on.'))
    await this.options.writer.close().catch(() => {})
    this.host.release(this)
    this.#settled.reject(error)
  }
}
