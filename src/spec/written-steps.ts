import { z } from 'zod'
import { parseDuration } from '../duration.ts'
import type { CallContext } from '../step-function.ts'
import { jsonSchemaValue, jsonValue, longerThanZero, scalarText, stepBase, template } from './written-parts.ts'

/** How the blocks are written that do work themselves. */

/** A function in place of a name, in a spec made with `defineWorkflow`. Its input may be of any type. */
export type WrittenFunction = (input: never, context: CallContext) => unknown

export const targetText = z.string().meta({ description: '`./module.ts#export`, relative to the spec.' })
export const targetOrFunction = z.union(
  [targetText, z.custom<WrittenFunction>((value) => typeof value === 'function')],
  'expected `./module.ts#export` or a function',
)

const instant = z.iso.datetime({ offset: true })
const waitHint = 'expected a duration such as 90s or 1h30m, an instant such as 2026-12-01T08:00:00Z, or { event: name, timeout: 1h }'
const httpMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

const http = z.strictObject({
  method: z.enum(httpMethods).optional().meta({ description: 'GET unless told.' }),
  url: z.string().refine(isTemplateOr(isWebAddress), 'expected an address that begins with http:// or https:// and holds no password'),
  headers: z.record(z.string(), scalarText).optional(),
  body: jsonValue.optional().meta({ description: 'Sent as JSON, a text as it is.' }),
})

const question = z.strictObject({
  message: template.min(1),
  schema: jsonSchemaValue.optional().meta({ description: 'JSON Schema of the answer.' }),
  options: z.array(z.union([z.string(), z.number(), z.boolean()])).min(1).optional().meta({
    description: 'The answers to choose from.',
  }),
  expires: longerThanZero.optional().meta({ description: 'How long the answer is waited for; the step fails after that.' }),
})

const awaitedEvent = z.strictObject({
  event: template.min(1).meta({ description: 'Name of the event, as it is sent: `send RUN EVENT JSON`.' }),
  timeout: longerThanZero.optional().meta({ description: 'How long at most; the step fails after that.' }),
})

export function stepSchemas<Inside extends z.ZodType, Target extends z.ZodType>(inside: Inside, callTarget: Target) {
  const base = stepBase(inside)
  return {
    agent: z.strictObject({
      ...base,
      agent: z.string().meta({ description: 'Name of an agent under `agents`.' }),
      prompt: template.optional(),
      max_turns: z.int().min(1).optional(),
    }),
    run: z.strictObject({
      ...base,
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
    }),
    call: z.strictObject({ ...base, call: callTarget }),
    http: z.strictObject({ ...base, http: http.meta({ description: 'Asks a web service; the output is its answer.' }) }),
    wait: z.strictObject({
      ...base,
      wait: z.union([z.string().refine(isTemplateOr(isTime), waitHint), awaitedEvent], waitHint).meta({
        description: 'A duration, or the instant to wait for; a template of one. Or an event that a program sends.',
      }),
    }),
    ask: z.strictObject({
      ...base,
      ask: z.union([template.min(1), question], 'expected a question: a text, or { message, schema, options, expires }').meta({
        description: 'Asks a person; the answer is the output.',
      }),
    }),
    workflow: z.strictObject({
      ...base,
      workflow: z.string().min(1).meta({ description: 'The spec to run as a child, relative to this one.' }),
      with: jsonValue.optional().meta({ description: 'Its input; without it the output of the block before.' }),
    }),
  }
}

function isTemplateOr(isMeant: (text: string) => boolean): (text: string) => boolean {
  return (text) => text.includes('${{') || isMeant(text)
}

function isWebAddress(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^https?:\/\//i.test(text) && url.username === '' && url.password === ''
}

function isTime(text: string): boolean {
  return parseDuration(text) !== undefined || instant.safeParse(text).success
}
