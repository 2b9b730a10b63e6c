/** What the store gets for `journal-room.ts` inside the simulation: room is soon used up. */
import { here } from './world.ts'

export { isRoom } from '../../src/store/journal-room.ts'

export function withRoom(lines: Buffer): Buffer {
  const bytes = Buffer.alloc(lines.length + here().world.dice.roll(3_000), '\n')
  lines.copy(bytes)
  return bytes
}
