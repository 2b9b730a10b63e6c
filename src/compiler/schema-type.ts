import { isJsonObject, type Json, type JsonObject } from '../json.ts'

/** Whose view: what a caller may leave out (`input`), or what a reader finds with the defaults filled in (`output`). */
export type SchemaSide = 'input' | 'output'

interface Scope {
  readonly side: SchemaSide
  readonly root: Json
  /** `$ref`s being followed: a schema that holds itself becomes `unknown` there. */
  readonly refs: readonly string[]
  readonly indent: string
}

/**
 * The TypeScript type of the values that a JSON Schema allows, as source text. Where a schema says more than a type
 * can (patterns, ranges) the type is wider; where it says nothing, or what it says is not understood, it is `unknown`.
 */
export function schemaType(schema: Json | undefined, side: SchemaSide): string {
  return bare(typeOf(schema, { side, root: schema ?? null, refs: [], indent: '' }))
}

/** A string as a TypeScript literal. */
export function stringLiteral(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1)
  return `'${inner.replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

/** A property name as TypeScript writes it. */
export function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : stringLiteral(name)
}

function typeOf(schema: Json | undefined, scope: Scope): string {
  if (schema === false) return 'never'
  if (!isJsonObject(schema)) return 'unknown'
  const parts = [...constraintTypes(schema, scope)].filter((part) => part !== 'unknown')
  const type = parts.length === 0 ? 'unknown' : joined(parts, ' & ')
  return schema.nullable === true && type !== 'unknown' ? unionOf([type, 'null']) : type
}

/** What each keyword of the schema demands; a value has to meet all of them. */
function* constraintTypes(schema: JsonObject, scope: Scope): Generator<string> {
  if (typeof schema.$ref === 'string') yield refType(schema.$ref, scope)
  if (schema.const !== undefined) yield literalType(schema.const)
  else if (Array.isArray(schema.enum)) yield unionOf(schema.enum.map(literalType))
  else yield namedTypes(schema, scope)
  for (const key of ['anyOf', 'oneOf'] as const) {
    const options = schema[key]
    if (Array.isArray(options)) yield unionOf(options.map((option: Json) => typeOf(option, scope)))
  }
  if (Array.isArray(schema.allOf)) yield* schema.allOf.map((part: Json) => typeOf(part, scope))
}

function refType(ref: string, scope: Scope): string {
  if (!ref.startsWith('#') || scope.refs.includes(ref)) return 'unknown'
  let target: Json | undefined = scope.root
  for (const key of ref.slice(1).split('/').slice(1)) {
    const name = decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~')
    target = isJsonObject(target) && Object.hasOwn(target, name) ? target[name] : undefined
  }
  return typeOf(target, { ...scope, refs: [...scope.refs, ref] })
}

function namedTypes(schema: JsonObject, scope: Scope): string {
  if (Array.isArray(schema.type)) return unionOf(schema.type.map((name: Json) => namedType(name, schema, scope)))
  if (schema.type !== undefined) return namedType(schema.type, schema, scope)
  if (schema.properties !== undefined || schema.additionalProperties !== undefined) return objectType(schema, scope)
  if (schema.items !== undefined || schema.prefixItems !== undefined) return arrayType(schema, scope)
  return 'unknown'
}

function namedType(name: Json, schema: JsonObject, scope: Scope): string {
  switch (name) {
    case 'string':
    case 'boolean':
    case 'null':
    case 'number':
      return name
    case 'integer':
      return 'number'
    case 'array':
      return arrayType(schema, scope)
    case 'object':
      return objectType(schema, scope)
    default:
      return 'unknown'
  }
}

function arrayType(schema: JsonObject, scope: Scope): string {
  const rest = typeOf(schema.items, scope)
  if (!Array.isArray(schema.prefixItems)) return `${rest}[]`
  const first = schema.prefixItems.map((item: Json) => bare(typeOf(item, scope)))
  const more = schema.items === undefined || schema.items === false ? [] : [`...${rest}[]`]
  return `[${[...first, ...more].join(', ')}]`
}

function objectType(schema: JsonObject, scope: Scope): string {
  const properties = isJsonObject(schema.properties) ? Object.entries(schema.properties) : []
  const others = schema.additionalProperties
  if (properties.length === 0) return `Record<string, ${bare(typeOf(others, scope))}>`
  const inner = { ...scope, indent: `${scope.indent}  ` }
  const required = Array.isArray(schema.required) ? schema.required : []
  const lines = properties.flatMap(([name, property]) => {
    const filled = isJsonObject(property) && property.default !== undefined
    const optional = filled ? scope.side === 'input' : !required.includes(name)
    const line = `${propertyName(name)}${optional ? '?' : ''}: ${bare(typeOf(property, inner))}`
    return [...docLines(property), line]
  })
  // An index signature has to cover the named properties too, so it cannot be narrower than this.
  if (others !== undefined && others !== false) lines.push('[key: string]: unknown')
  return `{\n${lines.map((line) => `${inner.indent}${line}\n`).join('')}${scope.indent}}`
}

function docLines(schema: Json | undefined): string[] {
  if (!isJsonObject(schema) || typeof schema.description !== 'string') return []
  return [`/** ${schema.description.replaceAll(/\s+/g, ' ').trim().replaceAll('*/', '*\\/')} */`]
}

/** The type of exactly this value. */
function literalType(value: Json): string {
  if (typeof value === 'string') return stringLiteral(value)
  if (Array.isArray(value)) return `[${value.map(literalType).join(', ')}]`
  if (!isJsonObject(value)) return String(value)
  const fields = Object.entries(value).map(([name, inner]) => `${propertyName(name)}: ${literalType(inner ?? null)}`)
  return fields.length === 0 ? 'Record<string, never>' : `{ ${fields.join('; ')} }`
}

function unionOf(types: readonly string[]): string {
  const distinct = [...new Set(types)].filter((type) => type !== 'never')
  if (distinct.includes('unknown')) return 'unknown'
  return distinct.length === 0 ? 'never' : joined(distinct, ' | ')
}

/** Several types as one, always in brackets, so that it can stand anywhere. */
function joined(types: readonly string[], operator: string): string {
  return types.length === 1 ? types.join('') : `(${types.join(operator)})`
}

/** Without the brackets of `joined`, for places where nothing binds tighter. */
function bare(type: string): string {
  return type.startsWith('(') && type.endsWith(')') ? type.slice(1, -1) : type
}
