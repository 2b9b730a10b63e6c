import { z } from 'zod'
import { durationText, jsonSchemaValue, jsonValue } from './written-parts.ts'

/** How agents are written, and the answers of those that are scripted. */

const reply = z
  .union(
    [
      z.string(),
      z.strictObject({
        output: jsonValue,
        delay: durationText.optional(),
        usage: z.strictObject({ inputTokens: z.number().min(0), outputTokens: z.number().min(0) }).optional(),
        costUsd: z.number().min(0).optional(),
      }),
      z.strictObject({ error: z.string(), message: z.string().optional(), delay: durationText.optional() }),
    ],
    'expected a text, { output, delay, usage, costUsd } or { error, message, delay }',
  )
  .meta({ description: 'An answer; its texts may hold `${{ }}`.' })
export type WrittenReply = z.infer<typeof reply>
const replies = z.array(reply).min(1)

const agentBase = {
  instructions: z.string().optional().meta({ description: 'What the agent is told before its prompt; may hold `${{ }}`.' }),
  output: jsonSchemaValue.optional().meta({ description: 'JSON Schema of what the agent must answer.' }),
  rehearse: replies.optional().meta({ description: 'Answers for `--agents scripted`.' }),
}

/** The schema of each kind of agent, by its `uses`. */
export const agentSchemas = {
  scripted: z.strictObject({
    ...agentBase,
    uses: z.literal('scripted'),
    replies: replies.meta({ description: 'Taken in turn by each step; the last one repeats.' }),
  }),
  openai: z.strictObject({
    ...agentBase,
    uses: z.literal('openai'),
    model: z.string().optional(),
    base_url: z.string().optional().meta({ description: 'Where a compatible service listens.' }),
  }),
}
export const writtenAgentSchema = z.discriminatedUnion('uses', [agentSchemas.scripted, agentSchemas.openai])
export type WrittenAgent = z.infer<typeof writtenAgentSchema>
