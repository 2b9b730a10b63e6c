/**
 * What the store gets for `inbox.ts` inside the simulation: that module itself, once for each process that is alive, as it
 * keeps one list of the inboxes that its process looks into. Loaded before anything happens, and used again.
 */
import type { Json } from '../../src/json.ts'
import { here, type SimProcess } from './world.ts'

export { notWritten, postMessage } from '../../src/store/inbox.ts'

interface Inboxes {
  readonly watchInbox: (folder: string, handle: (message: Json) => Promise<Json>) => () => void
}

interface Slot {
  readonly module: Inboxes
  owner: SimProcess | undefined
  ends: (() => void)[]
}

const slots = await Promise.all(
  Array.from({ length: 12 }, async (_, index): Promise<Slot> => {
    const url = new URL(`../../src/store/inbox.ts?process=${index}`, import.meta.url)
    return { module: (await import(url.href)) as Inboxes, owner: undefined, ends: [] }
  }),
)

export function watchInbox(folder: string, handle: (message: Json) => Promise<Json>): () => void {
  const { world, process } = here()
  // Looking costs time, and in most scenarios nobody leaves anything.
  if (!world.hasVisitors) return () => {}
  const slot = slots.find(({ owner }) => owner === process) ?? slots.find(({ owner }) => owner?.alive !== true)
  if (slot === undefined) throw new Error('more processes are alive than there are inboxes for')
  if (slot.owner !== process) clear(slot)
  slot.owner = process
  const end = slot.module.watchInbox(folder, handle)
  slot.ends.push(end)
  return end
}

/** Forgets who watched, as the end of their processes does. */
export function clearInboxes(): void {
  for (const slot of slots) clear(slot)
}

function clear(slot: Slot): void {
  for (const end of slot.ends.splice(0)) end()
  slot.owner = undefined
}
