import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RunTree } from '../src/runtime/run-tree.ts'
import type { Turn } from '../src/runtime/turn.ts'
import { anyDrive, plainTree, take } from './tree-driver.ts'

/** The turn and all that is left of it. */
function whole(tree: RunTree, first: Turn): Turn {
  const pieces = [first]
  while (tree.hasRest) pieces.push(tree.goOn())
  return { events: pieces.flatMap(({ events }) => events), effects: pieces.flatMap(({ effects }) => effects) }
}

test('a turn in pieces, however small, comes to the same as in one go', () => {
  fc.assert(
    fc.property(anyDrive, fc.integer({ min: 1, max: 5 }), (run, most) => {
      const tree = new RunTree(run.program)
      tree.cutTurns(most)
      for (const { input, now, turn, plain } of run.taken) {
        expect(whole(tree, take(tree, input, now, run.scope))).toEqual(turn)
        expect(plainTree(tree, run.program)).toBe(plain)
      }
    }),
    { numRuns: 100 },
  )
})

test('no piece is longer than it may be', () => {
  fc.assert(
    fc.property(anyDrive, (run) => {
      const tree = new RunTree(run.program)
      tree.cutTurns(1)
      for (const { input, now } of run.taken) {
        for (let piece = take(tree, input, now, run.scope); ; piece = tree.goOn()) {
          // An actor that starts or takes an event asks for one thing of each kind at most.
          expect(piece.effects.filter(({ type }) => type === 'acquire').length).toBeLessThanOrEqual(1)
          expect(piece.effects.filter(({ type }) => type === 'execute').length).toBeLessThanOrEqual(1)
          if (!tree.hasRest) break
        }
      }
    }),
    { numRuns: 50 },
  )
})

test('in the middle of a turn nothing else may be asked for', () => {
  const [run] = fc.sample(anyDrive.filter(({ taken }) => (taken[0]?.turn.events.length ?? 0) > 4), { numRuns: 1, seed: 1 })
  if (run === undefined) throw new Error('No run was drawn.')
  const tree = new RunTree(run.program)
  tree.cutTurns(1)
  tree.start(run.scope, 0)
  expect(tree.hasRest).toBe(true)
  expect(() => tree.cancel('enough', 0)).toThrow('The turn before is not at its end.')
})
