import { mkdirSync } from 'node:fs'
import { type ForkchartError, nodeErrorCode } from '../errors.ts'
import type { RunEvent } from '../events.ts'
import { CheckpointFile } from './checkpoint-file.ts'
import { storeWriteError } from './disk-errors.ts'
import type { Json } from '../json.ts'
import { watchInbox } from './inbox.ts'
import { Journal } from './journal.ts'
import { readOwnEvents } from './journal-file.ts'
import type { RunFolder } from './run-folder.ts'
import type { RunLock } from './run-lock.ts'
import { StepLogs } from './step-logs.ts'
import { loadState, saveState } from './step-state.ts'
import type { Checkpoint, RunWriter } from './store.ts'

interface WriterParts {
  readonly runId: string
  readonly folder: RunFolder
  readonly lock: RunLock
  /** What is in the journal already. */
  readonly journal: { readonly size: number; readonly nextSeq: number }
}

/** The writers of this process by run folder: readers here see what was appended before it is in a file. */
const openWriters = new Map<string, FileRunWriter>()

export function openWriterOf(folder: RunFolder): FileRunWriter | undefined {
  return openWriters.get(folder.path)
}

const noListeners: readonly (() => void)[] = []

export class FileRunWriter implements RunWriter {
  readonly runId: string
  readonly #folder: RunFolder
  readonly #lock: RunLock
  readonly #journal: Journal
  /** Made with the first line: most runs have none. */
  #logs: StepLogs | undefined
  #listeners: readonly (() => void)[] = noListeners
  #lastCheckpoint: Promise<void> | undefined
  #closed: Promise<void> | undefined
  #stopReceiving: (() => void) | undefined

  /** Throws TerminalError STORE_WRITE when the journal cannot be opened; the lock is then still the caller's. */
  constructor(parts: WriterParts) {
    this.runId = parts.runId
    this.#folder = parts.folder
    this.#lock = parts.lock
    this.#journal = new Journal({ path: parts.folder.journal, ...parts.journal, guard: () => this.#lock.lost() })
    openWriters.set(parts.folder.path, this)
  }

  /** Made when first asked for; throws TerminalError STORE_WRITE when that fails. */
  get artifactsDir(): string {
    try {
      mkdirSync(this.#folder.artifacts)
    } catch (error) {
      if (nodeErrorCode(error) !== 'EEXIST') throw storeWriteError(error, this.#folder.artifacts)
    }
    return this.#folder.artifacts
  }

  append(events: readonly RunEvent[]): void {
    this.#journal.append(events)
    for (const listener of this.#listeners) listener()
  }

  flushed(): Promise<void> {
    return this.#journal.flushed()
  }

  readEvents(lastSeq: number): readonly RunEvent[] {
    return readOwnEvents(this.#folder.journal, lastSeq)
  }

  async checkpoint(checkpoint: Checkpoint): Promise<void> {
    const assertHeld = (): void => this.#lock.assertHeld()
    assertHeld()
    const before = this.#lastCheckpoint ?? Promise.resolve()
    const saved = before.then(() => new CheckpointFile(this.#folder.checkpoint, assertHeld).save(checkpoint))
    this.#lastCheckpoint = saved.catch(() => undefined)
    return saved
  }

  receive(handle: (message: Json) => Promise<Json>): void {
    this.#stopReceiving?.()
    this.#stopReceiving = watchInbox(this.#folder.inbox, handle)
  }

  onLost(told: (error: ForkchartError) => void): void {
    this.#lock.onLost = told
  }

  async loadState(key: string): Promise<Json | undefined> {
    return loadState(this.#folder.state, key)
  }

  async saveState(key: string, value: Json): Promise<void> {
    await saveState(this.#folder.state, key, value, () => this.#lock.assertHeld())
  }

  log(path: string, text: string): void {
    this.#logs ??= new StepLogs(this.#folder.logs)
    this.#logs.add(path, text)
  }

  /** Rejects when appended events could not be brought to disk; the lock is given back all the same. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  /** Makes everything appended visible in the journal file; on disk it is only after `flushed`. */
  writeThrough(): void {
    this.#journal.writeThrough()
  }

  /** Resolves once everything logged is in the log files. */
  async logsWritten(): Promise<void> {
    await this.#logs?.drained()
  }

  /** Calls back after each append; the returned function ends that. */
  onAppend(listener: () => void): () => void {
    this.#listeners = [...this.#listeners, listener]
    return () => {
      this.#listeners = this.#listeners.filter((each) => each !== listener)
    }
  }

  async #close(): Promise<void> {
    this.#stopReceiving?.()
    try {
      await this.#lastCheckpoint
      await this.logsWritten()
      if (!this.#journal.clean) await this.#journal.flushed()
    } finally {
      this.#journal.close()
      // After a takeover within this process the entry may be the new writer's.
      if (openWriters.get(this.#folder.path) === this) openWriters.delete(this.#folder.path)
      this.#lock.release()
    }
  }
}
