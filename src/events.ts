import { z } from 'zod'
import type { ErrorData } from './errors.ts'
import type { Json } from './json.ts'

/**
 * The one stream of a run: journal, log, screen, feed and inspector all read these.
 * `seq` is gap-free from 1 per run and set in one place, the journal.
 */

const errorData = z.custom<ErrorData>((value) => typeof value === 'object' && value !== null && 'code' in value)
const jsonValue: z.ZodType<Json> = z.json()
const usageTotal = z.strictObject({
  inputTokens: z.number(),
  outputTokens: z.number(),
  /** Among the input, and among the output. */
  cachedTokens: z.number().optional(),
  reasoningTokens: z.number().optional(),
  costUsd: z.number().nullable(),
})
const spanAttributes = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))

/** The id of the action of somebody outside that an event is of: see `RunAction`. */
const action = z.string().optional()

/** Fields of `data` per type. Everything optional is absent when it does not apply. */
export const eventDataSchemas = {
  'run.started': z.strictObject({
    workflow: z.string(),
    input: jsonValue,
    /** True when agents answered from a script: always shown. */
    scripted: z.boolean(),
    /** The span that the run's trace continues, as W3C Trace Context writes it, and the request that it was started for. */
    traceparent: z.string().optional(),
    requestId: z.string().optional(),
  }),
  'run.paused': z.strictObject({ reason: z.string() }),
  'run.resumed': z.strictObject({
    afterSeq: z.int(),
    /** Paths of what is run again although it had ended. The tree is built anew from what happened without their ends. */
    again: z.array(z.string()).optional(),
    /** Paths of the other steps whose ends no longer count, since they came after. Only with `again`. */
    undone: z.array(z.string()).optional(),
    /** A process worked on it all the time. Only with `again`. */
    live: z.literal(true).optional(),
    action,
  }),
  /** Nothing goes on until somebody answers or sends what is waited for: the ids of those asks, of child runs too. */
  'run.waiting': z.strictObject({ asks: z.array(z.string()) }),
  'run.settled': z.strictObject({
    status: z.enum(['done', 'failed', 'cancelled']),
    output: jsonValue.optional(),
    error: errorData.optional(),
  }),
  'group.started': z.strictObject({ branches: z.array(z.string()) }),
  'group.joined': z.strictObject({
    status: z.enum(['completed', 'failed', 'skipped', 'cancelled']),
    completed: z.int(),
    failed: z.int(),
    skipped: z.int(),
    cancelled: z.int(),
    error: errorData.optional(),
  }),
  'step.queued': z.strictObject({}),
  'step.started': z.strictObject({}),
  /** `usage` is that of the attempt that failed. */
  'step.retrying': z.strictObject({ error: errorData, delayMs: z.number(), usage: usageTotal.optional() }),
  'step.skipped': z.strictObject({ reason: z.string(), output: jsonValue, usage: usageTotal.optional() }),
  'step.completed': z.strictObject({ output: jsonValue, usage: usageTotal.optional() }),
  'step.failed': z.strictObject({ error: errorData, usage: usageTotal.optional() }),
  /** `by` is the path of the group whose time limit it was, or `workflow:<name>` when the run was cancelled. */
  'step.cancelled': z.strictObject({ reason: z.string(), by: z.string().optional(), usage: usageTotal.optional() }),
  /** Something from outside is needed: the answer of a person, or, when `event` is set, an event of that name. */
  'ask.opened': z.strictObject({
    /** Unique in the run. */
    ask: z.string(),
    message: z.string(),
    /** JSON Schema of the answer. */
    schema: z.union([z.boolean(), z.record(z.string(), z.json())]).optional(),
    options: z.array(z.union([z.string(), z.number(), z.boolean()])).optional(),
    event: z.string().optional(),
    expiresAt: z.string().optional(),
  }),
  /** `received` is the `seq` of the `event.received` that it was answered with. */
  'ask.answered': z.strictObject({ ask: z.string(), value: jsonValue, received: z.int().optional(), action }),
  'ask.expired': z.strictObject({ ask: z.string() }),
  /** Sent by a program. One that nobody waits for is kept for the first who will. */
  'event.received': z.strictObject({ event: z.string(), payload: jsonValue, action }),
  log: z.strictObject({ stream: z.enum(['stdout', 'stderr', 'log']), text: z.string() }),
  'agent.message': z.strictObject({ text: z.string() }),
  /** `call` ties a result to its call. */
  'agent.tool_call': z.strictObject({ call: z.string(), tool: z.string(), arguments: jsonValue }),
  'agent.tool_result': z.strictObject({ call: z.string(), tool: z.string(), output: jsonValue, failed: z.boolean().optional() }),
  'agent.handoff': z.strictObject({ from: z.string(), to: z.string() }),
  /** What the library of an agent does in an attempt, for traces; `span` counts from 1 in the attempt. */
  'agent.span_started': z.strictObject({
    span: z.int(),
    /** The one around it; absent: the attempt itself. */
    parent: z.int().optional(),
    kind: z.enum(['agent', 'turn', 'model', 'tool', 'handoff', 'guardrail', 'mcp', 'custom']),
    name: z.string(),
    /** Of a tool: the call that it is. */
    call: z.string().optional(),
    attributes: spanAttributes.optional(),
  }),
  'agent.span_ended': z.strictObject({ span: z.int(), error: z.string().optional(), attributes: spanAttributes.optional() }),
  /** What one attempt used. `costSource` says where its cost is from, when that is known. */
  'agent.usage': usageTotal.extend({
    model: z.string().optional(),
    sessionId: z.string().optional(),
    costSource: z.enum(['reported', 'priced']).optional(),
  }),
} as const

export type EventType = keyof typeof eventDataSchemas
export type EventData<T extends EventType> = Present<z.infer<(typeof eventDataSchemas)[T]>>

/** JSON knows no undefined: an optional field is there or it is not. */
type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** What a machine emits: an event without the number, run and time that the journal adds. */
export type UnnumberedEvent = {
  [T in EventType]: {
    readonly type: T
    readonly path?: string
    /** Counts from 1; set on step events from the first start on. */
    readonly attempt?: number
    readonly group?: string
    readonly branch?: string
    /** Round of the innermost loop or review around, from 1. */
    readonly iteration?: number
    readonly agent?: string
    readonly traceId?: string
    readonly data: EventData<T>
  }
}[EventType]

/** A durable event. `at` is an ISO 8601 instant with milliseconds. */
export type RunEvent = UnnumberedEvent & { readonly seq: number; readonly runId: string; readonly at: string }

/** Output of a step as it comes in: shown and kept in `logs/`, never in the journal, without a `seq`. */
export type EphemeralEvent = {
  readonly ephemeral: true
  readonly runId: string
  readonly at: string
  readonly type: 'log' | 'agent.message'
  readonly path: string
  readonly attempt: number
  readonly data: { readonly stream?: 'stdout' | 'stderr' | 'log'; readonly text: string }
}

const envelope = {
  seq: z.int().min(1),
  runId: z.string(),
  at: z.string(),
  path: z.string().optional(),
  attempt: z.int().min(1).optional(),
  group: z.string().optional(),
  branch: z.string().optional(),
  iteration: z.int().min(1).optional(),
  agent: z.string().optional(),
  traceId: z.string().optional(),
}

const schemaByType = new Map<string, z.ZodType>(
  Object.entries(eventDataSchemas).map(([type, data]) => [type, z.strictObject({ ...envelope, type: z.literal(type), data })]),
)

/** Parses one line of a journal; throws ZodError or SyntaxError when it is not an event. */
export function parseRunEvent(line: string): RunEvent {
  const raw: unknown = JSON.parse(line)
  const type = typeof raw === 'object' && raw !== null && 'type' in raw ? String(raw.type) : ''
  const schema = schemaByType.get(type)
  if (schema === undefined) throw new SyntaxError(`unknown event type ${JSON.stringify(type)}`)
  return schema.parse(raw) as RunEvent
}
