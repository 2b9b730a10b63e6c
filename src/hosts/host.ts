import type { ErrorData } from '../errors.ts'
import type { EphemeralEvent, RunEvent } from '../events.ts'
import type { Json } from '../json.ts'
import type { Workflow } from '../spec/ir.ts'

/** The port between a front end (CLI, service, inspector) and whatever runs workflows. */

export interface StartOptions {
  readonly workflow: Workflow
  /** Checked against the workflow's input schema before anything starts; UsageError INPUT_INVALID. */
  readonly input: Json
  readonly runId?: string
  readonly scripted?: boolean
  /** Overrides `limits.concurrency`. */
  readonly concurrency?: number
  readonly specDir: string
  readonly workingDir: string
  readonly source: { readonly file: string | null; readonly text: string }
}

export interface ResumeOptions {
  readonly runId: string
  /** Take the lock from whoever has it. */
  readonly force?: boolean
}

export type RunStatus = 'done' | 'failed' | 'cancelled' | 'interrupted'

export interface RunSettlement {
  readonly status: RunStatus
  readonly output?: Json
  readonly error?: ErrorData
}

/** A run that this process works on. */
export interface RunHandle {
  readonly runId: string
  readonly workflow: Workflow
  /** Resolves when the run ended or was interrupted, everything is on disk and all of its processes are gone. Rejects only when the store failed. */
  readonly settled: Promise<RunSettlement>
  /** Calls back with each event from the first on (past ones at once, in order), until unsubscribed. */
  subscribe(listener: (event: RunEvent | EphemeralEvent) => void): () => void
  /** Stops all steps; the run ends as `cancelled`. */
  cancel(reason: string): void
  /** Stops working on it and saves it, so that it can be resumed; `settled` gives `interrupted`. */
  interrupt(): Promise<void>
}

export interface Host {
  start(options: StartOptions): Promise<RunHandle>
  resume(options: ResumeOptions): Promise<RunHandle>
}
