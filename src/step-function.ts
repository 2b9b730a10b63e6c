import type { Json } from './json.ts'
import type { BranchResult } from './spec/outcome.ts'

/** What a function called by a step is told, and can do. */
export interface CallContext {
  /** Aborted on cancel, timeout and interruption: stop soon after. */
  readonly signal: AbortSignal
  readonly runId: string
  /** Path of the step that calls. */
  readonly path: string
  /** Counts from 1. */
  readonly attempt: number
  /** The same for every attempt of the step, over restarts too. */
  readonly idempotencyKey: string
  /** Shows a line of progress and keeps it in the step's log. */
  readonly log: (text: string) => void
  /** Ends the step as skipped, for this reason. */
  readonly skip: (reason: string) => never
  /** Folder for files that outlive the run. Absolute; exists. */
  readonly artifactsDir: string
  /** The attempt's span, as W3C Trace Context writes it, and the request that the run was started for: to be passed on. */
  readonly traceparent?: string | undefined
  readonly requestId?: string
  /** Only for a reducer: how every branch of the group ended, in branch order. */
  readonly branches?: readonly BranchResult[]
}

/** A function that a `call` step or a `{ call }` reducer names. What it returns must be JSON; undefined counts as null. */
export type StepFunction = (input: Json, context: CallContext) => unknown
