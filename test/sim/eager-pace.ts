/** What the store gets for `journal-pace.ts` inside the simulation: any journal may be busy, and any sync block. */
import { here } from './world.ts'

export class Pace {
  isBusy = false

  begins(): boolean {
    const { world, process } = here()
    this.isBusy = world.dice.chance(60)
    // Who is stopped comes to no end before it goes on.
    return world.dice.chance(40) && !process.stopped
  }

  ended(): void {}
}
