import { z } from 'zod'
import type { Json, JsonSchema } from '../json.ts'
import { agentSchema } from './ir-agents.ts'
import {
  agentStepSchema,
  askStepSchema,
  blockBase,
  callStepSchema,
  eventStepSchema,
  httpStepSchema,
  json,
  jsonSchema,
  runStepSchema,
  waitStepSchema,
  workflowStepSchema,
} from './ir-steps.ts'

export type { Position, RetryPolicy } from './ir-steps.ts'
export type { Agent, ScriptedReply, Usage } from './ir-agents.ts'

/**
 * The intermediate representation: what every dialect is normalised to, what the compiler reads and
 * what a run folder keeps. Defaults are filled in, durations are milliseconds, paths are set.
 */

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
  /** A person says what follows: `retry`, `continue` or `fail`. Path: `<path>.ask`. */
  | { ask: AskStep }

const aftermath = {
  onFailure: z
    .lazy(() =>
      z.union([
        z.literal('continue'),
        z.strictObject({ goto: z.string(), max: z.int().min(1) }),
        z.strictObject({ fallback: blockSchema }),
        z.strictObject({ ask: askStepSchema }),
      ]),
    )
    .optional(),
  verify: z.lazy(() => blockSchema).optional(),
}

type StepSchema =
  | typeof agentStepSchema
  | typeof runStepSchema
  | typeof callStepSchema
  | typeof httpStepSchema
  | typeof waitStepSchema
  | typeof eventStepSchema
  | typeof askStepSchema
  | typeof workflowStepSchema
/** A block that does work itself: a leaf of the tree, run by one actor of the step machine. */
export type StepBlock = z.infer<StepSchema> & Aftermath
export type AgentStep = z.infer<typeof agentStepSchema> & Aftermath
export type RunStep = z.infer<typeof runStepSchema> & Aftermath
export type CallStep = z.infer<typeof callStepSchema> & Aftermath
export type AskStep = z.infer<typeof askStepSchema> & Aftermath

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
    eventStepSchema.extend(aftermath),
    askStepSchema.extend(aftermath),
    workflowStepSchema.extend(aftermath),
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

const ownFields = z.strictObject({
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
export interface Workflow extends z.infer<typeof ownFields> {
  /** The workflows that its steps run as children, by the paths that their specs have from this one's folder. */
  workflows?: Record<string, Workflow> | undefined
}
export const workflowSchema: z.ZodType<Workflow> = ownFields.extend({
  workflows: z.lazy(() => z.record(z.string(), workflowSchema)).optional(),
})
