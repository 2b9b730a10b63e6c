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
  readonly moment: Moment
}

/** When something of a block is evaluated: before what is inside, after each round of it, or as each branch ends. */
export type Moment = 'before' | 'round' | 'join'

/** An expression and where it stands: `index` counts those of its text, undefined when the text is the expression. */
export interface PlacedExpression {
  readonly code: string
  readonly at: SourcePath
  readonly index: number | undefined
  readonly use: PlacedTemplate['use']
  readonly moment: Moment
}

/** The fields of a block that are templates, of all kinds of blocks. */
const fields = ['input', 'prompt', 'run', 'cwd', 'env', 'stdin', 'wait', 'ask', 'with', 'artifacts'] as const
/** The same one level deeper. */
const nestedFields = [['http', 'url'], ['http', 'headers'], ['http', 'body'], ['map', 'over']] as const
/** The conditions of a block, and when they are asked. */
const conditions = [
  [['when'], 'before'],
  [['loop', 'until'], 'round'],
  [['review', 'approved'], 'round'],
  [['join', 'when'], 'join'],
] as const

/** The templates of a block itself, not of those in it. */
export function templatesOfBlock({ value, at }: OutlineBlock): PlacedTemplate[] {
  const { run } = value
  const found = conditions.flatMap(([path, moment]) => conditionAt(value, path, at, moment))
  const cases: readonly unknown[] = Array.isArray(value['switch']) ? value['switch'] : []
  found.push(...cases.flatMap((one, index) => conditionAt(one, ['when'], [...at, 'switch', index], 'before')))
  for (const field of fields) {
    if (field === 'run' && typeof run === 'string') {
      found.push({ text: run, at: [...at, 'run'], use: 'shell', moment: 'before' })
    } else found.push(...templatesIn(value[field], [...at, field]))
  }
  for (const path of nestedFields) found.push(...templatesIn(valueAt(value, path), [...at, ...path]))
  return found
}

function conditionAt(holder: unknown, path: SourcePath, at: SourcePath, moment: Moment): PlacedTemplate[] {
  const text = valueAt(holder, path)
  return typeof text === 'string' ? [{ text, at: [...at, ...path], use: 'condition', moment }] : []
}

function valueAt(holder: unknown, path: SourcePath): unknown {
  return path.reduce<unknown>((inside, key) => (isJsonObject(inside) ? inside[key] : undefined), holder)
}

/** The templates of an agent: what it is told, what its servers of tools are started with, and what it answers when it is scripted. */
export function templatesOfAgent(agent: unknown, at: SourcePath): PlacedTemplate[] {
  if (!isJsonObject(agent)) return []
  return ['instructions', 'mcp', 'replies', 'rehearse'].flatMap((field) => templatesIn(agent[field], [...at, field]))
}

/** The expressions of a template, and where an expression begins that nothing closes. */
export function expressionsOf(template: PlacedTemplate): { expressions: PlacedExpression[]; unclosedAt?: number } {
  const { text, at, use, moment } = template
  if (use === 'condition') return { expressions: [{ code: bareExpression(text), at, index: undefined, use, moment }] }
  if (!text.includes('${{')) return { expressions: [] }
  const { parts, unclosedAt } = parseTemplate(text)
  const expressions = parts.filter(isExpression).map(({ expression }, index) => ({ code: expression, at, index, use, moment }))
  return { expressions, ...(unclosedAt === undefined ? {} : { unclosedAt }) }
}

function templatesIn(value: unknown, at: SourcePath): PlacedTemplate[] {
  if (typeof value === 'string') return [{ text: value, at, use: 'template', moment: 'before' }]
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => templatesIn(item, [...at, index]))
  if (!isJsonObject(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => templatesIn(inner, [...at, key]))
}

function isExpression(part: TemplatePart): part is Exclude<TemplatePart, string> {
  return typeof part !== 'string'
}
