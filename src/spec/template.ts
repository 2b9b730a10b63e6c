import { TerminalError } from '../errors.ts'
import { isJsonObject, type Json, toText } from '../json.ts'
import { type EvaluationScope, evaluateExpression } from './expression.ts'
import { closedParts, expressionOpen } from './template-parts.ts'

export { resolveShell } from './shell-template.ts'

/**
 * The template with every `${{ }}` in it, at any depth, replaced. A string that is one expression and nothing else
 * becomes its value; inside a text a value becomes text. Object keys are left alone. What holds no expression comes
 * back as it is. Throws TerminalError EXPRESSION_FAILED.
 */
export function resolveTemplate(template: Json, scope: EvaluationScope): Json {
  if (typeof template === 'string') return resolveString(template, scope)
  if (typeof template !== 'object' || template === null || isStatic(template)) return template
  if (!isJsonObject(template)) return template.map((item) => resolveTemplate(item, scope))
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) => [key, value === undefined ? value : resolveTemplate(value, scope)]),
  )
}

/**
 * The template as text: strings as they are, all other values as JSON, null as nothing. Throws TerminalError
 * EXPRESSION_FAILED.
 */
export function resolveText(template: string, scope: EvaluationScope): string {
  if (!template.includes(expressionOpen)) return template
  return closedParts(template)
    .map((part) => (typeof part === 'string' ? part : toText(evaluateExpression(part.expression, scope))))
    .join('')
}

/**
 * Each item of an argv as text. A value is one argument or part of one and is never split. Throws TerminalError
 * EXPRESSION_FAILED, and ARGUMENT_INVALID for a NUL character, which no argument can hold.
 */
export function resolveArgv(list: readonly string[], scope: EvaluationScope): string[] {
  return list.map((template) => {
    const text = resolveText(template, scope)
    if (!text.includes('\0')) return text
    throw new TerminalError(
      'ARGUMENT_INVALID',
      `The argument \`${template}\` came to hold a NUL character, which no command can take. Pass it by stdin.`,
    )
  })
}

function resolveString(template: string, scope: EvaluationScope): Json {
  if (!template.includes(expressionOpen)) return template
  const [first, ...rest] = closedParts(template)
  if (rest.length === 0 && typeof first === 'object') return evaluateExpression(first.expression, scope)
  return resolveText(template, scope)
}

const staticTemplates = new WeakMap<object, boolean>()

/** Whether nothing inside is an expression; remembered, so that a big constant is looked through once. */
function isStatic(template: object): boolean {
  let known = staticTemplates.get(template)
  if (known === undefined) {
    known = Object.values(template).every((value: unknown) => {
      if (typeof value === 'string') return !value.includes(expressionOpen)
      return typeof value !== 'object' || value === null || isStatic(value)
    })
    staticTemplates.set(template, known)
  }
  return known
}
