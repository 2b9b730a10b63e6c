import { isJsonObject, type JsonSchema } from '../../json.ts'
import { schemaProblem } from '../../schema-check.ts'
import { outlineBlocks } from '../outline.ts'
import type { SourcePath } from '../source.ts'
import type { CheckContext } from '../report.ts'

/** Is every JSON Schema well-formed? */
export function checkSchemas(context: CheckContext): void {
  const { data, stages } = context
  checkSchema(context, data['input'], ['input'])
  checkSchema(context, data['output'], ['output'])
  for (const [name, agent] of Object.entries(isJsonObject(data['agents']) ? data['agents'] : {})) {
    if (isJsonObject(agent)) checkSchema(context, agent['output'], ['agents', name, 'output'])
  }
  for (const { value, at } of outlineBlocks(stages)) checkSchema(context, value['output'], [...at, 'output'])
}

function checkSchema({ report }: CheckContext, schema: unknown, at: SourcePath): void {
  if (!isSchema(schema)) return
  const problem = schemaProblem(schema)
  if (problem === undefined) return
  report({ code: 'SCHEMA_INVALID', message: `This is not a JSON Schema that can be checked: ${problem}.`, at })
}

function isSchema(value: unknown): value is JsonSchema {
  return isJsonObject(value)
}
