import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PureSnapshot, Step } from '../src/runtime/program.ts'
import { EnginesDiffer, lockstepMachine } from './table-lockstep.ts'
import { Dice, eventTypes, randomMachine } from './table-random-machine.ts'

/** `FORKCHART_RUNS=50000 npm test -- test/table-random` for the long run. */
const numRuns = Number(process.env['FORKCHART_RUNS'] ?? 250)

const numbers = fc.array(fc.nat(5000), { minLength: 8, maxLength: 120 })

/** How many events left the machine active, ended it, or were refused by guards or actions of its own. */
type Ends = Record<'active' | 'done' | 'failed', number>

/** Events as they come from outside: plain ones, ends of actors, and timers that were armed. */
function play(dice: Dice, count: number, ends: Ends): void {
  const machine = lockstepMachine(randomMachine(dice))
  const told: string[] = []
  const timers: { type: string }[] = []
  const known: PureSnapshot[] = []
  const take = (compute: () => Step): void => {
    try {
      const { snapshot, actions } = compute()
      ends[snapshot.status === 'done' ? 'done' : 'active'] += 1
      if (snapshot.status === 'active') known.push(snapshot)
      for (const { type, params } of actions) {
        const { event, delay } = (params ?? {}) as { event?: { type: string }; delay?: number }
        if (type === 'xstate.raise' && delay !== undefined && event !== undefined) timers.push(event)
      }
    } catch (error) {
      if (error instanceof EnginesDiffer) throw new Error(`${error.message}\n after ${told.join(' ')}`, { cause: error })
      // Both failed alike: the machine goes on from where it was.
      ends.failed += 1
    }
  }
  take(() => machine.initial(dice.roll(4)))
  for (let turn = 1; turn <= count; turn += 1) {
    // From where it is, or from where it once was: what a snapshot holds does not change.
    const snapshot = dice.once(8) && known.length > 0 ? dice.pick(known) : known.at(-1)
    if (snapshot === undefined) return
    const { value, context } = snapshot
    const timer = timers.length > 0 && dice.once(3) ? dice.pick(timers) : undefined
    const event = timer ?? {
      type: dice.pick(dice.once(5) ? eventTypes : eventTypes.slice(0, 8)),
      output: dice.roll(9),
      actorId: 'kid',
      error: 'lost',
    }
    told.push(event.type)
    const isRestored = dice.once(12)
    take(() => machine.step(isRestored ? machine.restore({ value, context, children: {} }) : snapshot, { ...event, ...{ turn } }))
  }
}

test('random machines do the same on tables as on XState, event by event', () => {
  const ends: Ends = { active: 0, done: 0, failed: 0 }
  fc.assert(
    fc.property(numbers, (given) => play(new Dice(given), 20, ends)),
    { numRuns },
  )
  // The machines are worth running: they live, and some end.
  expect(ends.active).toBeGreaterThan(numRuns * 5)
  expect(ends.done).toBeGreaterThan(numRuns / 20)
}, 60_000 + numRuns * 100)
