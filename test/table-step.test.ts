import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stepMachine } from '../machines/step.ts'
import type { ErrorData } from '../src/errors.ts'
import type { PureSnapshot } from '../src/runtime/program.ts'
import { inert } from '../src/runtime/stock-machine.ts'
import { block, scope } from './step-bench.ts'
import { lockstepMachine } from './table-lockstep.ts'

const numRuns = Number(process.env['FORKCHART_RUNS'] ?? 500)

const actors = Object.fromEntries(Object.keys(stepMachine.implementations.actors ?? {}).map((name) => [name, inert]))
const step = lockstepMachine(stepMachine.provide({ actors } as never))

const error = fc.constantFrom<ErrorData>(
  { code: 'FLAKY', kind: 'retryable', message: 'stumbled' },
  { code: 'BUSY', kind: 'retryable', message: 'later', retryAfterMs: 50 },
  { code: 'BROKE', kind: 'terminal', message: 'broke' },
  { code: 'STEP_SKIPPED', kind: 'terminal', message: 'nothing to do' },
)
const input = fc.record({
  block: fc.record({
    retry: fc.constantFrom(block.retry, { ...block.retry, attempts: 3 }, { ...block.retry, attempts: 9, totalMs: 150 }),
    timeoutMs: fc.constantFrom(undefined, 10, 1000),
    output: fc.constantFrom(undefined, { type: 'string' as const }),
  }),
  when: fc.constantFrom<undefined | boolean | ErrorData>(undefined, undefined, undefined, true, false, { code: 'X', kind: 'terminal', message: 'x' }),
})
const event = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ type: 'slot.granted' }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('cancel'), reason: fc.string(), by: fc.constantFrom(undefined, 'group') }) },
  { weight: 1, arbitrary: fc.constantFrom({ type: 'step.lost' }, { type: 'step.timedOut' }, { type: 'unheard.of' }) },
  { weight: 2, arbitrary: fc.constant({ type: 'xstate.after.backoff.step.backingOff' }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom({ output: 'text' }, { output: 3 }, { output: 'paid', usage: { inputTokens: 1, outputTokens: 2, costUsd: null } })
      .map((output) => ({ type: 'xstate.done.actor.execute', output, actorId: 'execute' })),
  },
  { weight: 3, arbitrary: error.map((error) => ({ type: 'xstate.error.actor.execute', error, actorId: 'execute', elapsedMs: 5 })) },
)

test('a step does the same on tables as on XState, whatever happens to it', () => {
  const ends = new Set<string>()
  fc.assert(
    fc.property(input, fc.array(event, { maxLength: 25 }), fc.nat(30), (given, events, saved) => {
      let snapshot: PureSnapshot = step.initial({ block: { ...block, ...given.block }, scope, when: given.when }).snapshot
      for (const [place, each] of events.entries()) {
        if (snapshot.status !== 'active') break
        if (place === saved) {
          const children = Object.fromEntries(Object.keys(snapshot.children).map((id) => [id, id]))
          snapshot = step.restore({ value: snapshot.value, context: snapshot.context, children })
        }
        // A failure that no state expects breaks the machine: the tree delivers none.
        if (each.type.startsWith('xstate.error') && JSON.stringify(snapshot.value) !== '{"active":"running"}') continue
        snapshot = step.step(snapshot, each).snapshot
      }
      ends.add(JSON.stringify(snapshot.value))
    }),
    { numRuns },
  )
  expect([...ends]).toEqual(expect.arrayContaining(['"completed"', '"failed"', '"skipped"', '"cancelled"', '"backingOff"']))
}, 60_000 + numRuns * 100)
