import { z } from 'zod'
import type { JsonObject } from '../json.ts'
import { blockKinds, blockSchemas, workflowShape } from './written.ts'
import { targetText } from './written-steps.ts'

/** The JSON Schema (draft 2020-12) of a workflow file, for editors: `specs/workflow.schema.json` is this. */
export function workflowJsonSchema(): JsonObject {
  const block: z.ZodType = z
    .lazy(() => z.union(Object.values(blockSchemas(block, targetText))))
    .meta({
      id: 'block',
      description: `A stage, a branch or a step: what it does is told by one of ${blockKinds.join(', ')}.`,
    })
  const schema = z.toJSONSchema(z.strictObject(workflowShape(block)), { io: 'input', reused: 'inline' })
  const { $schema, ...rest } = schema
  return JSON.parse(
    JSON.stringify({
      $schema,
      title: 'Forkchart workflow',
      ...rest,
      anyOf: [{ required: ['stages'] }, { required: ['steps'] }],
    }),
  )
}
