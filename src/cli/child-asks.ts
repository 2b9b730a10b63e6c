import type { RunView } from '../runtime/run-view.ts'
import type { Store } from '../store/store.ts'
import type { ChildAsks } from '../tui/ask-text.ts'
import { readRun } from './run-state.ts'

/** What the child runs of a run wait for, as their own files tell it; what cannot be read is left out. */
export async function readChildAsks({ childAsks }: RunView, store: Store): Promise<ChildAsks> {
  const found = await Promise.all(childAsks.map(async (id) => {
    const colon = id.indexOf(':')
    const child = await readRun(store, id.slice(0, colon)).catch(() => undefined)
    const ask = child?.view.asks.find((one) => one.ask === id.slice(colon + 1))
    return ask === undefined ? [] : [[id, ask] as const]
  }))
  return new Map(found.flat())
}
