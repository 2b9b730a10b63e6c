import { TerminalError } from '../errors.ts'
import { toText } from '../json.ts'
import { type EvaluationScope, evaluateExpression } from './expression.ts'
import { type ShellContext, ShellReader } from './shell-contexts.ts'
import { closedParts, expressionOpen } from './template-parts.ts'

/** A value that a shell line takes, and the quotes around it. */
interface ShellValue {
  readonly expression: string
  readonly context: ShellContext
}

interface ShellTemplate {
  /** Texts between the values: one more than there are values. */
  readonly texts: readonly string[]
  readonly values: readonly ShellValue[]
}

const cache = new Map<string, ShellTemplate>()
const cacheSize = 1000

/**
 * A shell line with its values. The shell never parses a value: each is set as a variable in front of the line, in
 * single quotes, and the place where it stood reads that variable with the quotes that this place needs. So a value is
 * always one word or part of one, also inside quotes, `$(…)` and here-documents, and can never become a command.
 * Throws TerminalError: EXPRESSION_FAILED, and ARGUMENT_INVALID for what no variable can carry there.
 */
export function resolveShell(template: string, scope: EvaluationScope): string {
  if (!template.includes(expressionOpen)) return template
  const { texts, values } = shellTemplate(template)
  if (values.length === 0) return texts.join('')
  let assignments = ''
  let line = texts[0] ?? ''
  values.forEach(({ expression, context }, index) => {
    const value = toText(evaluateExpression(expression, scope))
    checkCarried(value, expression, context)
    const name = `_fc${index + 1}`
    assignments += `${name}=${quote(value)}; `
    line += reference(name, context) + (texts[index + 1] ?? '')
  })
  return assignments + line
}

/** The expressions that stand where a shell takes text as it is, a here-document with a quoted word: no value can go there. */
export function unreachableShellValues(template: string): readonly string[] {
  return shellTemplate(template)
    .values.filter(({ context }) => context === 'literal-heredoc')
    .map(({ expression }) => expression)
}

export function heredocMessage(expression: string): string {
  const where = `\`${expression}\` stands in a here-document whose word is quoted`
  return `${where}, where a shell replaces nothing. Take the quotes off the word.`
}

/** One word for a POSIX shell, whatever is in it. */
function quote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`
}

function reference(name: string, context: ShellContext): string {
  switch (context) {
    case 'double':
    case 'arithmetic':
      return `\${${name}}`
    case 'single':
      return `'"\${${name}}"'`
    default:
      return `"\${${name}}"`
  }
}

function checkCarried(value: string, expression: string, context: ShellContext): void {
  if (value.includes('\0')) {
    throw new TerminalError(
      'ARGUMENT_INVALID',
      `The value of \`${expression}\` holds a NUL character, which no shell line can take. Pass it by stdin.`,
    )
  }
  if (context === 'literal-heredoc') {
    throw new TerminalError(
      'ARGUMENT_INVALID',
      heredocMessage(expression),
    )
  }
  // Some shells run commands that they find in the text of a number.
  if (context === 'arithmetic' && !/^-?\d+$/.test(value)) {
    throw new TerminalError('ARGUMENT_INVALID', `\`${expression}\` stands in shell arithmetic and is not a whole number.`)
  }
}

function shellTemplate(template: string): ShellTemplate {
  let known = cache.get(template)
  if (known === undefined) {
    known = readTemplate(template)
    if (cache.size >= cacheSize) cache.clear()
    cache.set(template, known)
  }
  return known
}

function readTemplate(template: string): ShellTemplate {
  const reader = new ShellReader()
  const texts = ['']
  const values: ShellValue[] = []
  for (const part of closedParts(template)) {
    if (typeof part === 'string') {
      reader.read(part)
      texts[texts.length - 1] += part
    } else {
      values.push({ expression: part.expression, context: reader.context })
      reader.passValue()
      texts.push('')
    }
  }
  return { texts, values }
}
