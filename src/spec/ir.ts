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
  /** Path of the nearest group (parallel, graph, map) around this one, and the id of the branch this one is in. */
  group: z.string().optional(),
  branch: z.string().optional(),
  /** Ids of the nodes of the same graph that must have ended before. Only in a graph. */
  needs: z.array(z.string()).optional(),
  position: positionSchema.optional(),
}

/** What a block holds besides its own work: blocks that follow on how it ended. */
interface Aftermath {
  /** What a failure of this block means for the list it stands in. Absent: the list fails. */
  onFailure?: FailureReaction | undefined
  /** Runs after the block has completed; the block fails if it does. Path: `<path>.verify`. */
  verify?: Block | undefined
}
export type FailureReaction =
  /** The failure is recorded, and the list goes on. */
  | 'continue'
  /** Goes back to an earlier block of the same list, at most `max` times, with the error as its `feedback`. */
  | { goto: string; max: number }
  /** Runs instead; its outcome is the block's. Path: `<path>.fallback`. */
  | { fallback: Block }

const aftermath = {
  onFailure: z
    .lazy(() =>
      z.union([
        z.literal('continue'),
        z.strictObject({ goto: z.string(), max: z.int().min(1) }),
        z.strictObject({ fallback: blockSchema }),
      ]),
    )
    .optional(),
  verify: z.lazy(() => blockSchema).optional(),
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

const httpStepSchema = z.strictObject({
  ...stepBase,
  kind: z.literal('http'),
  /** Url, headers and body are templates. The output is the body of the answer: parsed when it is JSON, else text. */
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']),
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  /** Sent as JSON unless it resolves to a string. */
  body: json.optional(),
})

const waitStepSchema = z.strictObject({
  ...stepBase,
  kind: z.literal('wait'),
  /** A template of a duration (`90s`), counted from the step's first start, or of an ISO 8601 instant. */
  until: z.string(),
})

type StepSchema =
  | typeof agentStepSchema
  | typeof runStepSchema
  | typeof callStepSchema
  | typeof httpStepSchema
  | typeof waitStepSchema
/** A block that does work itself: a leaf of the tree, run by one actor of the step machine. */
export type StepBlock = z.infer<StepSchema> & Aftermath
export type AgentStep = z.infer<typeof agentStepSchema> & Aftermath
export type RunStep = z.infer<typeof runStepSchema> & Aftermath
export type CallStep = z.infer<typeof callStepSchema> & Aftermath

const failureRules = ['settle', 'fail_fast', 'continue'] as const
export type FailureRule = (typeof failureRules)[number]

/** What turns the branches' outputs, in branch order, into the group's output. `auto`: the only one, else the list. */
const reducerSchema = z.union([
  z.enum(['auto', 'list', 'merge', 'vote', 'concat', 'first', 'dedupe']),
  z.strictObject({ call: z.string() }),
  /** Name of an agent that is given the outputs. */
  z.strictObject({ synthesize: z.string() }),
])
export type Reducer = z.infer<typeof reducerSchema>

/**
 * When a group is done; once it holds, the branches still running are cancelled. `when` is a CEL expression in which
 * `outputs` are the outputs so far, in branch order.
 */
const joinSchema = z.union([
  z.enum(['all', 'any']),
  z.strictObject({ quorum: z.int().min(1) }),
  z.strictObject({ when: z.string() }),
])
export type Join = z.infer<typeof joinSchema>

const groupBase = {
  ...blockBase,
  onBranchFailure: z.enum(failureRules),
  reduce: reducerSchema,
  /** Absent: `all`. */
  join: joinSchema.optional(),
  /** Branches of this group at once; absent: as many as the run allows. */
  concurrency: z.int().min(1).optional(),
}
type BlockBase = z.infer<z.ZodObject<typeof blockBase>> & Aftermath
type GroupBase = z.infer<z.ZodObject<typeof groupBase>> & Aftermath

export interface SequenceBlock extends BlockBase {
  kind: 'sequence'
  blocks: Block[]
}
/** All branches at once. */
export interface ParallelBlock extends GroupBase {
  kind: 'parallel'
  branches: Block[]
}
/** Each node as soon as what it needs has ended. */
export interface GraphBlock extends GroupBase {
  kind: 'graph'
  branches: Block[]
}
/** One block once per item. Paths inside hold `[]` where an item's index belongs: `each.[].translate`. */
export interface MapBlock extends GroupBase {
  kind: 'map'
  /** A template that gives a list. */
  over: Json
  /** The variable that holds the item; `index` holds its place, from 0. */
  as: string
  do: Block
}
/** Again and again until the expression holds, at most `max` times. */
export interface LoopBlock extends BlockBase {
  kind: 'loop'
  do: Block
  /** A CEL expression; `prev` is the round's output. */
  until?: string | undefined
  max: number
}
/** Work and review in turn until `approved` holds; each round gets the feedback of those before. Fails after `max` rounds. */
export interface ReviewBlock extends BlockBase {
  kind: 'review'
  work: Block
  reviewer: Block
  /** A CEL expression; `prev` is the reviewer's output. */
  approved: string
  max: number
}
/** The first case whose expression holds; one without `when` always does. None: skipped. */
export interface SwitchBlock extends BlockBase {
  kind: 'switch'
  cases: { when?: string | undefined; do: Block }[]
}
/** Groups whose branches run at once. */
export type BranchGroup = ParallelBlock | GraphBlock | MapBlock
export type GroupBlock = SequenceBlock | BranchGroup | LoopBlock | ReviewBlock | SwitchBlock
export type Block = StepBlock | GroupBlock

/** Whatever has an output schema: a block, or the workflow itself, which has no path. */
export interface JsonSchemaOwner {
  readonly path?: string | undefined
  readonly output?: JsonSchema | undefined
}

const blockSchema: z.ZodType<Block> = z.lazy(() =>
  z.discriminatedUnion('kind', [
    agentStepSchema.extend(aftermath),
    runStepSchema.extend(aftermath),
    callStepSchema.extend(aftermath),
    httpStepSchema.extend(aftermath),
    waitStepSchema.extend(aftermath),
    z.strictObject({ ...blockBase, ...aftermath, kind: z.literal('sequence'), blocks: z.array(blockSchema).min(1) }),
    z.strictObject({ ...groupBase, ...aftermath, kind: z.literal('parallel'), branches: z.array(blockSchema).min(1) }),
    z.strictObject({ ...groupBase, ...aftermath, kind: z.literal('graph'), branches: z.array(blockSchema).min(1) }),
    z.strictObject({
      ...groupBase,
      ...aftermath,
      kind: z.literal('map'),
      over: json,
      as: z.string(),
      do: blockSchema,
    }),
    z.strictObject({
      ...blockBase,
      ...aftermath,
      kind: z.literal('loop'),
      do: blockSchema,
      until: z.string().optional(),
      max: z.int().min(1),
    }),
    z.strictObject({
      ...blockBase,
      ...aftermath,
      kind: z.literal('review'),
      work: blockSchema,
      reviewer: blockSchema,
      approved: z.string(),
      max: z.int().min(1),
    }),
    z.strictObject({
      ...blockBase,
      ...aftermath,
      kind: z.literal('switch'),
      cases: z.array(z.strictObject({ when: z.string().optional(), do: blockSchema })).min(1),
    }),
  ]),
) as z.ZodType<Block>

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
