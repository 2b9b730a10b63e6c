import type { Clock } from '../clock.ts'
import { applyEvent, createRunView, isOpen, type RunView } from '../runtime/run-view.ts'
import { askAt } from './ask-text.ts'
import type { RunSource } from './run-source.ts'
import { type ScreenModel, screenExtent, selectedNode } from './screen-rows.ts'
import { initialScreenState, pressKey, type ScreenKey, type ScreenState } from './screen-state.ts'
import { createStepLog } from './step-log.ts'

/** What the screen shows, apart from its size: fed by the run's events and by keys. */
export interface ScreenStore {
  readonly view: RunView
  /** Goes up with every notification. */
  version(): number
  subscribe(listener: () => void): () => void
  model(size: ScreenSize): ScreenModel
  press(key: ScreenKey, size: ScreenSize): void
  /** Lets go of the run and all timers. */
  dispose(): void
}
interface ScreenSize {
  readonly columns: number
  readonly rows: number
}
export interface ScreenActions {
  /** q or Ctrl-C while the run goes on. */
  readonly stop: () => void
  /** q or Ctrl-C after its end, or its end with nothing open that someone may be reading. */
  readonly leave: () => void
}

/** Listeners hear of events at most this often, and of the passing time once a second while the run goes on. */
const notifyMs = 100
const tickMs = 1000

export function createScreenStore(source: RunSource, clock: Clock, actions: ScreenActions): ScreenStore {
  const view = createRunView(source.workflow)
  const listeners = new Set<() => void>()
  let ui: ScreenState = initialScreenState
  let version = 0
  let lastNotice = Number.NEGATIVE_INFINITY
  let cancelTimer: (() => void) | undefined
  let isWaiting = false

  const log = createStepLog((path) => source.readLog(path), clock, () => changed())

  function notify(): void {
    cancelTimer?.()
    isWaiting = false
    lastNotice = clock.now()
    version += 1
    follow()
    const selected = selectedNode(view, ui)
    log.show(selected?.path ?? '', selected?.version ?? 0)
    cancelTimer = isOpen(view.status) ? clock.schedule(notify, tickMs) : undefined
    for (const listener of listeners) listener()
  }
  function changed(): void {
    if (isWaiting) return
    isWaiting = true
    cancelTimer?.()
    cancelTimer = clock.schedule(notify, Math.max(0, lastNotice + notifyMs - clock.now()))
  }
  function follow(): void {
    const selected = selectedNode(view, ui)
    const isThere = selected !== undefined && view.active.has(selected)
    if (!ui.isFollowing || (isThere && (view.asks.length === 0 || askAt(view, selected.path) !== undefined))) return
    const next = firstAtWork(view)
    if (next !== undefined) ui = { ...ui, selected: next.path, scroll: null }
  }

  const unsubscribe = source.subscribe((event) => {
    applyEvent(view, event)
    changed()
    if (event.type === 'run.settled' && !ui.isOpen && !ui.isHelp) actions.leave()
  })
  notify()

  const model = ({ columns, rows }: ScreenSize): ScreenModel => ({
    view, runId: source.runId, ui, log: log.lines(), columns, rows, now: clock.now(),
    ...(source.answerCommand === undefined ? {} : { answerCommand: source.answerCommand }),
  })
  return {
    view,
    model,
    version: () => version,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    press(key, size) {
      ui = pressKey(ui, key, screenExtent(model(size)))
      notify()
      if (key === 'quit') (isOpen(view.status) ? actions.stop : actions.leave)()
    },
    dispose() {
      unsubscribe()
      cancelTimer?.()
      isWaiting = true
      log.dispose()
      listeners.clear()
    },
  }
}

/** The step whose question has been open longest; without one that which has been running, or else waiting, longest. */
function firstAtWork(view: RunView) {
  for (const { path } of view.asks) {
    const asking = view.byPath.get(path)
    if (asking !== undefined) return asking
  }
  let first: RunView['nodes'][number] | undefined
  for (const node of view.active) {
    if (node.status === 'running') return node
    first ??= node
  }
  return first
}
