import type { ErrorData } from '../errors.ts'
import type { EphemeralEvent, RunEvent } from '../events.ts'
import type { Json } from '../json.ts'
import type { Workflow } from '../spec/ir.ts'
import type { RunAction } from '../run-action.ts'

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
  /** The step of another run that this one is a child of. */
  readonly parent?: { readonly runId: string; readonly path: string }
  /** The span that the run's trace continues, as W3C Trace Context writes it; UsageError TRACEPARENT_INVALID. */
  readonly traceparent?: string
  /** The request that the run is started for: kept with it and passed on. */
  readonly requestId?: string
  /** Stop working on the run, with `waiting`, once nothing but answers or events from outside can go on with it. */
  readonly noWait?: boolean
}

export interface ResumeOptions {
  readonly runId: string
  /** Take the lock from whoever has it. */
  readonly force?: boolean
  readonly noWait?: boolean
  /**
   * What the run was started with: for a run in whose spec there are secrets, which are not stored with it. Without it the
   * file of the spec is read again. Throws UsageError SECRET_NOT_STORED when neither can be used.
   */
  readonly workflow?: Workflow
  /**
   * Run these steps again, or all in the groups with these paths, although they have ended, and what came after them; all
   * else keeps its results. `failed` stands for every step that failed or was cancelled with the run. Throws UsageError
   * NOTHING_TO_RETRY.
   */
  readonly again?: readonly string[] | 'failed'
}

export type RunStatus = 'done' | 'failed' | 'cancelled' | 'waiting' | 'interrupted'

export interface RunSettlement {
  readonly status: RunStatus
  readonly output?: Json
  readonly error?: ErrorData
}

/** A run that this process works on. */
export interface RunHandle {
  readonly runId: string
  /** Without the secrets that may be in its spec. */
  readonly workflow: Workflow
  /** Resolves when the run ended or was interrupted, everything is on disk and all of its processes are gone. Rejects only when the store failed. */
  readonly settled: Promise<RunSettlement>
  /** Calls back with each event from the first on (past ones at once, in order), until unsubscribed. */
  subscribe(listener: (event: RunEvent | EphemeralEvent) => void): () => void
  /** Stops all steps; the run ends as `cancelled`. */
  cancel(reason: string): void
  /**
   * Acts on the run while its steps go on. Resolves once what was done is on disk; rejects with UsageError when it cannot
   * be done: STEP_NOT_ACTIVE, ASK_NOT_OPEN, ANSWER_INVALID, NOTHING_TO_RETRY, RUN_SETTLED, RUN_STOPPING.
   */
  act(action: RunAction): Promise<void>
  /** Stops working on it and saves it, so that it can be resumed; `settled` gives `interrupted`. */
  interrupt(): Promise<void>
}

export interface Host {
  start(options: StartOptions): Promise<RunHandle>
  resume(options: ResumeOptions): Promise<RunHandle>
  /**
   * Acts on a run whoever works on it, in this process or another one: then it is `taken`. When nobody does it is `saved`
   * for when somebody resumes it, and a cancel ends it at once. Throws as `RunHandle.act` does, RUN_NOT_FOUND, and
   * RUN_NOT_WRITTEN for what needs somebody who works on it: pause and retry.
   */
  act(runId: string, action: RunAction): Promise<'taken' | 'saved'>
}
