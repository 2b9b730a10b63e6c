import { z } from 'zod'
import { durationPattern, parseDuration } from '../duration.ts'
import type { Json, JsonSchema } from '../json.ts'

/** What several parts of a written spec have in common. */

export const jsonValue: z.ZodType<Json> = z.json()
export const jsonSchemaValue: z.ZodType<JsonSchema> = z
  .union([z.boolean(), z.record(z.string(), z.json())], 'expected a JSON Schema: an object, true or false')
  .meta({ description: 'A JSON Schema.' })

const durationHint = 'expected a duration such as 500ms, 1.5s, 30m or 1h30m'
export const durationText = z.string(durationHint).regex(durationPattern, durationHint)
export const longerThanZero = durationText.refine((text) => parseDuration(text) !== 0, 'expected a duration longer than 0')

export const idPattern = /^[A-Za-z][A-Za-z0-9_-]*$/
export const template = z.string().meta({ description: 'A text; `${{ }}` holds an expression.' })
export const scalarText = z.union([z.string(), z.number(), z.boolean()], 'expected a text')
export const condition = z.union([z.string(), z.boolean()], 'expected an expression that is true or false')

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
export type WrittenRetry = z.infer<typeof retry>

/** What every block may have; `inside` is the schema of the blocks in it. */
export function blockBase<Inside extends z.ZodType>(inside: Inside) {
  return {
    id: z.string().regex(idPattern, 'expected a letter, then letters, digits, - and _').optional(),
    title: z.string().optional().meta({ description: 'A name for people.' }),
    when: condition.optional().meta({
      description: 'A CEL expression; unless it is true the block is skipped and passes on what it got.',
    }),
    input: jsonValue.optional().meta({
      description: 'What the block gets as `prev`; without it the output of the block before.',
    }),
    output: jsonSchemaValue.optional(),
    timeout: longerThanZero.optional().meta({ description: 'Limit of one attempt of a step, or of the whole of a group.' }),
    needs: z.array(z.string()).optional().meta({ description: 'Only in `graph`: ids of the nodes that must have ended.' }),
    verify: inside.optional().meta({ description: 'A block that runs after this one; if it fails, so does this one.' }),
    on_failure: z
      .union(
        [
          z.enum(['fail', 'continue', 'ask']),
          z.strictObject({ goto: z.string(), max: z.int().min(1) }),
          z.strictObject({ fallback: inside }),
        ],
        'expected fail, continue, ask, { goto: id, max: n } or { fallback: block }',
      )
      .optional()
      .meta({
        description:
          'continue: the failure is recorded and the list goes on. goto: back to an earlier block of the list, at most ' +
          '`max` times. fallback: this block runs instead. ask: a person says whether to retry, continue or fail.',
      }),
  }
}

const filePath = template.refine(
  (path) => !/^([\\/]|[A-Za-z]:)|(^|[\\/])\.\.([\\/]|$)/.test(path) && path !== '',
  'expected the path of a file inside of the folder that the step runs in, such as reports/summary.md',
)

export function stepBase<Inside extends z.ZodType>(inside: Inside) {
  return {
    ...blockBase(inside),
    retry: retry.optional(),
    artifacts: z.array(filePath).min(1).optional().meta({
      description: 'Files that the step leaves, relative to its folder: they must be there at its end, and are kept with the run.',
    }),
  }
}
