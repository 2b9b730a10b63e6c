import { type Key, useInput, useWindowSize } from 'ink'
import { useSyncExternalStore } from 'react'
import { Screen } from './Screen.tsx'
import type { ScreenKey } from './screen-state.ts'
import type { ScreenStore } from './screen-store.ts'

/** The screen of one run, at the size of the terminal, listening to keys. */
export function App({ store, color }: { readonly store: ScreenStore; readonly color: boolean }) {
  const { columns, rows } = useWindowSize()
  useSyncExternalStore(store.subscribe, store.version)
  useInput((input, key) => {
    for (const pressed of screenKeys(input, key)) store.press(pressed, { columns, rows })
  })
  return <Screen model={store.model({ columns, rows })} color={color} />
}

const letters: Readonly<Record<string, ScreenKey>> = {
  j: 'down', k: 'up', g: 'top', G: 'bottom', f: 'follow', a: 'question', q: 'quit', '?': 'help', ' ': 'pageDown',
}

/** Several, when keys were struck faster than they were read. */
export function screenKeys(input: string, key: Partial<Key>): ScreenKey[] {
  if (key.ctrl === true) return input === 'c' ? ['quit'] : []
  if (key.upArrow === true) return ['up']
  if (key.downArrow === true) return ['down']
  if (key.pageUp === true) return ['pageUp']
  if (key.pageDown === true) return ['pageDown']
  if (key.home === true) return ['top']
  if (key.end === true) return ['bottom']
  if (key.return === true) return ['toggle']
  if (key.escape === true) return ['close']
  if (key.meta === true) return []
  return [...input].flatMap((letter) => (letter === '\r' ? ['toggle' as const] : (letters[letter] ?? [])))
}
