import type { Scope } from '../spec/outcome.ts'
import type { Program } from './program.ts'
import { type Effect, RunTree } from './run-tree.ts'

/** Enough for every path through the machines to have been taken, whatever the width of the workflow. */
const mostTurns = 24

/**
 * Takes the first turns of a run for nothing, every step giving null: afterwards the program's machines are made and
 * their code is warm, so that the first run of a process is timed by its steps. Nothing is executed or kept.
 */
export function rehearse(program: Program, scope: Scope): void {
  const tree = new RunTree(program)
  const effects: Effect[] = [...tree.start(scope, 0).effects]
  for (let turns = 0; turns < mostTurns; ) {
    const effect = effects.shift()
    if (effect === undefined) return
    if (effect.type === 'acquire') effects.push(...tree.deliver(effect.path, { type: 'slot.granted' }, 0).effects)
    else if (effect.type === 'execute') effects.push(...tree.completed(effect.path, { output: null }, 0).effects)
    else continue
    turns += 1
  }
}
