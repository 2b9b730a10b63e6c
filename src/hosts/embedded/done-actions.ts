import type { RunEvent } from '../../events.ts'
import type { RunAction } from '../../run-action.ts'

/** The actions that a run's journal has, by their ids. */
export class DoneActions {
  /** Most runs have none. */
  #ids: Set<string> | undefined

  take(event: RunEvent): void {
    const id = actionOf(event)
    if (id !== undefined) (this.#ids ??= new Set()).add(id)
  }

  has(action: RunAction): boolean {
    return 'id' in action && action.id !== undefined && this.#ids?.has(action.id) === true
  }
}

/** The id of the action that an event is of. */
export function actionOf(event: RunEvent): string | undefined {
  switch (event.type) {
    case 'run.resumed':
    case 'ask.answered':
    case 'event.received':
      return event.data.action
    default:
      return undefined
  }
}
