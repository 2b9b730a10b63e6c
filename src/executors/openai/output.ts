import { isJsonObject, type Json, type JsonObject, type JsonSchema } from '../../json.ts'

/** How a JSON Schema is asked for, and how the answer is read back. */
export interface OutputFormat {
  readonly strict: boolean
  /** Always of an object: nothing else is accepted. */
  readonly schema: JsonObject
  readonly unwrap: (answer: Json) => Json
}

const wrapper = 'value'

/**
 * The format to ask a model for. A schema of something else than an object is wrapped into one and unwrapped again.
 * Strict mode is asked for when the schema is one it accepts: every object closed, every property required.
 * Undefined for schemas that allow anything: plain text will do.
 */
export function outputFormat(schema: JsonSchema | undefined): OutputFormat | undefined {
  if (schema === undefined || typeof schema === 'boolean' || Object.keys(schema).length === 0) return undefined
  if (schema.type === 'object') {
    return { strict: isStrict(schema), schema: withAllKeys(schema), unwrap: (answer) => answer }
  }
  const { $defs, definitions, ...rest } = schema
  const wrapped = {
    type: 'object',
    properties: { [wrapper]: rest },
    required: [wrapper],
    additionalProperties: false,
    ...($defs === undefined ? {} : { $defs }),
    ...(definitions === undefined ? {} : { definitions }),
  }
  return {
    strict: isStrict(wrapped),
    schema: wrapped,
    unwrap: (answer) => (isJsonObject(answer) && answer[wrapper] !== undefined ? answer[wrapper] : answer),
  }
}

/** The service wants these keys to be there. */
export function withAllKeys(schema: JsonObject): JsonObject {
  const { properties = {}, required = [], additionalProperties = true } = schema
  return { ...schema, properties, required, additionalProperties }
}

/** Keywords of which strict mode knows nothing, or not everywhere. */
const notStrict = [
  'allOf', 'oneOf', 'not', 'if', 'then', 'else', 'default',
  'patternProperties', 'dependentRequired', 'dependentSchemas', 'unevaluatedProperties',
]
/** One of these must say what a value is. */
const telling = ['type', 'anyOf', '$ref', 'enum', 'const']

/** Whether strict mode accepts the schema. */
export function isStrict(schema: Json | undefined): boolean {
  if (!isJsonObject(schema)) return false
  if (notStrict.some((key) => schema[key] !== undefined)) return false
  if (!telling.some((key) => schema[key] !== undefined)) return false
  if ((schema.type === 'object' || schema.properties !== undefined) && !isClosed(schema)) return false
  const inner = [
    ...Object.values(isJsonObject(schema.properties) ? schema.properties : {}),
    ...Object.values(isJsonObject(schema.$defs) ? schema.$defs : {}),
    ...Object.values(isJsonObject(schema.definitions) ? schema.definitions : {}),
    ...(Array.isArray(schema.anyOf) ? schema.anyOf : []),
    ...(schema.type === 'array' ? [schema.items] : []),
  ]
  return inner.every(isStrict)
}

function isClosed({ properties, required, additionalProperties }: JsonObject): boolean {
  if (additionalProperties !== false || !isJsonObject(properties)) return false
  const names: readonly Json[] = Array.isArray(required) ? required : []
  return Object.keys(properties).every((name) => names.includes(name))
}
