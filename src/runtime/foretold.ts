import type { ExecuteInput } from '../../machines/step.ts'
import type { ErrorData } from '../errors.ts'
import type { UnnumberedEvent } from '../events.ts'
import type { Json } from '../json.ts'
import type { Outcome, Scope } from '../spec/outcome.ts'
import type { RunTree } from './run-tree.ts'
import type { Effect, Turn } from './turn.ts'

/** How a step is known to have ended, and when, in ms since the epoch; without a time at the time of what was before it. */
export type KnownEnd = { readonly startedAt?: number; readonly endedAt?: number } & (
  | { readonly output: (input: ExecuteInput) => Json }
  | { readonly skipped: string }
  | { readonly error: ErrorData }
)

export interface Foretold {
  /** In order; times never go back. */
  readonly events: readonly { readonly event: UnnumberedEvent; readonly at: number }[]
  /** Set when the run has ended. */
  readonly outcome: Outcome | undefined
}

/**
 * What the journal of a run would hold in which all steps ended as is known of them, and those of which nothing is known
 * were never started. `endOf` is asked once for each time that a step wants to start, `turn` counting from 1.
 */
export function foretell(
  tree: RunTree, scope: Scope, startedAt: number, endOf: (path: string, turn: number) => KnownEnd | undefined,
): Foretold {
  const events: { event: UnnumberedEvent; at: number }[] = []
  const effects: Effect[] = []
  const turns = new Map<string, number>()
  const ends = new Map<string, KnownEnd>()
  let outcome: Outcome | undefined
  let now = startedAt

  const take = (turn: Turn): void => {
    for (const event of turn.events) events.push({ event, at: now })
    effects.push(...turn.effects)
  }

  take(tree.start(scope, now))
  for (let effect = effects.shift(); effect !== undefined; effect = effects.shift()) {
    if (effect.type === 'settled') outcome = effect.outcome
    else if (effect.type === 'acquire') {
      const { path } = effect
      const turn = (turns.get(path) ?? 0) + 1
      turns.set(path, turn)
      const end = endOf(path, turn)
      if (end === undefined) continue
      ends.set(path, end)
      now = Math.max(now, end.startedAt ?? now)
      take(tree.deliver(path, { type: 'slot.granted' }, now))
    } else if (effect.type === 'execute') {
      const { path, input } = effect
      const end = ends.get(path)
      if (end === undefined) continue
      now = Math.max(now, end.endedAt ?? now)
      if ('output' in end) take(tree.completed(path, { output: end.output(input) }, now))
      else take(tree.failed(path, 'error' in end ? end.error : skippedError(end.skipped), now))
    }
  }
  return { events, outcome }
}

/** As a step's work says that there was nothing to do. */
function skippedError(reason: string): ErrorData {
  return { code: 'STEP_SKIPPED', kind: 'terminal', message: reason }
}
