import type { StepInput } from '../../../machines/step.ts'
import type { Clock } from '../../clock.ts'
import { CancelledError } from '../../errors.ts'
import type { EphemeralEvent, RunEvent, UnnumberedEvent } from '../../events.ts'
import type { Json } from '../../json.ts'
import type { StepBlock, Workflow } from '../../spec/ir.ts'
import type { Outcome, Scope } from '../../spec/outcome.ts'
import type { RunWriter } from '../../store/store.ts'
import type { Program } from '../../runtime/program.ts'
import type { Effect, RunTree, Turn } from '../../runtime/run-tree.ts'
import type { Scheduler } from '../../runtime/scheduler.ts'
import { isStepCell } from '../../runtime/cell.ts'
import { saveTree } from '../../runtime/tree-snapshot.ts'
import type { RunHandle, RunSettlement } from '../host.ts'
import { Executions, type ExecutionOptions } from './execution.ts'
import { RunTimers } from './run-timers.ts'
import { settlementOf } from './settlement.ts'
import { StepStarts } from './step-starts.ts'

export interface EmbeddedRunOptions
  extends Pick<ExecutionOptions, 'execute' | 'resolve' | 'redactor'> {
  readonly runId: string
  readonly program: Program
  readonly tree: RunTree
  readonly writer: RunWriter
  readonly scheduler: Scheduler
  readonly clock: Clock
  /** Events already in the journal. */
  readonly events: readonly RunEvent[]
  /** Detaches the run from what it shares with others; called once, at its end. */
  readonly release: () => void
}

/** Events between two checkpoints: bounds how long a replay takes. */
const checkpointEvery = 2000

/**
 * A run under way in this process. Events of the tree get their number here and nowhere else; an effect that others
 * could see, a step's execution, starts only when the journal up to it is on disk.
 */
export class EmbeddedRun implements RunHandle {
  readonly runId: string
  readonly workflow: Workflow
  readonly settled: Promise<RunSettlement>
  readonly #o: EmbeddedRunOptions
  readonly #executions: Executions
  readonly #events: RunEvent[]
  readonly #listeners = new Set<(event: RunEvent | EphemeralEvent) => void>()
  readonly #starts = new StepStarts()
  readonly #timers: RunTimers
  readonly #turns: ((now: number) => Turn)[] = []
  readonly #settle: { resolve: (settlement: RunSettlement) => void; reject: (error: unknown) => void }
  #taking = false
  /** True once the run ends or is interrupted: nothing enters the tree any more. */
  #closing = false
  #checkpointAt = 0
  #checkpointing: Promise<void> = Promise.resolve()

  constructor(options: EmbeddedRunOptions) {
    this.#o = options
    this.runId = options.runId
    this.workflow = options.program.chart.workflow
    this.#events = [...options.events]
    for (const event of options.events) this.#starts.take(event)
    const { promise, resolve, reject } = Promise.withResolvers<RunSettlement>()
    this.settled = promise
    this.#settle = { resolve, reject }
    // A caller that only watches events must not bring the process down.
    promise.catch(() => {})
    this.#timers = new RunTimers(options.clock, (actor, timer) =>
      this.#take((now) => options.tree.fire(actor, timer, now)),
    )
    this.#executions = new Executions({
      ...options,
      artifactsDir: () => options.writer.artifactsDir,
      durable: () => options.writer.flushed(),
      startOf: (path) => this.#starts.of(path),
      log: (path, attempt, text, stream) => this.#log(path, attempt, text, stream),
      onEnd: (path, end) =>
        this.#take((now) =>
          end.ok ? options.tree.completed(path, end.result, now) : options.tree.failed(path, end.error, now),
        ),
      onStoreFailure: (error) => void this.#fail(error),
    })
  }

  start(scope: Scope, started: UnnumberedEvent): void {
    this.#take((now) => {
      const turn = this.#o.tree.start(scope, now)
      return { events: [started, ...turn.events], effects: turn.effects }
    })
  }

  /** Goes on after a replay: `missing` events first, then whatever was under way when the journal ended. */
  resume(missing: readonly UnnumberedEvent[], outcome: Outcome | undefined): void {
    const { tree } = this.#o
    const resumed: UnnumberedEvent = { type: 'run.resumed', data: { afterSeq: this.#events.length } }
    this.#take(() => ({ events: [...missing, resumed], effects: [] }))
    if (outcome !== undefined) {
      void this.#finish(outcome)
      return
    }
    for (const cell of [...tree.cells()]) {
      for (const [timer, { dueAt }] of cell.timers) this.#timers.arm(cell.id, timer, dueAt)
      if (!isStepCell(cell)) continue
      if (cell.effects.has('execute')) this.#take((now) => tree.deliver(cell.id, { type: 'step.lost' }, now))
      else if (cell.effects.has('slot')) this.#request(cell.id, (cell.snapshot.context as StepInput).block.kind)
    }
    this.wake()
  }

  subscribe(listener: (event: RunEvent | EphemeralEvent) => void): () => void {
    for (const event of this.#events) listener(event)
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  cancel(reason: string): void {
    this.#take((now) => this.#o.tree.cancel(reason, now))
  }

  async interrupt(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true
      this.#stopWork('The run was interrupted.')
      await this.#executions.ended()
      this.#append([{ type: 'run.paused', data: { reason: 'interrupted' } }], this.#o.clock.now())
      await this.#close('running', { status: 'interrupted' })
    }
    await this.settled.catch(() => {})
  }

  /** Grants free places; called when others gave theirs back. */
  wake(): void {
    this.#take(() => ({ events: [], effects: [] }))
  }

  /** Takes one turn of the tree, and those that follow from it, to their end. */
  #take(turn: (now: number) => Turn): void {
    if (this.#closing) return
    this.#turns.push(turn)
    if (this.#taking) return
    this.#taking = true
    try {
      for (let next = this.#turns.shift(); next !== undefined; next = this.#turns.shift()) {
        const now = this.#o.clock.now()
        const { events, effects } = next(now)
        this.#append(events, now)
        for (const effect of effects) this.#perform(effect)
        // A subscriber may have interrupted the run.
        if (this.#closing) this.#turns.length = 0
        if (this.#closing || this.#turns.length > 0) continue
        const granted = this.#o.scheduler.grant()
        if (granted !== undefined) {
          this.#turns.push((at) => this.#o.tree.deliver(granted, { type: 'slot.granted' }, at))
        }
      }
    } catch (error) {
      // A defect in a machine: nothing that follows could be trusted.
      this.#turns.length = 0
      void this.#fail(error)
    } finally {
      this.#taking = false
    }
    if (this.#events.length - this.#checkpointAt >= checkpointEvery) this.#checkpoint('running', this.#saved())
  }

  #perform(effect: Effect): void {
    if (this.#closing) return
    switch (effect.type) {
      case 'execute':
        this.#executions.start(effect.path, effect.input)
        return
      case 'abort':
        this.#executions.abort(effect.path, new CancelledError('CANCELLED', 'The step was stopped.'))
        return
      case 'acquire':
        this.#request(effect.path, effect.block.kind)
        return
      case 'release':
        this.#o.scheduler.release(effect.path)
        return
      case 'arm':
        this.#timers.arm(effect.actor, effect.timer, effect.dueAt)
        return
      case 'disarm':
        this.#timers.disarm(effect.actor, effect.timer)
        return
      case 'settled':
        void this.#finish(effect.outcome)
        return
    }
  }

  #append(events: readonly UnnumberedEvent[], now: number): void {
    if (events.length === 0) return
    const at = new Date(now).toISOString()
    const numbered = events.map(
      (event, index) => ({ seq: this.#events.length + index + 1, runId: this.runId, at, ...event }) as RunEvent,
    )
    for (const event of numbered) this.#starts.take(event)
    this.#events.push(...numbered)
    this.#o.writer.append(numbered)
    this.#tell(numbered)
  }

  #log(path: string, attempt: number, text: string, stream: 'stdout' | 'stderr' | 'log'): void {
    this.#o.writer.log(path, text)
    if (this.#listeners.size === 0) return
    const at = new Date(this.#o.clock.now()).toISOString()
    const event = { ephemeral: true, runId: this.runId, at, type: 'log', path, attempt, data: { stream, text } } as const
    this.#tell([event])
  }

  /** What a subscriber throws is its own: it is rethrown outside the run, as for a listener of an EventTarget. */
  #tell(events: readonly (RunEvent | EphemeralEvent)[]): void {
    for (const listener of [...this.#listeners]) {
      try {
        for (const event of events) if (this.#listeners.has(listener)) listener(event)
      } catch (error) {
        process.nextTick(() => {
          throw error
        })
      }
    }
  }

  /** A step that only waits takes nobody's place. */
  #request(path: string, kind: StepBlock['kind']): void {
    if (kind === 'wait') this.#take((now) => this.#o.tree.deliver(path, { type: 'slot.granted' }, now))
    else this.#o.scheduler.request(path, kind === 'agent')
  }

  /** Null once the tree has ended: its outcome is not in it, so whoever resumes needs the journal. */
  #saved(): Json {
    const { tree, program } = this.#o
    return tree.cell(tree.rootId) === undefined ? null : saveTree(tree, program)
  }

  /** `tree` is null before the first event and after the last. */
  #checkpoint(status: 'running' | 'done' | 'failed' | 'cancelled', tree: Json): void {
    this.#checkpointAt = this.#events.length
    const checkpoint = {
      format: 1 as const,
      runId: this.runId,
      lastSeq: this.#events.length,
      savedAt: new Date(this.#o.clock.now()).toISOString(),
      status,
      tree,
    }
    this.#checkpointing = this.#checkpointing
      .then(() => this.#o.writer.flushed())
      .then(() => this.#o.writer.checkpoint(checkpoint))
    this.#checkpointing.catch((error: unknown) => this.#fail(error))
  }

  async #finish(outcome: Outcome): Promise<void> {
    this.#closing = true
    this.#stopWork('The run has ended.')
    await this.#executions.ended()
    const settlement = settlementOf(outcome)
    const { status, output, error } = settlement
    const data = {
      status,
      ...(output === undefined ? {} : { output }),
      ...(error === undefined ? {} : { error }),
    }
    this.#append([{ type: 'run.settled', data }], this.#o.clock.now())
    await this.#close(status, settlement)
  }

  async #close(status: 'running' | 'done' | 'failed' | 'cancelled', settlement: RunSettlement): Promise<void> {
    try {
      this.#checkpoint(status, status === 'running' ? this.#saved() : null)
      await this.#checkpointing
      await this.#o.writer.close()
      this.#settle.resolve(settlement)
    } catch (error) {
      await this.#fail(error)
    } finally {
      this.#o.release()
    }
  }

  /** The store or a machine failed: stops everything, keeps what is on disk. */
  async #fail(error: unknown): Promise<void> {
    this.#closing = true
    this.#stopWork('The run could not go on.')
    await this.#executions.ended()
    await this.#o.writer.close().catch(() => {})
    this.#o.release()
    this.#settle.reject(error)
  }

  #stopWork(reason: string): void {
    this.#timers.disarmAll()
    this.#executions.abortAll(new CancelledError('CANCELLED', reason))
    this.#o.scheduler.close()
  }
}
