import { z } from 'zod'
import { parseDuration } from '../duration.ts'
import type { CallContext } from '../step-function.ts'
import { writtenAgentSchema } from './written-agent.ts'
import { durationText, jsonSchemaValue, jsonValue } from './written-parts.ts'

/**
 * The form that people write, before defaults are filled in and names are resolved. One schema per kind of block, since
 * the kind is told by which key is there; `blockSchemas` takes the schema of the blocks inside, so that one block can
 * be checked without those in it.
 */

/** A function in place of a name, in a spec made with `defineWorkflow`. Its input may be of any type. */
export type WrittenFunction = (input: never, context: CallContext) => unknown

export const idPattern = /^[A-Za-z][A-Za-z0-9_-]*$/
const template = z.string().meta({ description: 'A text; `${{ }}` holds an expression.' })
const longerThanZero = durationText.refine((text) => parseDuration(text) !== 0, 'expected a duration longer than 0')

const retry = z
  .strictObject({
    attempts: z.int().min(1).optional().meta({ description: 'How often at most, the first time counted. 1 means once.' }),
    initial: durationText.optional().meta({ description: 'The wait before the second attempt.' }),
    factor: z.number().min(1).optional().meta({ description: 'By what each wait is longer than the one before.' }),
    max: durationText.optional().meta({ description: 'The longest wait.' }),
    jitter: z.number().min(0).max(1).optional().meta({ description: 'The share of a wait that is random, 0 to 1.' }),
    total: durationText.optional().meta({ description: 'No further attempt after this time.' }),
  })
  .meta({ description: 'How often and when a step is tried again after a failure that may pass.' })

const base = {
  id: z.string().regex(idPattern, 'expected a letter, then letters, digits, - and _').optional(),
  title: z.string().optional().meta({ description: 'A name for people.' }),
  when: z
    .union([z.string(), z.boolean()], 'expected an expression that is true or false')
    .optional()
    .meta({ description: 'A CEL expression; unless it is true the block is skipped and passes on what it got.' }),
  input: jsonValue.optional().meta({
    description: 'What the block gets as `prev`; without it the output of the block before.',
  }),
  output: jsonSchemaValue.optional(),
  timeout: longerThanZero.optional().meta({ description: 'Limit of one attempt of a step, or of the whole of a group.' }),
}
const stepBase = { ...base, retry: retry.optional() }

const agentBlock = z.strictObject({
  ...stepBase,
  agent: z.string().meta({ description: 'Name of an agent under `agents`.' }),
  prompt: template.optional(),
  max_turns: z.int().min(1).optional(),
})

const scalarText = z.union([z.string(), z.number(), z.boolean()], 'expected a text')
const runBlock = z.strictObject({
  ...stepBase,
  run: z
    .union(
      [z.string().min(1), z.array(z.union([z.string(), z.number()])).min(1)],
      'expected a text for the shell or a list of arguments',
    )
    .meta({
      description: 'A line for the shell, in which every value is quoted, or a list of arguments that no shell sees.',
    }),
  cwd: template.optional().meta({
    description: 'Folder to run in, relative to the spec; without it the folder of the caller.',
  }),
  env: z.record(z.string(), scalarText).optional().meta({ description: 'Variables added to the environment.' }),
  stdin: jsonValue.optional(),
  parse: z.enum(['text', 'json']).optional().meta({ description: 'What the output is read as.' }),
})

export const targetText = z.string().meta({ description: '`./module.ts#export`, relative to the spec.' })
const targetOrFunction = z.union(
  [targetText, z.custom<WrittenFunction>((value) => typeof value === 'function')],
  'expected `./module.ts#export` or a function',
)
const namedReducers = ['list', 'merge', 'vote', 'concat', 'first'] as const

/** The schema of each kind of block; `functions` says whether functions may stand for names. */
export function blockSchemas<Inside extends z.ZodType, Target extends z.ZodType>(inside: Inside, callTarget: Target) {
  return {
    agent: agentBlock,
    run: runBlock,
    call: z.strictObject({ ...stepBase, call: callTarget }),
    sequence: z.strictObject({ ...base, sequence: z.array(inside).min(1) }),
    parallel: z.strictObject({
      ...base,
      parallel: z.array(inside).min(1),
      on_branch_failure: z.enum(['settle', 'fail_fast', 'continue']).optional().meta({
        description:
          'settle: the others finish, then the group fails. fail_fast: they are cancelled. continue: the group succeeds.',
      }),
      reduce: z
        .union(
          [z.enum(namedReducers), z.strictObject({ call: callTarget })],
          `expected ${namedReducers.join(', ')} or { call: ./module.ts#export }`,
        )
        .optional()
        .meta({
          description: 'Makes one output of those of the branches, in their order; without it the only one, else the list.',
        }),
    }),
  }
}
export type BlockKind = keyof ReturnType<typeof blockSchemas>

/** Each block by itself: what is inside is not looked at. */
export const shallowBlockSchemas = blockSchemas(z.unknown(), targetOrFunction)
export const blockKinds = ['agent', 'run', 'call', 'sequence', 'parallel'] as const satisfies readonly BlockKind[]

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
    env: z
      .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected the name of an environment variable'))
      .optional()
      .meta({ description: 'Environment variables that expressions may read. Their values are never stored.' }),
    stages: z.array(block).min(1).optional(),
    steps: z.array(block).min(1).optional(),
  }
}

const deepBlock: z.ZodType<WrittenBlock> = z.lazy(() => z.union(Object.values(blockSchemas(deepBlock, targetOrFunction))))
/** A whole workflow, functions allowed. What is wrong is told by `checks/shape.ts`, which looks at each part by itself. */
export const writtenWorkflowSchema: z.ZodType<WrittenWorkflow> = z.strictObject(workflowShape(deepBlock))

type Blocks = ReturnType<typeof blockSchemas<z.ZodUnknown, typeof targetOrFunction>>
interface WrittenSequence extends Omit<z.infer<Blocks['sequence']>, 'sequence'> {
  sequence: readonly WrittenBlock[]
}
interface WrittenParallel extends Omit<z.infer<Blocks['parallel']>, 'parallel'> {
  parallel: readonly WrittenBlock[]
}
export type WrittenStep = z.infer<Blocks['agent'] | Blocks['run'] | Blocks['call']>
export type WrittenBlock = WrittenStep | WrittenSequence | WrittenParallel
type Top = z.infer<z.ZodObject<ReturnType<typeof workflowShape<z.ZodUnknown>>>>
export interface WrittenWorkflow extends Omit<Top, 'stages' | 'steps'> {
  stages?: readonly WrittenBlock[] | undefined
  steps?: readonly WrittenBlock[] | undefined
}
export type WrittenRetry = z.infer<typeof retry>
