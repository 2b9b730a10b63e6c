import { UsageError } from '../errors.ts'
import type { RunEvent, UnnumberedEvent } from '../events.ts'
import { atOnce } from '../in-turns.ts'
import type { Outcome, Scope } from '../spec/outcome.ts'
import { cause } from './cause.ts'
import type { RunTree } from './run-tree.ts'
import { Begins, type Cause, undoEnds } from './undo-ends.ts'

export interface Replayed {
  /** Where the journal ends. */
  readonly tree: RunTree
  /** The events that came from outside and count: those of ends that were undone since are not among them. */
  readonly causes: readonly Cause[]
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
export function replay(start: RunTree, events: readonly RunEvent[], scope: Scope): Replayed {
  return atOnce(replaying(start, events, scope))
}

/** Events that are replayed, and actors that take one, in one go. */
const eventsAtOnce = 200

/** The same piece by piece. */
export function* replaying(start: RunTree, events: readonly RunEvent[], scope: Scope): Generator<void, Replayed, void> {
  /** What must follow in the journal; those before `next` have. */
  let expected: readonly UnnumberedEvent[] = []
  let next = 0
  let tree = start
  let causes: Cause[] = []
  let begins = new Begins()
  let outcome: Outcome | undefined
  for (const [index, event] of events.entries()) {
    if (index % eventsAtOnce === eventsAtOnce - 1) yield
    if (event.type === 'run.resumed' && event.data.again !== undefined) {
      const undone = undoEnds(tree.anew(), causes, event.data.again, { scope, now: Date.parse(event.at), before: tree })
      ;({ tree, begins } = undone)
      causes = [...undone.causes]
      outcome = undefined
    }
    begins.take(event)
    if (hostEvents.has(event.type)) continue
    const due = expected[next]
    if (due !== undefined) {
      if (!sameEvent(due, event)) throw diverged(event, `the workflow gives ${describe(due)} there`)
      next += 1
      continue
    }
    tree.cutTurns(eventsAtOnce)
    const turn = cause(tree, event, scope)
    if (turn === undefined) throw diverged(event, 'nothing in the workflow waits for it')
    causes.push({ event, begin: begins.of(event.path ?? '') })
    const pieces = [turn]
    while (tree.hasRest) {
      yield
      pieces.push(tree.goOn())
    }
    expected = pieces.flatMap(({ events }) => events)
    next = 0
    for (const { effects } of pieces) for (const effect of effects) if (effect.type === 'settled') outcome = effect.outcome
    if (event.type === 'run.started') continue
    const first = expected[next]
    next += 1
    if (first === undefined || !sameEvent(first, event)) throw diverged(event, `the workflow gives ${describe(first)} there`)
  }
  tree.cutTurns(Infinity)
  return { tree, causes, missing: expected.slice(next), outcome }
}

/** Written by the host about its own doings; they change nothing in the tree. */
const hostEvents: ReadonlySet<string> = new Set([
  'run.resumed', 'run.paused', 'run.waiting', 'run.settled', 'log',
  'agent.message', 'agent.tool_call', 'agent.tool_result', 'agent.handoff', 'agent.usage',
  'agent.span_started', 'agent.span_ended',
  'ask.opened', 'ask.answered', 'ask.expired', 'event.received',
])

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
