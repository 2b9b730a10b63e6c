import {
  type ASTNode,
  EvaluationError,
  ParseError,
  type ParseResult,
  TypeError as CelTypeError,
} from '@marcbachmann/cel-js'
import { environment } from './expression-environment.ts'
import { nodesOf } from './expression-nodes.ts'
import { applyEdits, celSource, type Edit, type EditedText } from './expression-source.ts'
import { type Seen, seenBy } from './stage-tree.ts'

/** What is wrong with an expression, at an offset into its source. */
export interface ExpressionProblem {
  readonly kind: 'syntax' | 'type'
  readonly message: string
  readonly offset: number
}

/** An expression ready to run, or what is wrong with it; `ast` is there unless its syntax is wrong. */
export interface CompiledExpression {
  readonly source: string
  readonly ast?: ASTNode
  /** Offset into the source of an offset in the AST. */
  readonly originalOffset: (offset: number) => number
  readonly problem?: ExpressionProblem
  /** The static type of the result, `dyn` when only the run tells. */
  readonly type?: string
  /** What of `stages` it looks at. */
  readonly seen: Seen
  readonly run?: ParseResult
}

const cache = new Map<string, CompiledExpression>()
/** Specs hold tens of expressions; the bound is for a service that loads specs without end. */
const cacheSize = 10_000

/** Parses and type-checks a CEL expression (without `${{ }}`). Never throws; the result is cached. */
export function compileExpression(source: string): CompiledExpression {
  let compiled = cache.get(source)
  if (compiled === undefined) {
    compiled = compile(source)
    if (cache.size >= cacheSize) cache.clear()
    cache.set(source, compiled)
  }
  return compiled
}

/** A condition without the `${{ }}` that may stand around it. */
export function bareExpression(source: string): string {
  return /^\s*\$\{\{([\s\S]*)\}\}\s*$/.exec(source)?.[1]?.trim() ?? source
}

function compile(source: string): CompiledExpression {
  const edited = celSource(source)
  const first = parse(source, edited)
  if (first.run === undefined || first.ast === undefined) return first
  if (first.problem?.code !== 'incompatible_ternary_branches') return first
  // `ok ? 1 : "none"` is fine here, though plain CEL wants one type: hide the branches' types from its checker.
  const loosened = applyEdits(edited.text, ternaryEdits(first.ast))
  const second = parse(source, {
    text: loosened.text,
    originalOffset: (offset) => edited.originalOffset(loosened.originalOffset(offset)),
  })
  // What is wrong beside that is told.
  return second.run === undefined ? first : second
}

interface Parsed extends CompiledExpression {
  readonly problem?: ExpressionProblem & { readonly code: string }
}

function parse(source: string, { text, originalOffset }: EditedText): Parsed {
  try {
    const run = environment.parse(text)
    const verdict = run.check()
    const base = { source, originalOffset, ast: run.ast, run, seen: seenBy(run.ast) }
    if (verdict.error === undefined) return { ...base, type: verdict.type ?? 'dyn' }
    return { ...base, problem: problemOf(verdict.error, 'type', originalOffset) }
  } catch (error) {
    return { source, originalOffset, seen: 'all', problem: problemOf(error, 'syntax', originalOffset) }
  }
}

function problemOf(error: unknown, kind: ExpressionProblem['kind'], originalOffset: (offset: number) => number) {
  if (!isCelError(error)) return { kind, code: 'unknown', message: String(error), offset: 0 }
  return { kind, code: error.code, message: error.summary, offset: originalOffset(error.range?.start ?? 0) }
}

function ternaryEdits(ast: ASTNode): Edit[] {
  const edits: Edit[] = []
  for (const node of nodesOf(ast)) {
    if (node.op !== '?:') continue
    for (const branch of node.args.slice(1)) {
      edits.push({ at: branch.start, remove: 0, insert: 'dyn(' }, { at: branch.end, remove: 0, insert: ')' })
    }
  }
  return edits.sort((a, b) => a.at - b.at)
}

export type CelError = ParseError | CelTypeError | EvaluationError

export function isCelError(error: unknown): error is CelError {
  return error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError
}
