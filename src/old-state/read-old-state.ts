import type { z } from 'zod'
import { UsageError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import type { OldState } from './old-state.ts'
import { isProposed, readProposed, schemaOfProposed } from './orchestration-proposed.ts'
import { readV0, schemaOfV0 } from './orchestration-v0.ts'
import { isV1, readV1, schemaOfV1 } from './orchestration-v1.ts'
import { isV2, readV2, schemaOfV2 } from './orchestration-v2.ts'
import { isWorkflowState, readWorkflowState, schemaOfWorkflowState } from './workflow-state.ts'

/** Whether it is a state file of any kind, whole or broken. */
export function isOldState(document: JsonObject): boolean {
  return document['current_stage'] !== undefined || document['stage_outputs'] !== undefined
}

/** Reads a state file of any format. Throws UsageError STATE_INVALID, which names all that is wrong in it. */
export function readOldState(document: JsonObject, file: string): OldState {
  if (isWorkflowState(document)) return readWorkflowState(parse(schemaOfWorkflowState, document, file), document)
  if (isProposed(document)) return readProposed(parse(schemaOfProposed, document, file), document)
  if (isV2(document)) return readV2(parse(schemaOfV2, document, file), document)
  if (isV1(document)) return readV1(parse(schemaOfV1, document, file), document)
  return readV0(parse(schemaOfV0, document, file), document)
}

function parse<T>(schema: z.ZodType<T>, document: JsonObject, file: string): T {
  const parsed = schema.safeParse(document)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map(({ path, message }) => `\`${path.join('.') || 'the file'}\`: ${message}`)
  throw new UsageError('STATE_INVALID', `${file} is no state that can be gone on with: ${issues.join('; ')}. Nothing was changed.`, {
    cause: parsed.error,
    details: { file },
  })
}
