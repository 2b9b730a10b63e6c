import { isJsonObject } from '../../json.ts'
import type { OutlineBlock } from '../outline.ts'
import type { SourcePath } from '../source.ts'
import { type TemplatePart, parseTemplate } from '../template-parts.ts'
import { bareExpression } from '../expression-compile.ts'

/** A text that is a template, and where it stands. */
export interface PlacedTemplate {
  readonly text: string
  readonly at: SourcePath
  /** A condition is code as a whole, and a shell line has quotes around its values. */
  readonly use: 'condition' | 'shell' | 'template'
}

/** An expression and where it stands: `index` counts those of its text, undefined when the text is the expression. */
export interface PlacedExpression {
  readonly code: string
  readonly at: SourcePath
  readonly index: number | undefined
  readonly use: PlacedTemplate['use']
}

/** The fields of a block that are templates, of all kinds of blocks. */
const fields = ['input', 'prompt', 'run', 'cwd', 'env', 'stdin'] as const

/** The templates of a block itself, not of those in it. */
export function templatesOfBlock({ value, at }: OutlineBlock): PlacedTemplate[] {
  const { when, run } = value
  const found: PlacedTemplate[] = typeof when === 'string' ? [{ text: when, at: [...at, 'when'], use: 'condition' }] : []
  for (const field of fields) {
    if (field === 'run' && typeof run === 'string') found.push({ text: run, at: [...at, 'run'], use: 'shell' })
    else found.push(...templatesIn(value[field], [...at, field]))
  }
  return found
}

/** The templates of an agent: what it is told, and what it answers when it is scripted. */
export function templatesOfAgent(agent: unknown, at: SourcePath): PlacedTemplate[] {
  if (!isJsonObject(agent)) return []
  return ['instructions', 'replies', 'rehearse'].flatMap((field) => templatesIn(agent[field], [...at, field]))
}

/** The expressions of a template, and where an expression begins that nothing closes. */
export function expressionsOf({ text, at, use }: PlacedTemplate): { expressions: PlacedExpression[]; unclosedAt?: number } {
  if (use === 'condition') return { expressions: [{ code: bareExpression(text), at, index: undefined, use }] }
  if (!text.includes('${{')) return { expressions: [] }
  const { parts, unclosedAt } = parseTemplate(text)
  const expressions = parts.filter(isExpression).map(({ expression }, index) => ({ code: expression, at, index, use }))
  return { expressions, ...(unclosedAt === undefined ? {} : { unclosedAt }) }
}

function templatesIn(value: unknown, at: SourcePath): PlacedTemplate[] {
  if (typeof value === 'string') return [{ text: value, at, use: 'template' }]
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => templatesIn(item, [...at, index]))
  if (!isJsonObject(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => templatesIn(inner, [...at, key]))
}

function isExpression(part: TemplatePart): part is Exclude<TemplatePart, string> {
  return typeof part !== 'string'
}
