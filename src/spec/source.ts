import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
} from 'yaml'
import { jsonFault } from '../json.ts'
import type { Position } from './ir.ts'
import { findInScalar } from './scalar-offset.ts'

/** Keys and indices that lead to something in a spec. */
export type SourcePath = readonly (string | number)[]

/** Where the parts of a spec stand in its file. */
export interface SpecSource {
  /** Absolute. */
  readonly file: string
  /** Where the value stands, or its key; the nearest thing around it when it does not stand there itself. */
  readonly position: (path: SourcePath, part?: 'key' | 'value') => Position
  /**
   * Where an offset into the code of an expression stands. `index` counts the `${{ }}` of the text at `path`;
   * undefined means that the whole text is the expression.
   */
  readonly expressionPosition: (path: SourcePath, index: number | undefined, code: string, offset: number) => Position
}

/** What the text of a YAML or JSON file holds, or what keeps it from being read. */
export interface ReadText {
  readonly source: SpecSource
  readonly data: unknown
  readonly problems: readonly TextProblem[]
}

export interface TextProblem extends Position {
  readonly code: 'SYNTAX' | 'DUPLICATE_KEY'
  readonly severity: 'error' | 'warning'
  readonly message: string
}

/** Reads YAML, or JSON, which is YAML but for its own stricter rules. Never throws. */
export function readText(text: string, file: string, format: 'yaml' | 'json'): ReadText {
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, merge: true })
  const at = (offset: number): Position => {
    const { line, col } = counter.linePos(Math.min(offset, text.length))
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const problems: TextProblem[] = [
    ...document.errors.map((error) => ({ ...textProblem(error), severity: 'error' as const, ...at(error.pos[0]) })),
    ...document.warnings.map((warning) => ({
      ...textProblem(warning),
      severity: 'warning' as const,
      ...at(warning.pos[0]),
    })),
  ]
  const source: SpecSource = {
    file,
    position: (path, part = 'value') => at(offsetOf(document, path, part)),
    expressionPosition: (path, index, code, offset) => {
      const node = nodeAt(document, path)
      if (!isScalar(node)) return at(offsetOf(document, path, 'value'))
      return at(findInScalar(text, node as Scalar, index, code, offset))
    },
  }
  if (problems.some(({ severity }) => severity === 'error')) return { source, data: undefined, problems }
  const wrongJson = format === 'json' ? jsonProblem(text, at) : undefined
  if (wrongJson !== undefined) return { source, data: undefined, problems: [...problems, wrongJson] }
  try {
    const data: unknown = document.toJS()
    return { source, data, problems }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return {
      source,
      data: undefined,
      problems: [...problems, { code: 'SYNTAX', severity: 'error', message, line: 1, column: 1 }],
    }
  }
}

/** A spec that is not a text: everything stands at the top of its file. */
export function plainSource(file: string): SpecSource {
  const top = { line: 1, column: 1 }
  return { file, position: () => top, expressionPosition: () => top }
}

/** The source of a spec that was rewritten: `original` leads from a path in it back to one in the file. */
export function rewrittenSource(source: SpecSource, original: (path: SourcePath) => SourcePath): SpecSource {
  return {
    file: source.file,
    position: (path, part) => source.position(original(path), part),
    expressionPosition: (path, index, code, offset) => source.expressionPosition(original(path), index, code, offset),
  }
}

function textProblem(error: { code: string; message: string }): Pick<TextProblem, 'code' | 'message'> {
  if (error.code === 'DUPLICATE_KEY') {
    return { code: 'DUPLICATE_KEY', message: 'This key stands here twice; only one of them can count.' }
  }
  return { code: 'SYNTAX', message: `${error.message}.` }
}

function jsonProblem(text: string, at: (offset: number) => Position): TextProblem | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const offset = Number(/at position (\d+)/.exec(message)?.[1] ?? text.length)
    return { code: 'SYNTAX', severity: 'error', message: `This is not JSON: ${jsonFault(message)}.`, ...at(offset) }
  }
}

function offsetOf(document: Document.Parsed, path: SourcePath, part: 'key' | 'value'): number {
  const last = path.at(-1)
  const parent = part === 'key' && last !== undefined ? nodeAt(document, path.slice(0, -1)) : undefined
  const key = isMap(parent) ? pairOf(parent.items, String(last))?.key : undefined
  const node = startOf(key) ?? startOf(nodeAt(document, path))
  if (node !== undefined) return node
  return path.length === 0 ? 0 : offsetOf(document, path.slice(0, -1), 'key')
}

function nodeAt(document: Document.Parsed, path: SourcePath): unknown {
  let node: unknown = document.contents
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) node = pairOf(node.items, String(step))?.value
    else if (isSeq(node)) node = node.items[Number(step)]
    else return undefined
  }
  return node
}

function pairOf(items: readonly Pair[], key: string): Pair | undefined {
  return items.find((item) => isScalar(item.key) && String(item.key.value) === key)
}

function startOf(node: unknown): number | undefined {
  return (node as Node | undefined)?.range?.[0]
}
