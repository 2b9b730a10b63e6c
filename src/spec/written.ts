import { z } from 'zod'
import { isJsonObject } from '../json.ts'
import { writtenAgentSchema } from './written-agent.ts'
import { groupSchemas } from './written-groups.ts'
import { jsonSchemaValue } from './written-parts.ts'
import { stepSchemas, targetOrFunction } from './written-steps.ts'

/**
 * The form that people write, before defaults are filled in and names are resolved. One schema per kind of block, since
 * the kind is told by which key is there; `blockSchemas` takes the schema of the blocks inside, so that one block can
 * be checked without those in it.
 */

/** The schema of each kind of block; `callTarget` says whether functions may stand for names. */
export function blockSchemas<Inside extends z.ZodType, Target extends z.ZodType>(inside: Inside, callTarget: Target) {
  return { ...stepSchemas(inside, callTarget), ...groupSchemas(inside, callTarget) }
}
export type BlockKind = keyof ReturnType<typeof blockSchemas>
export const stepKinds = ['agent', 'run', 'call', 'http', 'wait', 'ask', 'workflow'] as const satisfies readonly BlockKind[]
const groupKinds = ['sequence', 'parallel', 'graph', 'map', 'loop', 'review', 'switch'] as const
export const blockKinds = [...stepKinds, ...groupKinds] as const satisfies readonly BlockKind[]

/** Each block by itself: that what is inside is an object is all that is asked of it. */
export const shallowBlockSchemas = blockSchemas(z.looseObject({}, 'expected a block: an object'), targetOrFunction)

/** How a workflow is written. `stages` or `steps` is there: `steps` is one stage of blocks one after another. */
export function workflowShape<Block extends z.ZodType>(block: Block) {
  return {
    $schema: z.string().optional().meta({ description: 'For editors.' }),
    forkchart: z.literal(1, 'expected 1, the number of this format').meta({ description: 'Number of this format.' }),
    name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, 'expected letters, digits, - and _'),
    title: z.string().optional(),
    description: z.string().optional(),
    version: z.union([z.string(), z.number()], 'expected a text').optional(),
    input: jsonSchemaValue.optional().meta({ description: 'JSON Schema of the input; checked before the run starts.' }),
    output: jsonSchemaValue.optional().meta({ description: 'JSON Schema of the output of the last stage.' }),
    agents: z.record(z.string(), writtenAgentSchema).optional(),
    limits: z
      .strictObject({
        concurrency: z.int().min(1).optional().meta({ description: 'Steps of this run at once, 4 unless told.' }),
        agents: z.int().min(1).optional().meta({
          description: 'Agent steps of the whole process at once, 20 unless told.',
        }),
      })
      .optional(),
    parallel: z
      .union([z.enum(['on', 'off']), z.boolean()], 'expected on or off')
      .optional()
      .meta({ description: 'off: groups run one branch at a time, in order.' }),
    env: z
      .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected the name of an environment variable'))
      .optional()
      .meta({ description: 'Environment variables that expressions may read. Their values are never stored.' }),
    stages: z.array(block).min(1).optional(),
    steps: z.array(block).min(1).optional(),
  }
}

/** A block with those in it. The key tells the kind: to try one kind after another would take a power of the depth. */
const deepBlock: z.ZodType<WrittenBlock> = z.lazy(() =>
  z.unknown().transform((value, context) => {
    const kind = isJsonObject(value) ? blockKinds.find((key) => value[key] !== undefined) : undefined
    const result = deepBlockSchemas[kind ?? 'agent'].safeParse(value)
    if (result.success) return result.data
    for (const issue of result.error.issues) context.issues.push({ ...issue, code: 'custom', input: value })
    return z.NEVER
  }),
)
const deepBlockSchemas = blockSchemas(deepBlock, targetOrFunction)
/** A whole workflow, functions allowed. What is wrong is told by `checks/shape.ts`, which looks at each part by itself. */
export const writtenWorkflowSchema: z.ZodType<WrittenWorkflow> = z.strictObject(workflowShape(deepBlock))

type Blocks = ReturnType<typeof blockSchemas<z.ZodUnknown, typeof targetOrFunction>>
/** A kind of block without the keys that hold other blocks. */
type Own<Kind extends BlockKind, Holder extends string = never> = Omit<
  z.infer<Blocks[Kind]>,
  'verify' | 'on_failure' | Holder
>
interface Aftermath {
  verify?: WrittenBlock | undefined
  on_failure?: WrittenReaction | undefined
}
export type WrittenReaction = 'fail' | 'continue' | 'ask' | { goto: string; max: number } | { fallback: WrittenBlock }
interface WrittenSequence extends Own<'sequence', 'sequence'>, Aftermath {
  sequence: readonly WrittenBlock[]
}
interface WrittenParallel extends Own<'parallel', 'parallel'>, Aftermath {
  parallel: readonly WrittenBlock[]
}
interface WrittenGraph extends Own<'graph', 'graph'>, Aftermath {
  graph: readonly WrittenBlock[]
}
interface WrittenMap extends Own<'map', 'map'>, Aftermath {
  map: Omit<z.infer<Blocks['map']>['map'], 'do'> & { do: WrittenBlock }
}
interface WrittenLoop extends Own<'loop', 'loop'>, Aftermath {
  loop: Omit<z.infer<Blocks['loop']>['loop'], 'do'> & { do: WrittenBlock }
}
interface WrittenReview extends Own<'review', 'review'>, Aftermath {
  review: Omit<z.infer<Blocks['review']>['review'], 'work' | 'reviewer'> & { work: WrittenBlock; reviewer: WrittenBlock }
}
type WrittenCase = { when?: string | boolean | undefined; do: WrittenBlock } | { else: WrittenBlock }
interface WrittenSwitch extends Own<'switch', 'switch'>, Aftermath {
  switch: readonly WrittenCase[]
}
export type WrittenStep = { [Kind in (typeof stepKinds)[number]]: Own<Kind> }[(typeof stepKinds)[number]] & Aftermath
/** A group whose branches run at once. */
export type WrittenBranchGroup = WrittenParallel | WrittenGraph | WrittenMap
export type WrittenBlock =
  | WrittenStep
  | WrittenSequence
  | WrittenBranchGroup
  | WrittenLoop
  | WrittenReview
  | WrittenSwitch
type Top = z.infer<z.ZodObject<ReturnType<typeof workflowShape<z.ZodUnknown>>>>
export interface WrittenWorkflow extends Omit<Top, 'stages' | 'steps'> {
  stages?: readonly WrittenBlock[] | undefined
  steps?: readonly WrittenBlock[] | undefined
}
