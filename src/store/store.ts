import type { ForkchartError } from '../errors.ts'
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
  /** The step of another run that this one is a child of. */
  readonly parent?: { readonly runId: string; readonly path: string } | undefined
  /** The spec as the user wrote it, redacted, and its file: for people, and to have from it what is `hidden`. */
  readonly source: { readonly file: string | null; readonly text: string }
  /** The keys that lead to what in `workflow` is without its secrets; absent when there were none. */
  readonly hidden?: readonly (readonly (string | number)[])[] | undefined
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
  /** Absent when the file is gone, or it was damaged (then see `damage`): the journal alone suffices. */
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
  /**
   * Resolves once everything appended before this call is on disk (group-committed fdatasync, which blocks for a busy run
   * alone on a quick disk). Rejects with TerminalError STORE_WRITE.
   */
  flushed(): Promise<void>
  /**
   * The events up to this number, which must be flushed. Blocks: for what is seldom needed. Throws TerminalError
   * STORE_READ, UsageError RUN_DAMAGED when they are not there any more.
   */
  readEvents(lastSeq: number): readonly RunEvent[]
  /** Replaces the checkpoint atomically. Only for events that are flushed. */
  checkpoint(checkpoint: Checkpoint): Promise<void>
  /** Calls `handle` with each message that is posted while this writer is open; what it gives is the reply. */
  receive(handle: (message: Json) => Promise<Json>): void
  /** Calls `told` with TerminalError LOCK_LOST once another writer has taken the run over: within seconds, also when nothing is written. */
  onLost(told: (error: ForkchartError) => void): void
  /** What was saved for the key, which outlives the process; undefined when nothing was. */
  loadState(key: string): Promise<Json | undefined>
  /** On disk when it resolves. Not part of the journal: for what can be done without. Throws TerminalError STORE_WRITE. */
  saveState(key: string, value: Json): Promise<void>
  /** Adds a line to the log of a step; best effort, not fsynced. */
  log(path: string, text: string): void
  /** Flushes, lets go of the lock. Idempotent. */
  close(): Promise<void>
}

export interface RunSummary {
  readonly runId: string
  readonly workflow: string
  readonly createdAt: string
  readonly status: 'running' | 'waiting' | 'interrupted' | 'done' | 'failed' | 'cancelled' | 'damaged'
  readonly lastEventAt: string | null
  readonly owner: LockOwner | null
  /** The step of another run that this one is a child of. */
  readonly parent: RunSpec['parent'] | null
}

export interface FollowOptions {
  readonly afterSeq: number
  readonly signal: AbortSignal
  /** Default false. */
  readonly whileWritten?: boolean
}

export interface Store {
  /** Makes the run, with a checkpoint of nothing before its first event, and takes its lock. Throws UsageError RUN_EXISTS, TerminalError STORE_WRITE. */
  create(spec: RunSpec): Promise<RunWriter>
  /**
   * Takes the lock of an existing run and reads it, cutting a torn journal tail off (it is set aside).
   * Throws UsageError RUN_NOT_FOUND, RUN_LOCKED (message says who holds it), RUN_DAMAGED.
   * `force` takes the lock from whoever has it.
   */
  open(runId: string, options?: { readonly force?: boolean }): Promise<{ writer: RunWriter; contents: RunContents }>
  /** Reads without a lock and changes nothing, also while another process writes. Throws RUN_NOT_FOUND, RUN_DAMAGED. */
  read(runId: string): Promise<RunContents>
  /**
   * Events after `afterSeq`, then new ones as they are written, until the run settles or `signal` aborts; with
   * `whileWritten` also until nobody writes it. Events after a settlement, of what was run again, are given like all others.
   */
  follow(runId: string, options: FollowOptions): AsyncIterable<RunEvent>
  /**
   * Hands a message to whoever writes the run, in this process or another one, and gives their reply. Throws UsageError
   * RUN_NOT_FOUND, RUN_NOT_WRITTEN when nobody writes it, TerminalError NO_REPLY when whoever does stays silent for 10 s.
   */
  post(runId: string, message: Json): Promise<Json>
  /** Text of a step's log so far; '' when there is none. */
  readLog(runId: string, path: string): Promise<string>
  /** How one run stands, as `list` has it, without reading its events. Throws RUN_NOT_FOUND. */
  status(runId: string): Promise<RunSummary>
  /** Newest first. */
  list(): Promise<readonly RunSummary[]>
}
