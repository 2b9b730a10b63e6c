import { z } from 'zod'
import type { Json, JsonSchema } from '../json.ts'

/**
 * The intermediate representation: what every dialect is normalised to, what the compiler reads and
 * what a run folder keeps. Defaults are filled in, durations are milliseconds, paths are set.
 */

const json: z.ZodType<Json> = z.json()
const jsonSchema: z.ZodType<JsonSchema> = z.union([z.boolean(), z.record(z.string(), z.json())])

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

const blockBase = {
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
  /** Path of the nearest parallel block around this one, and the id of the branch this one is in. */
  group: z.string().optional(),
  branch: z.string().optional(),
  position: positionSchema.optional(),
}

const stepBase = { ...blockBase, retry: retrySchema }

const agentStepSchema = z.strictObject({
  ...stepBase,
  kind: z.literal('agent'),
  agent: z.string(),
  /** A template; `${{ prev }}` when the author gave none. */
  prompt: z.string(),
  maxTurns: z.int().min(1).optional(),
})

const runStepSchema = z.strictObject({
  ...stepBase,
  kind: z.literal('run'),
  /** A list is an argv and no shell sees it; a string is for the shell, its values are quoted. All are templates. */
  command: z.union([z.string(), z.array(z.string()).min(1)]),
  cwd: z.string().optional(),
  env: z.record(z.string(), z.string()).optional(),
  stdin: json.optional(),
  parse: z.enum(['text', 'json']),
})

const callStepSchema = z.strictObject({
  ...stepBase,
  kind: z.literal('call'),
  /** `./module.ts#export`, relative to the spec, or `name` of a function registered by `defineWorkflow`. */
  target: z.string(),
})

export const stepBlockSchema = z.discriminatedUnion('kind', [agentStepSchema, runStepSchema, callStepSchema])
/** A block that does work itself: a leaf of the tree, run by one actor of the step machine. */
export type StepBlock = z.infer<typeof stepBlockSchema>
export type RunStep = z.infer<typeof runStepSchema>
export type CallStep = z.infer<typeof callStepSchema>

const failureRules = ['settle', 'fail_fast', 'continue'] as const
export type FailureRule = (typeof failureRules)[number]

/** What turns the branches' outputs, in branch order, into the group's output. `auto`: the only one, else the list. */
export const reducerSchema = z.union([
  z.enum(['auto', 'list', 'merge', 'vote', 'concat', 'first']),
  z.strictObject({ call: z.string() }),
])
export type Reducer = z.infer<typeof reducerSchema>

export interface SequenceBlock extends z.infer<z.ZodObject<typeof blockBase>> {
  kind: 'sequence'
  blocks: Block[]
}
export interface ParallelBlock extends z.infer<z.ZodObject<typeof blockBase>> {
  kind: 'parallel'
  branches: Block[]
  onBranchFailure: FailureRule
  reduce: Reducer
}
export type GroupBlock = SequenceBlock | ParallelBlock
export type Block = StepBlock | GroupBlock

/** Whatever has an output schema: a block, or the workflow itself, which has no path. */
export interface JsonSchemaOwner {
  readonly path?: string | undefined
  readonly output?: JsonSchema | undefined
}

const blockSchema: z.ZodType<Block> = z.lazy(() => z.union([stepBlockSchema, sequenceSchema, parallelSchema]))
const sequenceSchema: z.ZodType<SequenceBlock> = z.strictObject({
  ...blockBase,
  kind: z.literal('sequence'),
  blocks: z.array(blockSchema).min(1),
})
const parallelSchema: z.ZodType<ParallelBlock> = z.strictObject({
  ...blockBase,
  kind: z.literal('parallel'),
  branches: z.array(blockSchema).min(1),
  onBranchFailure: z.enum(failureRules),
  reduce: reducerSchema,
})

/** Tokens as the provider counted them. */
export const usageSchema = z.strictObject({ inputTokens: z.number(), outputTokens: z.number() })
export type Usage = z.infer<typeof usageSchema>

/** One answer of a scripted agent. `text` and `output` may hold templates. */
export const scriptedReplySchema = z.union([
  z.strictObject({
    output: json,
    delayMs: z.number().optional(),
    usage: usageSchema.optional(),
    costUsd: z.number().optional(),
  }),
  z.strictObject({ error: z.string(), message: z.string().optional(), delayMs: z.number().optional() }),
])
export type ScriptedReply = z.infer<typeof scriptedReplySchema>

const agentBase = {
  instructions: z.string().optional(),
  /** JSON Schema of what the agent must answer. */
  output: jsonSchema.optional(),
  /** Answers for `--agents scripted`. */
  rehearse: z.array(scriptedReplySchema).min(1).optional(),
}
export const agentSchema = z.discriminatedUnion('uses', [
  z.strictObject({ ...agentBase, uses: z.literal('scripted'), replies: z.array(scriptedReplySchema).min(1) }),
  z.strictObject({ ...agentBase, uses: z.literal('openai'), model: z.string().optional(), baseUrl: z.string().optional() }),
])
export type Agent = z.infer<typeof agentSchema>

export const workflowSchema = z.strictObject({
  /** Number of this format. */
  format: z.literal(1),
  name: z.string(),
  title: z.string().optional(),
  description: z.string().optional(),
  version: z.string().optional(),
  input: jsonSchema.optional(),
  output: jsonSchema.optional(),
  agents: z.record(z.string(), agentSchema),
  limits: z.strictObject({
    /** Steps of this run at once. */
    concurrency: z.int().min(1),
    /** Agent steps of the whole process at once. */
    agents: z.int().min(1),
  }),
  /** Names of the environment variables that expressions may read. Their values are never stored. */
  env: z.array(z.string()),
  stages: z.array(blockSchema).min(1),
})
export type Workflow = z.infer<typeof workflowSchema>
