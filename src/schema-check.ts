import { createRequire } from 'node:module'
import type { Ajv2020, ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import { isJsonObject, type Json, type JsonSchema } from './json.ts'

/** What a value looks like against a JSON Schema: the value with defaults filled in, or what is wrong and where. */
export type SchemaVerdict =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly issues: readonly SchemaIssue[] }
export interface SchemaIssue {
  /** Path into the value, `items.0.name`; '' for the value itself. */
  readonly path: string
  readonly message: string
}

interface Validator {
  readonly validate: ValidateFunction
  readonly fillsIn: boolean
}
const compiled = new WeakMap<object, Validator>()
let ajv: Ajv2020 | undefined

/** Checks a value by JSON Schema draft 2020-12 and fills in defaults; `format` is a comment. Throws when the schema is ill-formed. */
export function checkAgainstSchema(schema: JsonSchema, value: unknown): SchemaVerdict {
  if (schema === true) return { ok: true, value: value as Json }
  if (schema === false) return { ok: false, issues: [{ path: '', message: 'no value is allowed here' }] }
  const { validate, fillsIn } = compile(schema)
  // Defaults are written into what is checked.
  const checked = (fillsIn ? structuredClone(value) : value) as Json
  if (validate(checked)) return { ok: true, value: checked }
  return { ok: false, issues: (validate.errors ?? []).map(issueOf) }
}

/** Undefined when the schema is well-formed, else what is wrong with it. */
export function schemaProblem(schema: JsonSchema): string | undefined {
  if (typeof schema === 'boolean') return undefined
  try {
    compile(schema)
    return undefined
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return message.replace(/^schema is invalid: /, '').replaceAll('data/', '').replace(/^data /, 'it ')
  }
}

/** One line for people: `language: must be string; items.0: …`. */
export function describeIssues(issues: readonly SchemaIssue[]): string {
  return issues.map((issue) => (issue.path === '' ? issue.message : `${issue.path}: ${issue.message}`)).join('; ')
}

function compile(schema: JsonSchema & object): Validator {
  let validator = compiled.get(schema)
  if (validator === undefined) {
    // Schemas that name another draft are read as this one: the drafts agree on what specs use.
    const { $schema: _, ...body } = schema
    const fillsIn = JSON.stringify(body).includes('"default":')
    validator = { validate: validators().compile(body), fillsIn }
    compiled.set(schema, validator)
  }
  return validator
}

/** Loaded by the first schema: whoever has none does not wait for it. */
function validators(): Ajv2020 {
  if (ajv === undefined) {
    const library = createRequire(import.meta.url)('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js')
    ajv = new library.Ajv2020({ allErrors: true, useDefaults: true, strict: false, validateFormats: false, addUsedSchema: false })
  }
  return ajv
}

function issueOf({ instancePath, keyword, params, message }: ErrorObject): SchemaIssue {
  const path = instancePath
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
  const facts: unknown = params
  const named = isJsonObject(facts) ? facts : {}
  switch (keyword) {
    case 'required':
      return { path: [...path, String(named['missingProperty'])].join('.'), message: 'is missing' }
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return {
        path: [...path, String(named['additionalProperty'] ?? named['unevaluatedProperty'])].join('.'),
        message: 'is not allowed here',
      }
    case 'enum':
      return { path: path.join('.'), message: `must be one of ${JSON.stringify(named['allowedValues'])}` }
    case 'const':
      return { path: path.join('.'), message: `must be ${JSON.stringify(named['allowedValue'])}` }
    default:
      return { path: path.join('.'), message: message ?? `does not meet \`${keyword}\`` }
  }
}
