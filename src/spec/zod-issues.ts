import type { z } from 'zod'
import { isJsonObject } from '../json.ts'
import { didYouMean } from './nearest.ts'
import type { SourcePath } from './source.ts'
import { type BlockKind, shallowBlockSchemas } from './written.ts'
import type { CheckContext, Finding } from './report.ts'

interface IssueOptions {
  /** The keys that are promised for the object at a path, and not there yet. */
  readonly laterIn: (at: SourcePath) => ReadonlySet<string>
  /** The kind of block that is checked. */
  readonly kind?: BlockKind
  /** Keys that were reported already. */
  readonly reported?: readonly string[]
}

/** Checks a value against a schema and reports what is wrong in the words of the spec language. */
export function reportIssues(
  context: Pick<CheckContext, 'report'>,
  schema: z.ZodType,
  value: unknown,
  at: SourcePath,
  options: IssueOptions,
): void {
  const result = schema.safeParse(value)
  if (result.success) return
  for (const issue of result.error.issues) {
    for (const finding of findingsOf(issue, value, at, schema, options)) context.report(finding)
  }
}

type Issue = z.core.$ZodIssue

function findingsOf(issue: Issue, value: unknown, base: SourcePath, schema: z.ZodType, options: IssueOptions): Finding[] {
  const inside = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))
  const at = [...base, ...inside]
  const actual = valueAt(value, inside)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .filter((key) => options.reported?.includes(key) !== true)
      .map((key) => unknownKey(key, [...at, key], keysOf(schema, inside), { ...options, isNested: inside.length > 0 }))
  }
  const key = at.findLast((step) => typeof step === 'string') ?? ''
  if (actual === undefined) return [missing(key, at.slice(0, -1))]
  if (issue.code === 'too_small' && issue.origin === 'array' && isBlockList(key)) {
    const item = key === 'stages' ? 'stage' : key === 'steps' ? 'step' : 'block'
    return [{ code: 'EMPTY_GROUP', message: `This list is empty: it needs at least one ${item}.`, at }]
  }
  if (issue.code === 'invalid_union') {
    const nested = isJsonObject(actual) ? closestMember(issue.errors) : undefined
    if (nested !== undefined) {
      const findings = nested.flatMap((error) =>
        findingsOf({ ...error, path: [...issue.path, ...error.path] }, value, base, schema, options),
      )
      // What is missing beside a key that is only promised is nothing to complain of.
      const later = findings.filter(({ code }) => code === 'NOT_YET_AVAILABLE')
      return later.length === 0 ? findings : later
    }
  }
  return [{ ...describeIssue(issue, key, actual), at }]
}

/** The one `max` that must be there is that of what repeats. */
function missing(key: string, at: SourcePath): Finding {
  if (key !== 'max') return { code: 'MISSING_KEY', message: `\`${key}\` is missing.`, at }
  const message = 'This may repeat without an end: say how often at most, for example `max: 5`.'
  return { code: 'LOOP_WITHOUT_MAX', message, at }
}

/** Of the members of a union, the one for objects that the value comes closest to. */
function closestMember(members: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const isInside = ({ path, code }: Issue): boolean => path.length > 0 || code === 'unrecognized_keys'
  const forObjects = members.filter((issues) => issues.every(isInside))
  return forObjects.toSorted((a, b) => a.length - b.length)[0]
}

function describeIssue(issue: Issue, key: string, actual: unknown): Pick<Finding, 'code' | 'message'> {
  const got = shown(actual)
  switch (issue.code) {
    case 'invalid_type':
    case 'invalid_union': {
      const own = issue.message.startsWith('Invalid input') ? `expected ${expected(issue)}` : issue.message
      return { code: 'WRONG_TYPE', message: `\`${key}\`: ${own}, got ${got}.` }
    }
    case 'invalid_value': {
      const values = issue.values.map(String)
      const own = issue.message.startsWith('Invalid') ? `expected ${values.join(', ')}` : issue.message
      return { code: 'WRONG_VALUE', message: `\`${key}\`: ${own}, got ${got}.${didYouMean(String(actual), values)}` }
    }
    case 'too_small':
      return {
        code: 'WRONG_VALUE',
        message: `\`${key}\`: expected ${atLeast(issue.origin, Number(issue.minimum))}, got ${got}.`,
      }
    case 'too_big':
      return { code: 'WRONG_VALUE', message: `\`${key}\`: expected at most ${issue.maximum}, got ${got}.` }
    default:
      return { code: 'WRONG_VALUE', message: `\`${key}\`: ${issue.message}, got ${got}.` }
  }
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  return isJsonObject(value) ? 'an object' : JSON.stringify(value)
}

function expected(issue: Issue): string {
  const type = issue.code === 'invalid_type' ? issue.expected : 'another value'
  const names: Record<string, string> = {
    array: 'a list',
    record: 'an object',
    object: 'an object',
    string: 'a text',
    int: 'a whole number',
    number: 'a number',
  }
  return names[type] ?? type
}

function atLeast(origin: string, minimum: number): string {
  if (origin === 'string') return 'a text that is not empty'
  return origin === 'array' ? 'a list that is not empty' : `at least ${minimum}`
}

function unknownKey(
  key: string,
  at: SourcePath,
  known: readonly string[],
  { isNested, ...options }: IssueOptions & { readonly isNested: boolean },
): Finding {
  if (options.laterIn(at.slice(0, -1)).has(key)) {
    return { code: 'NOT_YET_AVAILABLE', message: `\`${key}\` is not available in this version yet.`, at, part: 'key' }
  }
  const homes = Object.entries(shallowBlockSchemas).filter(([, schema]) => key in schema.shape)
  const isMisplaced = options.kind !== undefined && !isNested && homes.length > 0
  const where = options.kind === undefined || isNested ? 'here' : `of a block with \`${options.kind}\``
  const homeNames = homes.map(([kind]) => `\`${kind}\``).join(', ')
  const hint = isMisplaced ? ` It goes with ${homeNames}.` : didYouMean(key, known) || choiceOf(known)
  return { code: 'UNKNOWN_KEY', message: `\`${key}\` is not a key ${where}.${hint}`, at, part: 'key' }
}

function choiceOf(known: readonly string[]): string {
  return known.length === 0 || known.length > 16 ? '' : ` There are ${known.join(', ')}.`
}

/** The keys that the object at a path inside a schema may have, as far as that is plain from the schema. */
function keysOf(schema: z.ZodType, path: SourcePath): string[] {
  let node: unknown = schema
  for (const step of path) {
    node = inner(node)
    if (isShaped(node)) node = node.shape[String(step)]
    else if (typeof node === 'object' && node !== null && 'element' in node) node = node.element
    else if (typeof node === 'object' && node !== null && 'valueType' in node) node = node.valueType
  }
  return [...new Set(shapesOf(node).flatMap(Object.keys))]
}

/** The shapes that an object may have, where a schema leaves the choice. */
function shapesOf(node: unknown): object[] {
  const schema = inner(node)
  if (isShaped(schema)) return [schema.shape]
  const isUnion = typeof schema === 'object' && schema !== null && 'options' in schema && Array.isArray(schema.options)
  return isUnion ? (schema.options as unknown[]).flatMap(shapesOf) : []
}

function inner(node: unknown): unknown {
  if (typeof node !== 'object' || node === null || !('unwrap' in node)) return node
  return typeof node.unwrap === 'function' ? node.unwrap() : node
}

function isShaped(node: unknown): node is { shape: Record<string, unknown> } {
  return typeof node === 'object' && node !== null && 'shape' in node
}

function isBlockList(key: string): boolean {
  return ['stages', 'steps', 'sequence', 'parallel', 'graph', 'switch'].includes(key)
}

function valueAt(value: unknown, path: SourcePath): unknown {
  return path.reduce<unknown>(
    (inside, step) => (inside as Record<string | number, unknown> | null | undefined)?.[step],
    value,
  )
}
