import type { Scope } from '../spec/outcome.ts'
import type { Program } from './program.ts'
import { RunTree } from './run-tree.ts'
import type { Effect, Turn } from './turn.ts'

/** Enough for every path through the machines to have been taken, whatever the width of the workflow. */
const mostTurns = 24
/** Actors that begin in one turn: of a wide group no more are needed, and each costs the first run its time. */
const mostAtOnce = 8

/**
 * Takes the first turns of a run for nothing, every step giving null: afterwards the program's machines are made and
 * their code is warm, so that the first run of a process is timed by its steps. Nothing is executed or kept.
 */
export function rehearse(program: Program, scope: Scope): void {
  const tree = new RunTree(program)
  const effects: Effect[] = []
  tree.cutTurns(mostAtOnce)
  const take = (turn: Turn): void => {
    tree.dropRest()
    effects.push(...turn.effects)
  }
  take(tree.start(scope, 0))
  for (let turns = 0; turns < mostTurns; ) {
    const effect = effects.shift()
    if (effect === undefined) return
    if (effect.type === 'acquire') take(tree.deliver(effect.path, { type: 'slot.granted' }, 0))
    else if (effect.type === 'execute') take(tree.completed(effect.path, { output: null }, 0))
    else continue
    turns += 1
  }
}
