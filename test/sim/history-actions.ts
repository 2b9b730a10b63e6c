import { isDeepStrictEqual } from 'node:util'
import type { RunEvent } from '../../src/events.ts'
import type { Json } from '../../src/json.ts'
import type { RunAction } from '../../src/run-action.ts'
import type { Reads } from './attended.ts'

/** What somebody did to a run, and what they were told. */
export type ActionEntry =
  /** `written` events were in the journal before. */
  | { readonly kind: 'acted'; readonly run: string; readonly number: number; readonly process: number; readonly action: RunAction; readonly written: number }
  /** It counts: `durable` events were on disk when that was said. */
  | { readonly kind: 'acknowledged'; readonly run: string; readonly number: number; readonly durable: number }
  | { readonly kind: 'refused'; readonly run: string; readonly number: number; readonly code: string }

/** What was acknowledged and is not in the journal, or was not on disk then, or is in it more than once. */
export function actionFlaws(run: string, entries: readonly { readonly kind: string }[], events: readonly RunEvent[]): string[] {
  const acted = new Map<number, Extract<ActionEntry, { kind: 'acted' }>>()
  const flaws: string[] = []
  for (const entry of entries as readonly ActionEntry[]) if (entry.run === run && entry.kind === 'acted') acted.set(entry.number, entry)
  for (const entry of entries as readonly ActionEntry[]) {
    if (entry.run !== run) continue
    const deed = acted.get(entry.number)
    if (entry.kind !== 'acknowledged' || deed === undefined) continue
    const { action, written } = deed
    const traces = tracesOf(action, events, written)
    if (traces === undefined) continue
    const what = `${action.type} ${entry.number} (${JSON.stringify(action)})`
    if (traces.length === 0) flaws.push(`${what} was acknowledged and is not in the journal`)
    else if ((traces[0]?.seq ?? 0) > entry.durable) flaws.push(`${what} was acknowledged with ${entry.durable} events on disk; it is event ${traces[0]?.seq}`)
    const same = [...acted.values()].filter((other) => isDeepStrictEqual(other.action, action))
    if (isCounted.has(action.type) && traces.length > same.length) flaws.push(`${what} is in the journal ${traces.length} times`)
  }
  return [...flaws, ...answerFlaws(events), ...endFlaws(run, entries as readonly ActionEntry[], events)]
}

const isCounted: ReadonlySet<string> = new Set(['answer', 'send'])

/** The events that say that it was done; undefined for what leaves none. No two actions have the same text or value. */
function tracesOf(action: RunAction, events: readonly RunEvent[], written: number): readonly RunEvent[] | undefined {
  switch (action.type) {
    case 'pause':
      return undefined
    case 'answer':
      return events.filter((event) => event.type === 'ask.answered' && event.data.ask === action.ask && isDeepStrictEqual(event.data.value, action.value))
    case 'send':
      return events.filter((event) => event.type === 'event.received' && isDeepStrictEqual(event.data.payload, action.payload))
    case 'retry':
      return events.filter((event) => event.seq > written && event.type === 'run.resumed' && event.data.again !== undefined)
    case 'cancel':
      return events.filter((event) => event.type === 'step.cancelled' && event.data.reason === action.reason)
  }
}

/** Each question is answered once, by an event that was received where it waits for one, and its step gives just that. */
function answerFlaws(events: readonly RunEvent[]): string[] {
  const flaws: string[] = []
  const answers = new Map<string, Json>()
  const received = new Map<number, { readonly payload: Json; readonly answered: number[] }>()
  const last = new Map<string, string>()
  for (const event of events) {
    const { seq, path = '' } = event
    if (event.type === 'ask.opened') last.set(path, event.data.ask)
    if (event.type === 'event.received') received.set(seq, { payload: event.data.payload, answered: [] })
    if (event.type === 'ask.answered') {
      const { ask, value, received: by } = event.data
      if (answers.has(ask)) flaws.push(`event ${seq} answers ${ask} again`)
      answers.set(ask, value)
      const source = by === undefined ? undefined : received.get(by)
      if (by !== undefined && !isDeepStrictEqual(source?.payload, value)) flaws.push(`event ${seq} answers ${ask} by what was not received`)
      source?.answered.push(seq)
    }
    const ask = last.get(path)
    if (event.type === 'step.completed' && ask !== undefined && !isDeepStrictEqual(answers.get(ask), event.data.output)) {
      flaws.push(`event ${seq} completes ${path} with ${JSON.stringify(event.data.output)}, answered was ${JSON.stringify(answers.get(ask))}`)
    }
  }
  for (const [seq, { answered }] of received) {
    // All who wait at that moment get it; who comes later gets it alone.
    const isAtOnce = answered.every((at, index) => at === seq + 1 + index)
    if (!isAtOnce && answered.length > 1) flaws.push(`event ${seq} was given out ${answered.length} times: as ${answered.join(', ')}`)
  }
  return flaws
}

/** A run that was cancelled, and not taken up again by a retry, ends as that. */
function endFlaws(run: string, entries: readonly ActionEntry[], events: readonly RunEvent[]): string[] {
  return entries.flatMap((entry) => {
    if (entry.kind !== 'acted' || entry.run !== run || entry.action.type !== 'cancel' || entry.action.path !== undefined) return []
    const { reason } = entry.action
    if (!entries.some((other) => other.kind === 'acknowledged' && other.run === run && other.number === entry.number)) return []
    const at = events.findIndex((event) => event.type === 'step.cancelled' && event.data.reason === reason)
    const after = events.slice(at).find(({ type, data }) => type === 'run.settled' || (type === 'run.resumed' && 'again' in data))
    if (at === -1 || after?.type !== 'run.settled' || after.data.status === 'cancelled') return []
    return [`the run was cancelled (event ${at + 1}) and ended as ${after.data.status}`]
  })
}

/**
 * What each start of a step must have been given, by the number of its event, and the run's last output under 0: from the
 * results that count at that moment. `again` says which do not any more.
 */
export function readings(events: readonly RunEvent[], reads: Reads): ReadonlyMap<number, Json | undefined> {
  const outputs = new Map<string, Json>()
  const found = new Map<number, Json | undefined>()
  for (const event of events) {
    const { path = '', seq } = event
    if (event.type === 'step.completed') outputs.set(path, event.data.output)
    if (event.type === 'step.started') found.set(seq, reads(path, outputs))
    if (event.type === 'run.resumed') {
      for (const known of [...outputs.keys()]) if (isRepeated(known, event)) outputs.delete(known)
    }
  }
  return found.set(0, reads('', outputs))
}

/** Steps that begin again although they had ended, and nobody wanted that. */
export function repeatFlaws(events: readonly RunEvent[]): string[] {
  const ended = new Set<string>()
  const flaws: string[] = []
  for (const event of events) {
    const { path = '', seq } = event
    if (event.type === 'step.completed') ended.add(path)
    if ((event.type === 'step.queued' || event.type === 'step.started') && ended.has(path)) flaws.push(`event ${seq} (${event.type}) has ${path} done again, which nobody wanted`)
    if (event.type === 'run.resumed') for (const known of [...ended]) if (isRepeated(known, event)) ended.delete(known)
  }
  return flaws
}

/** Whether the step is one that runs again by this. */
export function isRepeated(path: string, { data }: Extract<RunEvent, { type: 'run.resumed' }>): boolean {
  return [...(data.again ?? []), ...(data.undone ?? [])].some((block) => path === block || path.startsWith(`${block}.`))
}
