import { type ErrorData, TerminalError, toErrorData } from '../errors.ts'
import type { Json } from '../json.ts'
import { evaluateCondition } from '../spec/expression.ts'
import { fillPath } from '../spec/blocks.ts'
import type { Block, MapBlock, StepBlock } from '../spec/ir.ts'
import type { Scope } from '../spec/outcome.ts'
import { resolveTemplate } from '../spec/template.ts'
import type { StepInput } from '../../machines/step.ts'
import { stepInstance } from './block-index.ts'
import type { Evaluation } from './environment.ts'

/** Whether a condition holds, or why that cannot be said. */
export type Verdict = boolean | ErrorData

export function verdictOf(condition: string | undefined, scope: Scope, evaluation: Evaluation, without: boolean): Verdict {
  if (condition === undefined) return without
  try {
    return evaluateCondition(condition, { ...scope, env: evaluation.env })
  } catch (error) {
    return evaluationError(error, evaluation)
  }
}

/** What went wrong, as data that may be kept: a message can quote what an expression gave. */
export function evaluationError(error: unknown, evaluation: Evaluation): ErrorData {
  return evaluation.redact({ ...toErrorData(error) } as unknown as Json) as unknown as ErrorData
}

/** Whether a block runs: false skips it, an error fails it. */
export function whenVerdict(block: Block, scope: Scope, evaluation: Evaluation): Verdict {
  return verdictOf(block.when, scope, evaluation, true)
}

/** The scope inside a group: its own `input` is what its first blocks get as `prev`. */
export function scopeInside(block: Block, scope: Scope, evaluation: Evaluation): Scope {
  if (block.input === undefined) return scope
  return { ...scope, prev: evaluation.redact(resolveTemplate(block.input, { ...scope, env: evaluation.env })) }
}

/** The items of a map. Throws TerminalError MAP_NOT_A_LIST. */
export function mapItems(block: MapBlock, scope: Scope, evaluation: Evaluation): readonly Json[] {
  const items = evaluation.redact(resolveTemplate(block.over, { ...scope, env: evaluation.env }))
  if (Array.isArray(items)) return items
  const path = fillPath(block.path, scope.at)
  throw new TerminalError('MAP_NOT_A_LIST', `\`over\` of "${path}" gives ${kindOf(items)}, where a list is needed.`)
}

/** Why a group cannot be entered, though its condition does not keep it from being. */
export function entryError(block: Block, scope: Scope, evaluation: Evaluation): ErrorData | undefined {
  const verdict = whenVerdict(block, scope, evaluation)
  if (typeof verdict === 'object') return verdict
  if (!verdict) return undefined
  try {
    const inside = scopeInside(block, scope, evaluation)
    if (block.kind === 'map') mapItems(block, inside, evaluation)
    return undefined
  } catch (error) {
    return evaluationError(error, evaluation)
  }
}

/** What a step's actor is started with. */
export function stepInput(block: StepBlock, scope: Scope, evaluation: Evaluation): StepInput {
  const when = whenVerdict(block, scope, evaluation)
  const instance = stepInstance(block, scope.at)
  return when === true ? { block: instance, scope } : { block: instance, scope, when }
}

function kindOf(value: Json): string {
  return value === null ? 'null' : `a ${typeof value}`
}
