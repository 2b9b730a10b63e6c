import type { Json, JsonSchema } from '../json.ts'
import type { Agent } from '../spec/ir.ts'
import type { BranchResult, UsageTotal } from '../spec/outcome.ts'

/** The port between a step and what does its work. */

interface RequestBase {
  readonly runId: string
  /** Path of the step. */
  readonly path: string
  /** Counts from 1. */
  readonly attempt: number
  /** The same for every attempt of the step, over restarts too: hand it to whatever can deduplicate. */
  readonly idempotencyKey: string
  /** What `prev` is for this step: its own `input`, else the output of the block before. */
  readonly input: Json
}

export interface AgentRequest extends RequestBase {
  readonly kind: 'agent'
  readonly agentName: string
  /** The agent as declared, its templates resolved. */
  readonly agent: Agent
  readonly prompt: string
  readonly maxTurns?: number
  /** JSON Schema of the answer: the step's own, else the agent's. */
  readonly outputSchema?: JsonSchema
}
export interface RunRequest extends RequestBase {
  readonly kind: 'run'
  /** An argv, or one line for the shell in which every value is already quoted. */
  readonly command: string | readonly string[]
  /** Absolute. */
  readonly cwd: string
  /** Added to the process environment. */
  readonly env: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly parse: 'text' | 'json'
}
export interface CallRequest extends RequestBase {
  readonly kind: 'call'
  /** Absolute file URL with `#export`, or the name of a registered function. */
  readonly target: string
  /** Only for a reducer: how every branch of the group ended, in branch order. */
  readonly branches?: readonly BranchResult[]
}
export interface HttpRequest extends RequestBase {
  readonly kind: 'http'
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Sent as it is when it is a string, else as JSON; absent: no body. */
  readonly body?: Json
}
export interface WaitRequest extends RequestBase {
  readonly kind: 'wait'
  /** A duration (`90s`), counted from `ExecutionContext.since`, or an ISO 8601 instant. */
  readonly until: string
}

/** A step's work with every template resolved. */
export type StepRequest = AgentRequest | RunRequest | CallRequest | HttpRequest | WaitRequest

export interface StepResult {
  readonly output: Json
  readonly usage?: UsageTotal
}

export interface ExecutionContext {
  /** Aborted on cancel, on timeout and when the run is interrupted. Work must end soon after. */
  readonly signal: AbortSignal
  /** Shows a line of progress and keeps it in the step's log file. */
  readonly log: (text: string, stream?: 'stdout' | 'stderr' | 'log') => void
  /** Where the step may write files that outlive the run: `<run folder>/artifacts`. Absolute; exists. */
  readonly artifactsDir: string
  /** When the step's first attempt began, over restarts too: milliseconds since the epoch. */
  readonly since: number
  /** How often the step has been started in this run, this time included: over attempts and rounds. Absent: `attempt`. */
  readonly turn?: number
}

/**
 * Does the work of one kind of step. Resolves with the result; rejects with a ForkchartError whose
 * kind decides whether the step is retried, or with StepSkipped to say there was nothing to do.
 * Must settle soon after `signal` aborts and leave no process, timer or socket behind.
 */
export type Executor<R extends StepRequest = StepRequest> = (request: R, context: ExecutionContext) => Promise<StepResult>
