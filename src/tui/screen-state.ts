/** What the person at the screen chose; changed by keys only. */
export interface ScreenState {
  /** Path of the selected block; one that is not there stands for the block around it, '' for the first. */
  readonly selected: string
  /** The selection goes with the work until a person moves it. */
  readonly isFollowing: boolean
  /** The pane of the selected block takes the whole height. */
  readonly isOpen: boolean
  readonly isHelp: boolean
  /** First row of the pane; null: wherever is most of use. */
  readonly scroll: number | null
  /** Someone asked the run to stop. */
  readonly isStopping: boolean
}

export type ScreenKey =
  | 'up' | 'down' | 'pageUp' | 'pageDown' | 'top' | 'bottom'
  | 'toggle' | 'close' | 'follow' | 'question' | 'help' | 'quit'

/** How much there is to move in. */
export interface Extent {
  readonly nodes: number
  /** Place of the selected block among them. */
  readonly place: number
  readonly pathAt: (place: number) => string
  /** Paths of the steps with an open question. */
  readonly asked: readonly string[]
  readonly treeHeight: number
  readonly paneRows: number
  readonly paneHeight: number
  /** First row that the pane shows now. */
  readonly paneTop: number
  /** The pane is about what is being written: its end is followed. */
  readonly hasTail: boolean
}

export const initialScreenState: ScreenState = {
  selected: '', isFollowing: true, isOpen: false, isHelp: false, scroll: null, isStopping: false,
}

/** The state after a key; `quit` is only noted: whoever owns the screen acts on it. */
export function pressKey(state: ScreenState, key: ScreenKey, extent: Extent): ScreenState {
  if (key === 'quit') return { ...state, isStopping: true }
  if (key === 'help') return { ...state, isHelp: !state.isHelp }
  if (state.isHelp) return key === 'close' || key === 'toggle' ? { ...state, isHelp: false } : state
  switch (key) {
    case 'toggle':
      return { ...state, isOpen: !state.isOpen, scroll: null }
    case 'close':
      return { ...state, isOpen: false, scroll: null }
    case 'follow':
      return { ...state, isFollowing: true, scroll: null }
    case 'question': {
      const { asked } = extent
      const next = asked[(asked.indexOf(extent.pathAt(extent.place)) + 1) % asked.length]
      return next === undefined ? state : { ...state, selected: next, isFollowing: false, scroll: null }
    }
    default:
      return state.isOpen ? scrollBy(state, key, extent) : moveBy(state, key, extent)
  }
}

type Move = 'up' | 'down' | 'pageUp' | 'pageDown' | 'top' | 'bottom'

function moveBy(state: ScreenState, key: Move, { nodes, place, pathAt, treeHeight }: Extent): ScreenState {
  const selected = pathAt(clamp(place + distance(key, treeHeight), nodes - 1))
  return { ...state, selected, isFollowing: false, scroll: null }
}

function scrollBy(state: ScreenState, key: Move, { paneRows, paneHeight, paneTop, hasTail }: Extent): ScreenState {
  const last = Math.max(0, paneRows - paneHeight)
  const scroll = clamp(paneTop + distance(key, paneHeight), last)
  return { ...state, isFollowing: false, scroll: hasTail && scroll === last ? null : scroll }
}

function distance(key: Move, page: number): number {
  switch (key) {
    case 'up':
      return -1
    case 'down':
      return 1
    case 'pageUp':
      return 1 - page
    case 'pageDown':
      return page - 1
    case 'top':
      return Number.NEGATIVE_INFINITY
    case 'bottom':
      return Number.POSITIVE_INFINITY
    default:
      return key satisfies never
  }
}

function clamp(value: number, last: number): number {
  return Math.max(0, Math.min(value, last))
}

/** First row that a pane shows of `rows`, when `height` fit. */
export function paneTop(scroll: number | null, rows: number, height: number, anchor: 'top' | 'bottom'): number {
  const last = Math.max(0, rows - height)
  if (scroll === null) return anchor === 'bottom' ? last : 0
  return Math.min(scroll, last)
}

/** Rows for the tree and the pane below it on a screen of `rows`; what is too low for both goes to the tree. */
export function splitHeight(rows: number, nodes: number): { tree: number; pane: number } {
  // Two rows of header, the rule above the tree, the rule above the pane, the footer.
  const both = rows - 5
  if (both < 6) return { tree: Math.max(1, rows - 4), pane: 0 }
  const least = Math.max(3, Math.floor(both / 3))
  const tree = Math.min(nodes, both - least)
  return { tree, pane: both - tree }
}
