import { z } from 'zod'
import type { Json } from './json.ts'

const json: z.ZodType<Json> = z.json()
/** Of one action: done again under the same id, as by who never heard of its success, it counts once. */
const id = z.string().min(1).max(200).optional()

/** What somebody can do with a run while it goes on. */
export const runActionSchema = z.discriminatedUnion('type', [
  /** Starts no further step, and stops working on the run once those under way have ended. */
  z.strictObject({ type: z.literal('pause') }),
  /** Stops a step, or all in a group; without a path the whole run. */
  z.strictObject({ type: z.literal('cancel'), reason: z.string(), path: z.string().optional() }),
  /** Answers a question. */
  z.strictObject({ type: z.literal('answer'), ask: z.string(), value: json, id }),
  /** Sends an event, to all steps that wait for one of its name, or else to the first that will. */
  z.strictObject({ type: z.literal('send'), event: z.string(), payload: json, id }),
  /** Runs steps again, see `ResumeOptions.again`. */
  z.strictObject({ type: z.literal('retry'), again: z.union([z.literal('failed'), z.array(z.string()).min(1)]), id }),
])
export type RunAction = z.infer<typeof runActionSchema>

/** What whoever works on a run says to an action of another process. */
export const actionReplySchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true) }),
  z.object({ ok: z.literal(false), error: z.object({ code: z.string(), kind: z.enum(['usage', 'terminal', 'retryable', 'cancelled']), message: z.string() }) }),
])
