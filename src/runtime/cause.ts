import { lostError, repeatedError, type StepContext, timeoutError } from '../../machines/step-outcome.ts'
import { limitedPath } from '../compiler/names.ts'
import type { ErrorData } from '../errors.ts'
import type { RunEvent } from '../events.ts'
import { msOf } from '../instant.ts'
import { fillPath } from '../spec/blocks.ts'
import type { Scope, UsageTotal } from '../spec/outcome.ts'
import { type Cell, indexesOf, isStepCell } from './cell.ts'
import { withoutUsage } from '../usage.ts'
import type { RunTree } from './run-tree.ts'
import type { Turn } from './turn.ts'

/** Delivers what must have come from outside for this event to happen. */
export function cause(tree: RunTree, event: RunEvent, scope: Scope): Turn | undefined {
  const now = msOf(event.at)
  const path = event.path ?? ''
  switch (event.type) {
    case 'run.started':
      return tree.start(scope, now)
    case 'step.started':
      return tree.deliver(path, { type: 'slot.granted' }, now)
    case 'step.queued':
      return fireFirst(tree, path, 'xstate.after.backoff', now)
    case 'step.completed': {
      const { output, usage } = event.data
      const last = lastUsage(tree.cell(path), usage)
      return tree.completed(path, { output, ...(last === undefined ? {} : { usage: last }) }, now)
    }
    case 'step.skipped':
      return tree.failed(path, { code: 'STEP_SKIPPED', kind: 'terminal', message: event.data.reason }, now)
    case 'step.failed':
    case 'step.retrying': {
      const { error } = event.data
      const usage = event.type === 'step.retrying' ? event.data.usage : lastUsage(tree.cell(path), event.data.usage)
      if (sameError(error, lostError)) return tree.deliver(path, { type: 'step.lost' }, now)
      if (sameError(error, repeatedError)) return tree.deliver(path, { type: 'step.again' }, now)
      return isOwnTimeout(tree.cell(path), error) ? tree.fire(path, 'timeout', now) : tree.failed(path, error, now, usage)
    }
    case 'step.cancelled': {
      const { by, reason } = event.data
      if (by === undefined) return undefined
      if (by === tree.rootId) return tree.cancel(reason, now)
      if (by === path) return tree.deliver(path, { type: 'cancel', reason, by }, now)
      for (const cell of tree.cells()) {
        for (const { name } of cell.timers) {
          const limited = limitedPath(name)
          if (limited !== undefined && fillPath(limited, indexesOf(cell)) === by) return tree.fire(cell.id, name, now)
        }
      }
      return undefined
    }
    default:
      return undefined
  }
}

/** What the last attempt used, of what all attempts did. */
function lastUsage(cell: Cell | undefined, all: UsageTotal | undefined): UsageTotal | undefined {
  const used = cell === undefined || !isStepCell(cell) ? null : (cell.snapshot.context as unknown as StepContext).used
  return withoutUsage(all, used)
}

function fireFirst(tree: RunTree, actor: string, prefix: string, now: number): Turn | undefined {
  for (const { name } of tree.cell(actor)?.timers ?? []) {
    if (name.startsWith(prefix)) return tree.fire(actor, name, now)
  }
  return undefined
}

/** Whether the step's own time limit ended the attempt, not the work by an error that is named the same. */
function isOwnTimeout(cell: Cell | undefined, error: ErrorData): boolean {
  if (cell === undefined || !cell.timers.some(({ name }) => name === 'timeout')) return false
  return sameError(error, timeoutError(cell.snapshot.context as StepContext).error)
}

function sameError(left: ErrorData, right: ErrorData): boolean {
  return left.code === right.code && left.message === right.message
}
