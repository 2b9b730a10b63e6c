import { TerminalError } from '../errors.ts'
import { isJsonObject, type Json } from '../json.ts'
import { bareExpression, type CompiledExpression, compileExpression, isCelError } from './expression-compile.ts'
import { toJson } from './expression-result.ts'
import { type EvaluationScope, type Names, namesOf } from './expression-scope.ts'

export type { EvaluationScope } from './expression-scope.ts'

/**
 * The value of a CEL expression. Throws TerminalError EXPRESSION_FAILED, which names the expression and what was
 * missing, for wrong syntax, absent names and results that are not JSON.
 */
export function evaluateExpression(source: string, scope: EvaluationScope): Json {
  const compiled = compileExpression(source)
  if (compiled.run === undefined) throw failed(source, compiled.problem?.message ?? 'it cannot be read')
  const names = namesOf(scope, compiled.seen)
  try {
    return toJson(compiled.run(names))
  } catch (error) {
    if (!isAboutConstructorKey(error)) throw failed(source, describe(error, compiled), error)
  }
  try {
    return toJson(compiled.run(toMaps(names)))
  } catch (error) {
    throw failed(source, describe(error, compiled), error)
  }
}

/**
 * Like `evaluateExpression` for what must be true or false; `${{ }}` around it is allowed. Throws TerminalError
 * CONDITION_NOT_BOOLEAN too.
 */
export function evaluateCondition(source: string, scope: EvaluationScope): boolean {
  const value = evaluateExpression(bareExpression(source), scope)
  if (typeof value === 'boolean') return value
  throw new TerminalError(
    'CONDITION_NOT_BOOLEAN',
    `The condition \`${bareExpression(source)}\` gave ${describeValue(value)} where true or false is needed. ` +
      'Compare it with something: `… == "yes"`.',
  )
}

function failed(source: string, what: string, cause?: unknown): TerminalError {
  return new TerminalError('EXPRESSION_FAILED', `The expression \`${source}\` failed: ${what}.`, {
    ...(cause === undefined ? {} : { cause }),
    details: { expression: source },
  })
}

function describe(error: unknown, compiled: CompiledExpression): string {
  if (!isCelError(error)) return error instanceof Error ? error.message : String(error)
  const { node, range, code, summary } = error
  if (range === undefined || node === undefined) return summary
  const start = compiled.originalOffset(node.start)
  const end = compiled.originalOffset(node.end)
  const missing = compiled.source.slice(start, end)
  if (code === 'unknown_variable') return `there is no \`${missing}\` here`
  if (code !== 'no_such_key') return summary
  return `\`${missing}\` is not there; where it may be absent, write \`.?\` and \`.orValue(…)\``
}

function describeValue(value: Json): string {
  if (value === null) return 'null'
  if (typeof value === 'object') return isJsonObject(value) ? 'an object' : 'a list'
  return `${typeof value} ${JSON.stringify(value)}`
}

/** The library looks at `value.constructor`, so data with such a key trips it; as Maps, objects have only data. */
function isAboutConstructorKey(error: unknown): boolean {
  return !isCelError(error) || error.code === 'unsupported_type'
}

function toMaps(names: Names): Names {
  return Object.fromEntries(Object.entries(names).map(([key, inner]) => [key, mapped(inner)]))
}

function mapped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mapped)
  if (!isJsonObject(value)) return value
  return new Map(
    Object.entries(value).filter(([, inner]) => inner !== undefined).map(([key, inner]) => [key, mapped(inner)]),
  )
}
