import { z } from 'zod'
import { jsonValue } from './written-parts.ts'

/**
 * The model settings of an openai agent, by the names that the Agents SDK has for them. What a provider knows beyond goes
 * under `providerData`. Retries are the step's.
 */
export const modelSettings = z.strictObject({
  temperature: z.number().min(0).optional(),
  topP: z.number().min(0).max(1).optional(),
  frequencyPenalty: z.number().optional(),
  presencePenalty: z.number().optional(),
  maxTokens: z.int().min(1).optional().meta({ description: 'Tokens of one answer, at most.' }),
  toolChoice: z.string().optional().meta({ description: 'auto, required, none, or the name of a tool.' }),
  parallelToolCalls: z.boolean().optional(),
  truncation: z.enum(['auto', 'disabled']).optional(),
  store: z.boolean().optional().meta({ description: 'Whether the provider keeps the answers.' }),
  reasoning: z
    .strictObject({
      effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).optional(),
      summary: z.enum(['auto', 'concise', 'detailed']).optional(),
      context: z.enum(['auto', 'current_turn', 'all_turns']).optional(),
      mode: z.string().optional(),
    })
    .optional(),
  text: z.strictObject({ verbosity: z.enum(['low', 'medium', 'high']).optional() }).optional(),
  promptCacheRetention: z.enum(['in-memory', '24h']).optional(),
  promptCacheOptions: z.record(z.string(), jsonValue).optional(),
  contextManagement: z.array(z.record(z.string(), jsonValue)).optional(),
  timeoutMs: z.int().min(1).optional().meta({ description: 'Milliseconds for one answer of the model.' }),
  providerData: z.record(z.string(), jsonValue).optional().meta({ description: 'Sent to the provider as it is.' }),
})
