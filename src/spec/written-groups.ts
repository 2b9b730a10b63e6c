import { z } from 'zod'
import { blockBase, condition, jsonValue } from './written-parts.ts'

/** How the blocks are written that hold others. */

const namedReducers = ['list', 'merge', 'vote', 'concat', 'dedupe', 'first'] as const
const concurrency = z.int().min(1).optional().meta({
  description: 'Branches at once; without it as many as the run allows.',
})

/** The schema of each kind of group; `inside` is the one of the blocks in it. */
export function groupSchemas<Inside extends z.ZodType, Target extends z.ZodType>(inside: Inside, callTarget: Target) {
  const base = blockBase(inside)
  const blocks = z.array(inside).min(1)
  const branches = { ...base, ...joining(callTarget), concurrency }
  return {
    sequence: z.strictObject({ ...base, sequence: blocks.meta({ description: 'Blocks one after another.' }) }),
    parallel: z.strictObject({ ...branches, parallel: blocks.meta({ description: 'Blocks at once.' }) }),
    graph: z.strictObject({
      ...branches,
      graph: blocks.meta({ description: 'Each block as soon as those have ended that it `needs`.' }),
    }),
    map: z.strictObject({
      ...branches,
      map: z
        .strictObject({
          over: jsonValue.meta({ description: 'A list, or a template that gives one.' }),
          as: z.string().optional().meta({ description: 'The variable that holds the item; `item` unless told.' }),
          do: inside,
          concurrency,
        })
        .meta({ description: 'One block, once for each item of a list, all at once.' }),
    }),
    loop: z.strictObject({
      ...base,
      loop: z
        .strictObject({
          do: inside,
          until: condition.optional().meta({ description: 'A CEL expression; `prev` is the output of the round.' }),
          max: z.int().min(1).meta({ description: 'Rounds at most; to reach them is no failure.' }),
        })
        .meta({ description: 'One block again and again, until a condition holds.' }),
    }),
    review: z.strictObject({
      ...base,
      review: z
        .strictObject({
          work: inside,
          reviewer: inside,
          approved: condition.meta({ description: 'A CEL expression; `prev` is what the reviewer said.' }),
          max: z.int().min(1).optional().meta({ description: 'Rounds at most, 4 unless told; then it fails.' }),
        })
        .meta({
          description:
            'Work and review in turn: the reviewer gets what the work made as `prev`, and what it says is the ' +
            '`feedback` of the next round.',
        }),
    }),
    switch: z.strictObject({
      ...base,
      switch: z
        .array(
          z.union(
            [z.strictObject({ when: condition.optional(), do: inside }), z.strictObject({ else: inside })],
            'expected { when, do } or { else }',
          ),
        )
        .min(1)
        .meta({ description: 'The first case whose condition holds, or else the last.' }),
    }),
  }
}

function joining<Target extends z.ZodType>(callTarget: Target) {
  return {
    join: z
      .union(
        [
          z.enum(['all', 'any']),
          z.strictObject({ quorum: z.int().min(1) }),
          z.strictObject({ when: condition }),
        ],
        'expected all, any, { quorum: n } or { when: expression }',
      )
      .optional()
      .meta({
        description: 'When the group is done; the branches still running are cancelled. `when` sees `outputs`.',
      }),
    on_branch_failure: z.enum(['settle', 'fail_fast', 'continue']).optional().meta({
      description:
        'settle: the others finish, then the group fails. fail_fast: they are cancelled. continue: the group succeeds.',
    }),
    reduce: z
      .union(
        [z.enum(namedReducers), z.strictObject({ call: callTarget }), z.strictObject({ synthesize: z.string() })],
        `expected ${namedReducers.join(', ')}, { call: ./module.ts#export } or { synthesize: agent }`,
      )
      .optional()
      .meta({
        description:
          'Makes one output of those of the branches, in their order; without it the only one, else the list, and ' +
          'of a map always the list.',
      }),
  }
}
