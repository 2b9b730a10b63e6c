import { mkdirSync, mkdtempSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ForkchartError, TerminalError } from '../errors.ts'
import type { RunEvent } from '../events.ts'
import type { Json } from '../json.ts'
import { firstCheckpoint } from './first-checkpoint.ts'
import { seqGap } from './journal.ts'
import { runStatus } from './run-status.ts'
import type { Checkpoint, FollowOptions, LockOwner, RunContents, RunSpec, RunSummary, RunWriter } from './store.ts'

/** A run that lives as long as its store. What goes in and out is a copy, as it would be with files. */
export class MemoryRun {
  readonly #spec: string
  readonly #createdAt: string
  readonly #parent: RunSummary['parent']
  readonly #runId: string
  readonly #workflow: string
  readonly events: RunEvent[] = []
  /** Made when first written to: most runs have none, and there may be many. */
  logs: Map<string, string> | undefined
  states: Map<string, string> | undefined
  readonly #listeners = new Set<() => void>()
  #checkpoint: string | undefined
  #writer: MemoryRunWriter | undefined
  #owner: LockOwner | undefined
  #artifactsDir: string | undefined

  constructor(spec: RunSpec) {
    this.#spec = JSON.stringify(spec)
    this.#createdAt = spec.createdAt
    this.#parent = spec.parent ?? null
    this.#runId = spec.runId
    this.#workflow = spec.workflow.name
  }

  get owner(): LockOwner | null {
    return this.#owner ?? null
  }

  /** Makes a new writer the only one. */
  take(since: string): RunWriter {
    const before = this.#writer
    this.#owner = { pid: process.pid, host: hostname(), since }
    this.#writer = new MemoryRunWriter(this.#runId, this)
    before?.tellLost()
    return this.#writer
  }

  /** The reply of whoever writes the run; undefined when nobody who listens does. */
  post(message: Json): Promise<Json> | undefined {
    return this.#writer?.handle?.(message)
  }

  release(writer: MemoryRunWriter): void {
    if (!this.isWrittenBy(writer)) return
    this.#writer = undefined
    this.#owner = undefined
    for (const listener of this.#listeners) listener()
  }

  isWrittenBy(writer: MemoryRunWriter): boolean {
    return this.#writer === writer
  }

  append(events: readonly RunEvent[]): void {
    let seq = this.events.length + 1
    for (const event of events) {
      if (event.seq !== seq) throw seqGap(this.#runId, seq, event.seq)
      seq += 1
    }
    this.events.push(...events)
    for (const listener of this.#listeners) listener()
  }

  saveCheckpoint(checkpoint: Checkpoint): void {
    this.#checkpoint = JSON.stringify(checkpoint)
  }

  contents(): RunContents {
    const spec = JSON.parse(this.#spec) as RunSpec
    return {
      spec,
      checkpoint: this.#checkpoint === undefined ? firstCheckpoint(spec) : (JSON.parse(this.#checkpoint) as Checkpoint),
      events: [...this.events],
      damage: [],
    }
  }

  /** A folder of the run's own in the system's temporary one, made when first asked for and left there. */
  artifactsDir(): string {
    if (this.#artifactsDir === undefined) {
      this.#artifactsDir = join(mkdtempSync(join(tmpdir(), `forkchart-${this.#runId}-`)), 'artifacts')
      mkdirSync(this.#artifactsDir)
    }
    return this.#artifactsDir
  }

  summary(): RunSummary {
    const last = this.events.at(-1)
    return {
      runId: this.#runId,
      workflow: this.#workflow,
      createdAt: this.#createdAt,
      status: runStatus(last, this.events.at(-2), this.#writer !== undefined),
      lastEventAt: last?.at ?? null,
      owner: this.owner,
      parent: this.#parent,
    }
  }

  async *follow({ afterSeq, signal, whileWritten = false }: FollowOptions): AsyncGenerator<RunEvent> {
    let next = 0
    while (!signal.aborted) {
      const event = this.events[next]
      if (event !== undefined) {
        next += 1
        if (event.seq > afterSeq) yield event
      } else if (this.events.at(-1)?.type === 'run.settled' || (whileWritten && this.#writer === undefined)) {
        return
      } else {
        await this.#changed(signal)
      }
    }
  }

  async #changed(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    this.#listeners.add(wake)
    signal.addEventListener('abort', wake, { once: true })
    await promise
    this.#listeners.delete(wake)
    signal.removeEventListener('abort', wake)
  }
}

const flushedAlready = Promise.resolve()

class MemoryRunWriter implements RunWriter {
  readonly runId: string
  readonly #run: MemoryRun
  handle: ((message: Json) => Promise<Json>) | undefined
  #told: ((error: ForkchartError) => void) | undefined
  #lost: ForkchartError | undefined
  #closed = false

  constructor(runId: string, run: MemoryRun) {
    this.runId = runId
    this.#run = run
  }

  get artifactsDir(): string {
    return this.#run.artifactsDir()
  }

  append(events: readonly RunEvent[]): void {
    if (this.#refusal() === undefined) this.#run.append(events)
  }

  flushed(): Promise<void> {
    const refusal = this.#refusal()
    return refusal === undefined ? flushedAlready : Promise.reject(refusal)
  }

  readEvents(lastSeq: number): readonly RunEvent[] {
    return this.#run.events.slice(0, lastSeq)
  }

  async checkpoint(checkpoint: Checkpoint): Promise<void> {
    const refusal = this.#refusal()
    if (refusal !== undefined) throw refusal
    this.#run.saveCheckpoint(checkpoint)
  }

  receive(handle: (message: Json) => Promise<Json>): void {
    this.handle = handle
  }

  onLost(told: (error: ForkchartError) => void): void {
    this.#told = told
  }

  tellLost(): void {
    const lost = this.#refusal()
    if (lost !== undefined) queueMicrotask(() => this.#told?.(lost))
  }

  async loadState(key: string): Promise<Json | undefined> {
    const text = this.#run.states?.get(key)
    return text === undefined ? undefined : (JSON.parse(text) as Json)
  }

  async saveState(key: string, value: Json): Promise<void> {
    this.#run.states ??= new Map()
    this.#run.states.set(key, JSON.stringify(value))
  }

  log(path: string, text: string): void {
    const line = text.endsWith('\n') ? text : `${text}\n`
    this.#run.logs ??= new Map()
    this.#run.logs.set(path, (this.#run.logs.get(path) ?? '') + line)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#run.release(this)
  }

  #refusal(): ForkchartError | undefined {
    if (this.#lost !== undefined || this.#run.isWrittenBy(this)) return this.#lost
    this.#lost = this.#closed
      ? new TerminalError('STORE_WRITE', `the writer of the run ${this.runId} was closed; nothing can be added to it`)
      : new TerminalError('LOCK_LOST', `another writer took the run ${this.runId} over; nothing more was written`)
    return this.#lost
  }
}
