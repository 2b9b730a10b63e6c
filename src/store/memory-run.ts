import { mkdtempSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ForkchartError, TerminalError } from '../errors.ts'
import type { RunEvent } from '../events.ts'
import { seqGap } from './journal.ts'
import type { Checkpoint, LockOwner, RunContents, RunSpec, RunSummary, RunWriter } from './store.ts'

/** A run that lives as long as its store. What goes in and out is a copy, as it would be with files. */
export class MemoryRun {
  readonly #spec: string
  readonly #createdAt: string
  readonly #runId: string
  readonly #workflow: string
  readonly events: RunEvent[] = []
  readonly logs = new Map<string, string>()
  readonly #listeners = new Set<() => void>()
  #checkpoint: string | undefined
  #writer: MemoryRunWriter | undefined
  #owner: LockOwner | undefined
  #artifactsDir: string | undefined

  constructor(spec: RunSpec) {
    this.#spec = JSON.stringify(spec)
    this.#createdAt = spec.createdAt
    this.#runId = spec.runId
    this.#workflow = spec.workflow.name
  }

  get owner(): LockOwner | null {
    return this.#owner ?? null
  }

  /** Makes a new writer the only one. */
  take(since: string): RunWriter {
    this.#owner = { pid: process.pid, host: hostname(), since }
    this.#writer = new MemoryRunWriter(this.#runId, this)
    return this.#writer
  }

  release(writer: MemoryRunWriter): void {
    if (!this.isWrittenBy(writer)) return
    this.#writer = undefined
    this.#owner = undefined
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
    return {
      spec: JSON.parse(this.#spec) as RunSpec,
      ...(this.#checkpoint === undefined ? {} : { checkpoint: JSON.parse(this.#checkpoint) as Checkpoint }),
      events: [...this.events],
      damage: [],
    }
  }

  /** A folder of the run's own in the system's temporary one, made when first asked for and left there. */
  artifactsDir(): string {
    this.#artifactsDir ??= mkdtempSync(join(tmpdir(), `forkchart-${this.#runId}-`))
    return this.#artifactsDir
  }

  summary(): RunSummary {
    const last = this.events.at(-1)
    const status = last?.type === 'run.settled' ? last.data.status : this.#writer === undefined ? 'interrupted' : 'running'
    return {
      runId: this.#runId,
      workflow: this.#workflow,
      createdAt: this.#createdAt,
      status,
      lastEventAt: last?.at ?? null,
      owner: this.owner,
    }
  }

  async *follow(afterSeq: number, signal: AbortSignal): AsyncGenerator<RunEvent> {
    let next = 0
    while (!signal.aborted) {
      const event = this.events[next]
      if (event !== undefined) {
        next += 1
        if (event.seq > afterSeq) yield event
      } else if (this.events.at(-1)?.type === 'run.settled') {
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

  async checkpoint(checkpoint: Checkpoint): Promise<void> {
    const refusal = this.#refusal()
    if (refusal !== undefined) throw refusal
    this.#run.saveCheckpoint(checkpoint)
  }

  log(path: string, text: string): void {
    const line = text.endsWith('\n') ? text : `${text}\n`
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
