import { z } from 'zod'
import { durationPattern } from '../duration.ts'
import type { Json, JsonSchema } from '../json.ts'

/** What several parts of a written spec have in common. */

export const jsonValue: z.ZodType<Json> = z.json()
export const jsonSchemaValue: z.ZodType<JsonSchema> = z
  .union([z.boolean(), z.record(z.string(), z.json())], 'expected a JSON Schema: an object, true or false')
  .meta({ description: 'A JSON Schema.' })

const durationHint = 'expected a duration such as 500ms, 1.5s, 30m or 1h30m'
export const durationText = z.string(durationHint).regex(durationPattern, durationHint)
