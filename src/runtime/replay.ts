import { lostError, type StepContext, timeoutError } from '../../machines/step-outcome.ts'
import { type ErrorData, UsageError } from '../errors.ts'
import type { RunEvent, UnnumberedEvent } from '../events.ts'
import type { Outcome, Scope } from '../spec/outcome.ts'
import { limitedPath } from '../compiler/names.ts'
import { fillPath } from '../spec/blocks.ts'
import { type Cell, indexesOf } from './cell.ts'
import type { RunTree, Turn } from './run-tree.ts'

export interface Replayed {
  /** What follows from the journal but is not in it: the end of a turn that was cut off. To be appended. */
  readonly missing: readonly UnnumberedEvent[]
  /** Set when the tree has ended. */
  readonly outcome: Outcome | undefined
}

/**
 * Brings a tree to where the journal ends. Events that came from outside (a result, a granted slot, a timer, a cancel)
 * are delivered again, in their order and at their times; those that follow from them are compared with what the tree
 * emits. Throws UsageError REPLAY_DIVERGED when they differ: the workflow is not the one that wrote the journal.
 */
export function replay(tree: RunTree, events: readonly RunEvent[], scope: Scope): Replayed {
  const expected: UnnumberedEvent[] = []
  let outcome: Outcome | undefined
  for (const event of events) {
    if (hostEvents.has(event.type)) continue
    const next = expected[0]
    if (next !== undefined) {
      if (!sameEvent(next, event)) throw diverged(event, `the workflow gives ${describe(next)} there`)
      expected.shift()
      continue
    }
    const turn = cause(tree, event, scope)
    if (turn === undefined) throw diverged(event, 'nothing in the workflow waits for it')
    expected.push(...turn.events)
    for (const effect of turn.effects) if (effect.type === 'settled') outcome = effect.outcome
    if (event.type === 'run.started') continue
    const first = expected.shift()
    if (first === undefined || !sameEvent(first, event)) throw diverged(event, `the workflow gives ${describe(first)} there`)
  }
  return { missing: expected, outcome }
}

/** Written by the host about its own doings; they change nothing in the tree. */
const hostEvents: ReadonlySet<string> = new Set(['run.resumed', 'run.paused', 'run.settled', 'log', 'agent.message'])

/** Delivers what must have come from outside for this event to happen. */
function cause(tree: RunTree, event: RunEvent, scope: Scope): Turn | undefined {
  const now = Date.parse(event.at)
  const path = event.path ?? ''
  switch (event.type) {
    case 'run.started':
      return tree.start(scope, now)
    case 'step.started':
      return tree.deliver(path, { type: 'slot.granted' }, now)
    case 'step.queued':
      return fireFirst(tree, path, 'xstate.after.backoff', now)
    case 'step.completed':
      return tree.completed(path, event.data, now)
    case 'step.skipped':
      return tree.failed(path, { code: 'STEP_SKIPPED', kind: 'terminal', message: event.data.reason }, now)
    case 'step.failed':
    case 'step.retrying': {
      const { error } = event.data
      const usage = 'usage' in event.data ? event.data.usage : undefined
      if (sameError(error, lostError)) return tree.deliver(path, { type: 'step.lost' }, now)
      return isOwnTimeout(tree.cell(path), error) ? tree.fire(path, 'timeout', now) : tree.failed(path, error, now, usage)
    }
    case 'step.cancelled': {
      const { by, reason } = event.data
      if (by === undefined) return undefined
      if (by === tree.rootId) return tree.cancel(reason, now)
      for (const cell of tree.cells()) {
        for (const timer of cell.timers.keys()) {
          const limited = limitedPath(timer)
          if (limited !== undefined && fillPath(limited, indexesOf(cell)) === by) return tree.fire(cell.id, timer, now)
        }
      }
      return undefined
    }
    default:
      return undefined
  }
}

function fireFirst(tree: RunTree, actor: string, prefix: string, now: number): Turn | undefined {
  for (const timer of tree.cell(actor)?.timers.keys() ?? []) {
    if (timer.startsWith(prefix)) return tree.fire(actor, timer, now)
  }
  return undefined
}

/** Whether the step's own time limit ended the attempt, not the work by an error that is named the same. */
function isOwnTimeout(cell: Cell | undefined, error: ErrorData): boolean {
  if (cell === undefined || !cell.timers.has('timeout')) return false
  return sameError(error, timeoutError(cell.snapshot.context as StepContext).error)
}

function sameError(left: ErrorData, right: ErrorData): boolean {
  return left.code === right.code && left.message === right.message
}

function sameEvent(emitted: UnnumberedEvent, written: RunEvent): boolean {
  return emitted.type === written.type && emitted.path === written.path && emitted.attempt === written.attempt
}

function describe(event: UnnumberedEvent | undefined): string {
  return event === undefined ? 'nothing' : `${event.type} of "${event.path ?? 'the run'}"`
}

function diverged(event: RunEvent, instead: string): UsageError {
  return new UsageError(
    'REPLAY_DIVERGED',
    `Event ${event.seq} of the journal, ${describe(event)}, does not follow from the workflow: ${instead}. ` +
      'Nothing was changed. Resume with the version and environment that the run was started with.',
    { details: { seq: event.seq } },
  )
}
