import type { RunEvent } from '../events.ts'
import type { Workflow } from '../spec/ir.ts'
import type { Json } from '../json.ts'

/** The port to where runs live. Adapters: memory, and files (lowdb checkpoint + append-only journal). */

/** What is known of a run from the start and never changes; kept in `spec.json`. */
export interface RunSpec {
  readonly format: 1
  readonly runId: string
  readonly createdAt: string
  readonly workflow: Workflow
  /** Input after defaults, redacted. */
  readonly input: Json
  readonly options: {
    /** True: every agent answers from its script. */
    readonly scripted: boolean
    /** Folder that relative paths of the spec are relative to; absolute. */
    readonly specDir: string
    /** Folder that `run` steps start in; absolute. */
    readonly workingDir: string
  }
  /** The spec as the user wrote it, and its file, for people. */
  readonly source: { readonly file: string | null; readonly text: string }
}

/** The settled actor tree and the number of the last event in it; kept in `run.json`. `tree` is opaque to stores. */
export interface Checkpoint {
  readonly format: 1
  readonly runId: string
  readonly lastSeq: number
  readonly savedAt: string
  readonly status: 'running' | 'done' | 'failed' | 'cancelled'
  readonly tree: Json
}

/** Something a store found damaged and set aside; nothing was overwritten. */
export interface Damage {
  readonly file: string
  /** Byte offset of the first bad byte. */
  readonly offset: number
  readonly message: string
  /** Where the bad part was moved to, if it was. */
  readonly setAside?: string
}

export interface RunContents {
  readonly spec: RunSpec
  /** Absent when none was written yet, or it was damaged (then see `damage`): the journal alone suffices. */
  readonly checkpoint?: Checkpoint
  /** Every durable event, `seq` gap-free from 1. */
  readonly events: readonly RunEvent[]
  readonly damage: readonly Damage[]
}

/** Who writes a run now. */
export interface LockOwner {
  readonly pid: number
  readonly host: string
  readonly since: string
}

/** The right to write one run. At most one exists per run; closing it gives the right back. */
export interface RunWriter {
  readonly runId: string
  /** Absolute folder for files of the run, made on demand; undefined for stores without files. */
  readonly artifactsDir: string
  /**
   * Adds events in order, at once visible to readers of this process, on disk after `flushed()`.
   * Never blocks. After a failed write every later call of `flushed` rejects with the same error.
   */
  append(events: readonly RunEvent[]): void
  /** Resolves once everything appended before this call is on disk (group-committed fdatasync). Rejects with TerminalError STORE_WRITE. */
  flushed(): Promise<void>
  /** Replaces the checkpoint atomically. Only for events that are flushed. */
  checkpoint(checkpoint: Checkpoint): Promise<void>
  /** Adds a line to the log of a step; best effort, not fsynced. */
  log(path: string, text: string): void
  /** Flushes, lets go of the lock. Idempotent. */
  close(): Promise<void>
}

export interface RunSummary {
  readonly runId: string
  readonly workflow: string
  readonly createdAt: string
  readonly status: 'running' | 'interrupted' | 'done' | 'failed' | 'cancelled' | 'damaged'
  readonly lastEventAt: string | null
  readonly owner: LockOwner | null
}

export interface Store {
  /** Makes the run and takes its lock. Throws UsageError RUN_EXISTS, TerminalError STORE_WRITE. */
  create(spec: RunSpec): Promise<RunWriter>
  /**
   * Takes the lock of an existing run and reads it, cutting a torn journal tail off (it is set aside).
   * Throws UsageError RUN_NOT_FOUND, RUN_LOCKED (message says who holds it), RUN_DAMAGED.
   * `force` takes the lock from whoever has it.
   */
  open(runId: string, options?: { readonly force?: boolean }): Promise<{ writer: RunWriter; contents: RunContents }>
  /** Reads without a lock and changes nothing, also while another process writes. Throws RUN_NOT_FOUND, RUN_DAMAGED. */
  read(runId: string): Promise<RunContents>
  /** Events after `afterSeq`, then new ones as they are written, until the run settles or `signal` aborts. */
  follow(runId: string, options: { readonly afterSeq: number; readonly signal: AbortSignal }): AsyncIterable<RunEvent>
  /** Text of a step's log so far; '' when there is none. */
  readLog(runId: string, path: string): Promise<string>
  /** Newest first. */
  list(): Promise<readonly RunSummary[]>
}
