import { TerminalError } from '../errors.ts'
import { findExpressionEnd } from './expression-lexer.ts'

/** A piece of a template: text as it is, or an expression and where its code stands in the template. */
export type TemplatePart = string | { readonly expression: string; readonly offset: number }

export interface ParsedTemplate {
  readonly parts: readonly TemplatePart[]
  /** Offset of a `${{` that nothing closes. */
  readonly unclosedAt?: number
}

/** What begins an expression in a template. */
export const expressionOpen = '${{'
const cache = new Map<string, ParsedTemplate>()
const cacheSize = 10_000

/** Splits a template into text and expressions; `$${{` stands for a literal `${{`. Cached; never throws. */
export function parseTemplate(template: string): ParsedTemplate {
  let parsed = cache.get(template)
  if (parsed === undefined) {
    parsed = parse(template)
    if (cache.size >= cacheSize) cache.clear()
    cache.set(template, parsed)
  }
  return parsed
}

/** The parts of a template all of whose expressions are closed; throws TerminalError EXPRESSION_FAILED otherwise. */
export function closedParts(template: string): readonly TemplatePart[] {
  const { parts, unclosedAt } = parseTemplate(template)
  if (unclosedAt === undefined) return parts
  throw new TerminalError(
    'EXPRESSION_FAILED',
    `\`${template.slice(unclosedAt)}\` has no closing \`}}\`. To write it as text, use \`$\${{\`.`,
  )
}

function parse(template: string): ParsedTemplate {
  const parts: TemplatePart[] = []
  let text = ''
  let read = 0
  while (true) {
    const start = template.indexOf(expressionOpen, read)
    if (start === -1) break
    if (start > read && template[start - 1] === '$') {
      text += template.slice(read, start - 1) + expressionOpen
      read = start + expressionOpen.length
      continue
    }
    const end = findExpressionEnd(template, start + expressionOpen.length)
    if (end === -1) return { parts, unclosedAt: start }
    text += template.slice(read, start)
    if (text !== '') parts.push(text)
    text = ''
    const code = template.slice(start + expressionOpen.length, end)
    parts.push({ expression: code.trim(), offset: start + expressionOpen.length + (code.length - code.trimStart().length) })
    read = end + 2
  }
  text += template.slice(read)
  if (text !== '') parts.push(text)
  return { parts }
}
