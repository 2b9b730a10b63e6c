/** What a function is told that an agent has as a tool. */
export interface ToolContext {
  /** Aborted on cancel, timeout and interruption: stop soon after. */
  readonly signal: AbortSignal
  readonly runId: string
  /** Path of the step whose agent calls. */
  readonly path: string
  /** Attempt of that step, from 1. */
  readonly attempt: number
  /** The same when the same call is made again: over attempts of the step, and over restarts. */
  readonly idempotencyKey: string
  /** Shows a line of progress and keeps it in the step's log. */
  readonly log: (text: string) => void
}
