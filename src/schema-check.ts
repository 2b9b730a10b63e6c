import { z } from 'zod'
import type { Json, JsonSchema } from './json.ts'

/** What a value looks like against a JSON Schema: the value with defaults filled in, or what is wrong and where. */
export type SchemaVerdict =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly issues: readonly SchemaIssue[] }
export interface SchemaIssue {
  /** Path into the value, `items.0.name`; '' for the value itself. */
  readonly path: string
  readonly message: string
}

const compiled = new WeakMap<object, z.ZodType>()

/** Checks a value and fills in defaults. Throws what zod throws when the schema itself is ill-formed. */
export function checkAgainstSchema(schema: JsonSchema, value: unknown): SchemaVerdict {
  if (schema === true) return { ok: true, value: value as Json }
  if (schema === false) return { ok: false, issues: [{ path: '', message: 'no value is allowed here' }] }
  const result = compile(schema).safeParse(value)
  if (result.success) return { ok: true, value: result.data as Json }
  return {
    ok: false,
    issues: result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })),
  }
}

/** Undefined when the schema is well-formed, else what is wrong with it. */
export function schemaProblem(schema: JsonSchema): string | undefined {
  if (typeof schema === 'boolean') return undefined
  try {
    compile(schema)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** One line for people: `language: expected string, items.0: …`. */
export function describeIssues(issues: readonly SchemaIssue[]): string {
  return issues.map((issue) => (issue.path === '' ? issue.message : `${issue.path}: ${issue.message}`)).join('; ')
}

function compile(schema: object): z.ZodType {
  let validator = compiled.get(schema)
  if (validator === undefined) {
    validator = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0])
    compiled.set(schema, validator)
  }
  return validator
}
