import type { ExecuteInput } from '../../machines/step.ts'
import { idempotencyKey, label, type StepContext } from '../../machines/step-outcome.ts'
import type { StepBlock } from '../spec/ir.ts'
import { type Cell, isStepCell } from './cell.ts'

/** The step that an actor of the step machine runs. */
export function stepBlock(cell: Cell): StepBlock {
  return contextOf(cell).block
}

/** The fields that place an event of the step; only its path when the actor runs no step or is gone. */
export function stepLabel(cell: Cell | undefined, path: string): { readonly path: string } {
  return cell === undefined || !isStepCell(cell) ? { path } : label(contextOf(cell))
}

/** What the attempt that the step is at was begun with. */
export function attemptInput(cell: Cell): ExecuteInput {
  const context = contextOf(cell)
  const { block, scope, attempt } = context
  return { block, scope, attempt, idempotencyKey: idempotencyKey(context) }
}

function contextOf(cell: Cell): StepContext {
  return cell.snapshot.context as unknown as StepContext
}
