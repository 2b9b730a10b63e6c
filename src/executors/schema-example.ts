import { isJsonObject, type Json, type JsonObject, type JsonSchema } from '../json.ts'

/** Below this depth a recursive schema gets only what it requires, and twice below it null. */
const deepest = 6

interface Place {
  readonly root: JsonSchema
  readonly depth: number
  /** Name of the property, for texts. */
  readonly name: string
  /** Which item of a list this is: items differ where they can. */
  readonly index: number
}

/**
 * A value that fits a JSON Schema, always the same for the same schema: its `const`, `default`, first of `examples` or
 * `enum`, else made from its type and limits. Patterns are not solved, so a schema with one may be missed.
 */
export function schemaExample(schema: JsonSchema): Json {
  return exampleOf(schema, { root: schema, depth: 0, name: 'example', index: 0 })
}

function exampleOf(schema: JsonSchema | undefined, place: Place): Json {
  if (schema === undefined || typeof schema === 'boolean') return textExample({}, place)
  if (place.depth > 2 * deepest) return null
  if (schema.const !== undefined) return schema.const
  if (schema.default !== undefined) return schema.default
  const given = pick(schema.examples, place.index) ?? pick(schema.enum, place.index)
  if (given !== undefined) return given
  const below = { ...place, depth: place.depth + 1 }
  if (typeof schema.$ref === 'string') return exampleOf(resolveRef(place.root, schema.$ref), below)
  const variants = listOf(schema.oneOf ?? schema.anyOf).filter(isSchema)
  if (variants.length > 0) {
    const variant = variants.find((each) => !isJsonObject(each) || each.type !== 'null') ?? variants[0]
    return exampleOf(merge(withoutKeys(schema, ['oneOf', 'anyOf']), variant), below)
  }
  const parts = listOf(schema.allOf).map((part) => resolved(part, place.root)).filter(isSchema)
  if (parts.length > 0) return exampleOf(parts.reduce(merge, withoutKeys(schema, ['allOf'])), below)
  return typedExample(schema, place)
}

function typedExample(schema: JsonObject, place: Place): Json {
  switch (typeOf(schema)) {
    case 'object':
      return objectExample(schema, place)
    case 'array':
      return arrayExample(schema, place)
    case 'integer':
    case 'number':
      return numberExample(schema, place)
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return textExample(schema, place)
  }
}

function typeOf(schema: JsonObject): string {
  const types = listOf(schema.type ?? []).filter((type) => typeof type === 'string')
  const declared = typeof schema.type === 'string' ? schema.type : (types.find((type) => type !== 'null') ?? types[0])
  if (declared !== undefined) return declared
  if (schema.properties !== undefined || schema.required !== undefined) return 'object'
  if (schema.items !== undefined || schema.prefixItems !== undefined) return 'array'
  return schema.minimum !== undefined || schema.maximum !== undefined ? 'number' : 'string'
}

function objectExample(schema: JsonObject, place: Place): Json {
  const properties = isJsonObject(schema.properties) ? schema.properties : {}
  const required = listOf(schema.required).filter((name) => typeof name === 'string')
  const names = place.depth > deepest ? required : [...new Set([...Object.keys(properties), ...required])]
  return Object.fromEntries(
    names.map((name) => {
      const property = Object.hasOwn(properties, name) ? properties[name] : undefined
      const below = { ...place, depth: place.depth + 1, name, index: 0 }
      return [name, exampleOf(isSchema(property) ? property : undefined, below)]
    }),
  )
}

function arrayExample(schema: JsonObject, place: Place): Json {
  const first = listOf(schema.prefixItems)
  const least = numberOf(schema.minItems) ?? (place.depth > deepest ? 0 : 1)
  const length = Math.max(first.length, Math.min(least, numberOf(schema.maxItems) ?? least))
  return Array.from({ length }, (_, index) => {
    const item = first[index] ?? schema.items
    return exampleOf(isSchema(item) ? item : undefined, { ...place, depth: place.depth + 1, index })
  })
}

function numberExample(schema: JsonObject, { index }: Place): number {
  const whole = typeOf(schema) === 'integer'
  const step = numberOf(schema.multipleOf) ?? (whole ? 1 : undefined)
  const above = numberOf(schema.exclusiveMinimum)
  const below = numberOf(schema.exclusiveMaximum)
  const most = numberOf(schema.maximum) ?? (below === undefined ? undefined : below - (step ?? 1e-6))
  const least = numberOf(schema.minimum) ?? (above === undefined ? undefined : above + (step ?? 1e-6))
  const wanted = least ?? Math.min(1, most ?? 1)
  const stepped = step === undefined ? wanted : Math.ceil(wanted / step) * step
  const shifted = stepped + index * (step ?? 1)
  if (most === undefined || shifted <= most) return shifted
  return step === undefined ? Math.min(stepped, most) : Math.floor(Math.min(stepped, most) / step) * step
}

const formats: Readonly<Record<string, string>> = {
  'date-time': '2026-01-01T00:00:00Z',
  date: '2026-01-01',
  time: '00:00:00Z',
  duration: 'PT1S',
  email: 'someone@example.com',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
}

function textExample(schema: JsonObject, { name, index }: Place): string {
  const format = typeof schema.format === 'string' ? formats[schema.format] : undefined
  if (format !== undefined) return format
  const text = index === 0 ? name : `${name} ${index + 1}`
  return text.padEnd(numberOf(schema.minLength) ?? 0, '.').slice(0, numberOf(schema.maxLength))
}

function resolved(schema: Json | undefined, root: JsonSchema): JsonSchema | undefined {
  if (isJsonObject(schema) && typeof schema.$ref === 'string') return resolveRef(root, schema.$ref)
  return isSchema(schema) ? schema : undefined
}

/** Follows a reference into the same document: `#/$defs/name`. */
function resolveRef(root: JsonSchema, ref: string): JsonSchema | undefined {
  if (!ref.startsWith('#')) return undefined
  let found: Json | undefined = root
  for (const part of ref.slice(1).split('/').slice(1)) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    found = isJsonObject(found) ? found[key] : Array.isArray(found) ? found[Number(key)] : undefined
  }
  return isSchema(found) ? found : undefined
}

function merge(base: JsonSchema, more: JsonSchema | undefined): JsonSchema {
  if (!isJsonObject(base) || !isJsonObject(more)) return more ?? base
  const properties = { ...asObject(base.properties), ...asObject(more.properties) }
  const required = [...listOf(base.required), ...listOf(more.required)]
  return {
    ...base,
    ...more,
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
    ...(required.length === 0 ? {} : { required }),
  }
}

function withoutKeys(schema: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)))
}

function pick(list: Json | undefined, index: number): Json | undefined {
  const values = listOf(list)
  return values.length === 0 ? undefined : values[index % values.length]
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}

function asObject(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'boolean' || isJsonObject(value)
}
