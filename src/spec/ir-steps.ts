import { z } from 'zod'
import type { Json, JsonSchema } from '../json.ts'

/** The blocks of the intermediate representation that do work themselves; see `ir.ts`. */

export const json: z.ZodType<Json> = z.json()
export const jsonSchema: z.ZodType<JsonSchema> = z.union([z.boolean(), z.record(z.string(), z.json())])

/** `attempts` counts the first one: 1 means once. Times in ms; `jitter` is a share of the delay, 0..1. */
export const retrySchema = z.strictObject({
  attempts: z.int().min(1),
  initialMs: z.number().min(0),
  factor: z.number().min(1),
  maxMs: z.number().min(0),
  jitter: z.number().min(0).max(1),
  totalMs: z.number().min(0),
})
export type RetryPolicy = z.infer<typeof retrySchema>

/** Where something stands in the file the user wrote. Lines and columns count from 1. */
export const positionSchema = z.strictObject({ line: z.int(), column: z.int() })
export type Position = z.infer<typeof positionSchema>

export const blockBase = {
  /** Its ids joined by dots; unique in the workflow. */
  path: z.string(),
  id: z.string(),
  title: z.string().optional(),
  /** A CEL expression without its `${{ }}`; the block is skipped unless it gives true. */
  when: z.string().optional(),
  /** A template; what it resolves to is `prev` inside this block. Absent: the output of the block before. */
  input: json.optional(),
  /** JSON Schema that the block's output must meet. */
  output: jsonSchema.optional(),
  /** Limit of one attempt of a step, or of the whole of a group. */
  timeoutMs: z.number().min(1).optional(),
  /** Path of the nearest group (parallel, graph, map) around this one, and the id of the branch this one is in. */
  group: z.string().optional(),
  branch: z.string().optional(),
  /** Ids of the nodes of the same graph that must have ended before. Only in a graph. */
  needs: z.array(z.string()).optional(),
  position: positionSchema.optional(),
}

const stepBase = {
  ...blockBase,
  retry: retrySchema,
  /** Templates of paths of files that it leaves: they must be there at its end, and are kept with the run. */
  artifacts: z.array(z.string()).min(1).optional(),
}

export const agentStepSchema = z.strictObject({
  ...stepBase,
  kind: z.literal('agent'),
  agent: z.string(),
  /** A template; `${{ prev }}` when the author gave none. */
  prompt: z.string(),
  maxTurns: z.int().min(1).optional(),
})

export const runStepSchema = z.strictObject({
  ...stepBase,
  kind: z.literal('run'),
  /** A list is an argv and no shell sees it; a string is for the shell, its values are quoted. All are templates. */
  command: z.union([z.string(), z.array(z.string()).min(1)]),
  cwd: z.string().optional(),
  env: z.record(z.string(), z.string()).optional(),
  stdin: json.optional(),
  parse: z.enum(['text', 'json']),
})

export const callStepSchema = z.strictObject({
  ...stepBase,
  kind: z.literal('call'),
  /** `./module.ts#export`, relative to the spec, or `name` of a function registered by `defineWorkflow`. */
  target: z.string(),
})

export const httpStepSchema = z.strictObject({
  ...stepBase,
  kind: z.literal('http'),
  /** Url, headers and body are templates. The output is the body of the answer: parsed when it is JSON, else text. */
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']),
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  /** Sent as JSON unless it resolves to a string. */
  body: json.optional(),
})

export const waitStepSchema = z.strictObject({
  ...stepBase,
  kind: z.literal('wait'),
  /** A template of a duration (`90s`), counted from the step's first start, or of an ISO 8601 instant. */
  until: z.string(),
})

export const eventStepSchema = z.strictObject({
  ...stepBase,
  kind: z.literal('event'),
  /** Name of the event that is waited for; what is sent with it is the output. A template. */
  event: z.string(),
  /** How long at most, from its first start; it fails after that. */
  expiresMs: z.number().min(1).optional(),
})

export const askStepSchema = z.strictObject({
  ...stepBase,
  kind: z.literal('ask'),
  /** What a person is asked; a template. The answer is the output. */
  message: z.string(),
  /** JSON Schema of the answer. */
  schema: jsonSchema.optional(),
  /** The answers there are to choose from. */
  options: z.array(z.union([z.string(), z.number(), z.boolean()])).min(1).optional(),
  expiresMs: z.number().min(1).optional(),
})

export const workflowStepSchema = z.strictObject({
  ...stepBase,
  kind: z.literal('workflow'),
  /** The key of the child's workflow under the workflow's `workflows`. */
  workflow: z.string(),
  /** The child's input; `${{ prev }}` when the author gave none. */
  with: json,
})
