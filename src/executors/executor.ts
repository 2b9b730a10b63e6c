import type { EventData } from '../events.ts'
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
  /** Files that must be there at its end, relative to the folder it runs in. */
  readonly artifacts?: readonly string[]
}

export interface AgentRequest extends RequestBase {
  readonly kind: 'agent'
  readonly agentName: string
  /** The agent as declared, its templates resolved. */
  readonly agent: Agent
  /** The agents that it may hand over to, and those that they may, by name and resolved like it. */
  readonly team?: Readonly<Record<string, Agent>>
  /** With what is in `memory` in front, in words. */
  readonly prompt: string
  /** What was done earlier in the run, the oldest first, when the agent has a memory and there is something. */
  readonly memory?: readonly AgentMemory[]
  readonly maxTurns?: number
  /** JSON Schema of the answer: the step's own, else the agent's. */
  readonly outputSchema?: JsonSchema
}

/** One attempt of an earlier step whose agent has a memory. Secrets are taken out; texts are cut when they are very long. */
export interface AgentMemory {
  readonly path: string
  readonly agent: string
  /** What it was asked; '' when nobody knows any more. */
  readonly prompt: string
  readonly tools: readonly { readonly tool: string; readonly result: string }[]
  /** How its questions were answered. */
  readonly decisions: readonly { readonly question: string; readonly answer: string }[]
  /** The last that it said, when it failed. */
  readonly said?: string
  /** Of one that completed. */
  readonly output?: string
  /** Of one that failed. */
  readonly error?: string
}

export interface RunRequest extends RequestBase {
  readonly kind: 'run'
  /** An argv, or one line for the shell in which every value is already quoted. */
  readonly command: string | readonly string[]
  /** The line for the shell as its author wrote it, for messages. */
  readonly written?: string
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

export interface EventRequest extends RequestBase {
  readonly kind: 'event'
  readonly event: string
  readonly expiresMs?: number
}
export interface AskRequest extends RequestBase, Question {
  readonly kind: 'ask'
}
export interface WorkflowRequest extends RequestBase {
  readonly kind: 'workflow'
  /** The child's key under the `workflows` of its parent. */
  readonly workflow: string
  /** Its input. */
  readonly with: Json
}

/** A step's work with every template resolved. */
export type StepRequest =
  | AgentRequest
  | RunRequest
  | CallRequest
  | HttpRequest
  | WaitRequest
  | EventRequest
  | AskRequest
  | WorkflowRequest

/** What is asked of a person, or, when `event` is set, awaited from a program. */
export interface Question {
  readonly message: string
  /** JSON Schema of the answer. */
  readonly schema?: JsonSchema
  readonly options?: readonly (string | number | boolean)[]
  readonly event?: string
  /** How long the answer is waited for, in ms. */
  readonly expiresMs?: number
}

export interface StepResult {
  readonly output: Json
  readonly usage?: UsageTotal
  /** The model that answered, and the agent's name for the session, where there are such. */
  readonly model?: string
  readonly sessionId?: string
}

export interface ExecutionContext {
  /** Aborted on cancel, on timeout and when the run is interrupted. Work must end soon after. */
  readonly signal: AbortSignal
  /** Shows a line of progress and keeps it in the step's log file. */
  readonly log: (text: string, stream?: 'stdout' | 'stderr' | 'log') => void
  /**
   * Where the step may write files that outlive the run: `<run folder>/artifacts`, and for one that says which it leaves
   * its own folder in there. Absolute; exists.
   */
  readonly artifactsDir: string
  /** Where folders that a step has to itself are made: beside the artifacts. Absolute; need not exist. */
  readonly workspacesDir?: string
  /** When the step's first attempt began, over restarts too: milliseconds since the epoch. */
  readonly since: number
  /** How often the step has been started in this run, this time included: over attempts and rounds. Absent: `attempt`. */
  readonly turn?: number
  /**
   * Resolves with the answer, which fits the schema and is one of the options; rejects with TerminalError ASK_EXPIRED
   * when none came in time. What was asked and answered outlives the process: an attempt that was cut off and begins
   * again gets the answers that it had, in the order of its questions. Absent where nobody can be asked.
   */
  readonly ask?: (question: Question) => Promise<Json>
  /** Runs a child workflow to its end; rejects with its error. Absent where there is no host to run it. */
  readonly runChild?: (child: WorkflowRequest) => Promise<StepResult>
  /** Tells what an agent says and does, in order; kept with the run. Its usage is told by whoever runs the attempt. */
  readonly tell?: (event: AgentEvent) => void
  /** Tells what an agent's library does meanwhile, for the trace. Absent where nobody keeps one. */
  readonly span?: (event: AgentSpanEvent) => void
  /** Text of an agent as it comes in: shown at once, and not kept. */
  readonly delta?: (text: string) => void
  /** What the attempts of this step keep for one another: a session, a run that was interrupted. */
  readonly state?: StepState
  /** What the steps of the run that one agent does keep for one another, by its name: a conversation. */
  readonly conversation?: (agentName: string) => StepState
  /** The attempt's span, as W3C Trace Context writes it, and the request that the run was started for: to be passed on. */
  readonly traceparent?: string
  readonly requestId?: string
  /** Folder that relative paths of the spec start from. Absolute. */
  readonly specDir?: string
  /** Folder that the run was started in. Absolute. */
  readonly workingDir?: string
}

/** What an agent says and does, of whatever kind it is. Text and values are cut when they are very long. */
export type AgentEvent =
  | { readonly type: 'agent.message'; readonly data: EventData<'agent.message'> }
  | { readonly type: 'agent.tool_call'; readonly data: EventData<'agent.tool_call'> }
  | { readonly type: 'agent.tool_result'; readonly data: EventData<'agent.tool_result'> }
  | { readonly type: 'agent.handoff'; readonly data: EventData<'agent.handoff'> }

/** What is inside an attempt for those who trace it: its beginning, and its end. */
export type AgentSpanEvent =
  | { readonly type: 'agent.span_started'; readonly data: EventData<'agent.span_started'> }
  | { readonly type: 'agent.span_ended'; readonly data: EventData<'agent.span_ended'> }

/** Outlives the process; gone when the step begins anew (another round, a retry that somebody asked for). */
export interface StepState {
  /** Undefined when nothing was saved. */
  load(): Promise<Json | undefined>
  /** On disk when it resolves. Secrets are taken out. */
  save(value: Json): Promise<void>
}

/**
 * Does the work of one kind of step. Resolves with the result; rejects with a ForkchartError whose
 * kind decides whether the step is retried, or with StepSkipped to say there was nothing to do.
 * Must settle soon after `signal` aborts and leave no process, timer or socket behind.
 */
export type Executor<R extends StepRequest = StepRequest> = (request: R, context: ExecutionContext) => Promise<StepResult>
