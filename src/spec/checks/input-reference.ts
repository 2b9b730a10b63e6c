import { isJsonObject } from '../../json.ts'
import { didYouMean } from '../nearest.ts'
import type { ReferenceKey } from '../references.ts'
import type { ReferenceProblem } from './reference-problem.ts'

/** Ways of a schema to allow a property that is not under its `properties`. */
const openKeywords = [
  '$ref',
  'allOf',
  'anyOf',
  'oneOf',
  'if',
  'patternProperties',
  'dependentSchemas',
  'unevaluatedProperties',
] as const

/** Can `input` have what is read of it, by its schema? What may be absent is fine when it is read as optional. */
export function checkInputReference(schema: unknown, keys: readonly ReferenceKey[]): ReferenceProblem | undefined {
  let node = schema
  let path = 'input'
  for (const { name, optional, offset } of keys) {
    if (!isJsonObject(node) || openKeywords.some((keyword) => keyword in (node as object))) return undefined
    const { properties, additionalProperties } = node
    const isClosed = additionalProperties === false
    const isListed = isJsonObject(properties) && (additionalProperties === undefined || isClosed)
    if (!isListed && !isClosed) return undefined
    const known = isJsonObject(properties) ? properties : {}
    if (!Object.hasOwn(known, name)) {
      if (optional) return undefined
      const meant = didYouMean(name, Object.keys(known)) || ` It has ${Object.keys(known).join(', ') || 'none'}.`
      const hint = `${meant} Where it may be absent, write \`${path}.?${name}\`.`
      return {
        code: 'UNKNOWN_INPUT',
        message: `The schema of the input has no \`${path}.${name}\`.${hint}`,
        offset,
      }
    }
    node = known[name]
    path += `.${name}`
  }
  return undefined
}
