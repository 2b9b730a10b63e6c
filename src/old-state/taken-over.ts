import { z } from 'zod'
import type { RunEvent, UnnumberedEvent } from '../events.ts'
import { isJsonObject, type Json, type JsonObject } from '../json.ts'
import type { OldState } from './old-state.ts'
import { readOldState } from './read-old-state.ts'

/** The mark in the journal of a run that began as an old state: what is before it was taken over, and from what. */

const markSchema = z.strictObject({ takenOver: z.string(), file: z.string(), state: z.custom<JsonObject>(isJsonObject) })

export function takenOverEvent(state: OldState, file: string, redact: (value: Json) => Json): UnnumberedEvent {
  const text = JSON.stringify({ takenOver: state.format, file, state: redact(state.document) })
  return { type: 'log', data: { stream: 'log', text } }
}

export interface TakenOverMark {
  readonly file: string
  readonly state: OldState
  /** Number of the event that says so. */
  readonly seq: number
}

/** The old state that a run began as; undefined for any other run. */
export function takenOverMark(events: readonly RunEvent[]): TakenOverMark | undefined {
  for (const event of events) {
    if (event.type !== 'log' || event.path !== undefined || !event.data.text.startsWith('{"takenOver":')) continue
    const { file, state } = markSchema.parse(JSON.parse(event.data.text))
    return { file, state: readOldState(state, file), seq: event.seq }
  }
  return undefined
}
