import type { Dice } from './dice.ts'
import { closeAll } from './file-calls.ts'
import { type Double, Lives, type Trial } from './lives.ts'
import { clearInboxes } from './node-inboxes.ts'
import type { Scenario } from './scenario.ts'
import { enterWorld, World } from './world.ts'

/** Brings a run to its end in a world of its own. Without `moments` nothing goes wrong. */
export async function runTrial(scenario: Scenario, dice: Dice, { moments, double = (store) => store }: { moments?: number; double?: Double } = {}): Promise<Trial> {
  const world = new World(dice.fork())
  enterWorld(world)
  try {
    return await new Lives(scenario, world, dice, double).run(moments)
  } finally {
    // What the end of a process does, or locks of dead ones would be kept for ever.
    for (const release of process.listeners('exit')) release(0)
    clearInboxes()
    enterWorld(undefined)
    closeAll()
  }
}
