import { isDeepStrictEqual } from 'node:util'
import type { RunEvent } from '../../src/events.ts'
import type { RunSettlement } from '../../src/hosts/host.ts'
import type { Json } from '../../src/json.ts'
import type { Reads } from './attended.ts'
import { actionFlaws, type ActionEntry, readings, repeatFlaws } from './history-actions.ts'
import { orderFlaws } from './history-order.ts'

/** What happened to a run over all the processes that worked on it, in the order in which it happened. */
export type HistoryEntry =
  | ActionEntry
  /** A process took the run over and found these events. */
  | { readonly kind: 'opened'; readonly process: number; readonly events: readonly RunEvent[] }
  /** An effect began; `durable` events were on disk then. */
  | {
      readonly kind: 'began'
      readonly process: number
      readonly effect: number
      readonly path: string
      readonly attempt: number
      readonly key: string
      readonly durable: number
      /** What it was given. */
      readonly input?: Json
    }
  /** What an effect that began gave. */
  | { readonly kind: 'gave'; readonly effect: number; readonly output: Json }
  /** Processes are gone; these events must outlive them. */
  | { readonly kind: 'died'; readonly committed: readonly RunEvent[] }
  /** Somebody destroyed what was on disk, from an event on. */
  | { readonly kind: 'damaged'; readonly lost: readonly RunEvent[] }
  /** Whoever ran it was told its end. */
  | {
      readonly kind: 'settled'
      readonly process: number
      readonly settlement: RunSettlement
      /** Events that the journal had then, and how many of them were on disk. */
      readonly written: number
      readonly durable: number
    }

export interface History {
  readonly entries: readonly HistoryEntry[]
  /** The journal when all was over. */
  readonly events: readonly RunEvent[]
  /** How the run ends when nothing goes wrong, where that does not depend on time. */
  readonly expected?: RunSettlement
  /** Steps that may be under way at once, but for those in `waiting`. */
  readonly concurrency: number
  readonly waiting?: ReadonlySet<string>
  /** What each step must have been given, and what comes out, by the results that count. */
  readonly reads?: Reads
  /** How child runs ended that are at an end, by the paths of their steps. */
  readonly children?: ReadonlyMap<string, readonly Json[]>
}

/** A promise that was not kept. */
export interface Violation {
  readonly code:
    | 'NEVER_ENDED'
    | 'ORDER'
    | 'EVENTS_LOST'
    | 'UNSYNCED'
    | 'STARTED_TWICE'
    | 'REDONE'
    | 'NOT_DONE'
    | 'NO_LONGER_WRITER'
    | 'OTHER_OUTPUT'
    | 'OTHER_INPUT'
    | 'ACTION_LOST'
    | 'CHILD'
    | 'DEFECT'
  readonly message: string
}

type Began = Extract<HistoryEntry, { kind: 'began' }>

/** Every promise of durability that this history breaks; empty when it keeps them all. Pure. */
export function checkHistory(history: History): Violation[] {
  return [
    ...actionFlaws('run', history.entries, history.events).map((message): Violation => ({ code: 'ACTION_LOST', message })),
    ...orderFlaws(history.events, history.concurrency, history.waiting).map((message): Violation => ({ code: 'ORDER', message })),
    ...readFlaws(history),
    ...lostEvents(history),
    ...lateWriters(history),
    ...effectFlaws(history),
    ...endFlaws(history),
  ]
}

/** What was on disk before a crash is found after it, and at the end. */
function lostEvents({ entries, events }: History): Violation[] {
  const found: Violation[] = []
  let committed: readonly RunEvent[] = []
  const compare = (kept: readonly RunEvent[], when: string): void => {
    const at = committed.findIndex((event, index) => !isDeepStrictEqual(event, kept[index]))
    if (at === -1) return
    const there = kept[at] === undefined ? 'is gone' : `is now ${told(kept[at])}`
    found.push({ code: 'EVENTS_LOST', message: `${when}, ${told(committed[at])} ${there}: it was on disk` })
  }
  for (const entry of entries) {
    if (entry.kind === 'died') {
      committed = entry.committed
    } else if (entry.kind === 'opened') {
      compare(entry.events, `when process ${entry.process} took over`)
    }
  }
  compare(events, 'at the end')
  return found
}

/** Once another process has the run, the one before starts nothing and tells nobody an end. */
function lateWriters({ entries }: History): Violation[] {
  let writer = 0
  return entries.flatMap((entry): Violation[] => {
    if (entry.kind === 'opened') writer = entry.process
    if (entry.kind === 'began' && writer !== 0 && entry.process !== writer) {
      return [{ code: 'NO_LONGER_WRITER', message: `process ${entry.process} began ${entry.key} after ${writer} took over` }]
    }
    return []
  })
}

/** An effect begins after its start is on disk, once per start, never for what has its end on disk; and each end was given by one. */
function effectFlaws({ entries, events, children }: History): Violation[] {
  const found: Violation[] = []
  const byStart = new Map<number, Began>()
  const given = new Map<number, Json>()
  const byKey = new Map<string, Began[]>()
  let committed: readonly RunEvent[] = []
  for (const [index, entry] of entries.entries()) {
    if (entry.kind === 'gave') given.set(entry.effect, entry.output)
    if (entry.kind === 'died') committed = entry.committed
    if (entry.kind !== 'began') continue
    const destroyed = destroyedAfter(entries, index, entry.durable)
    const start = startOf(destroyed.length === 0 ? events : [...events.slice(0, (destroyed[0]?.seq ?? 1) - 1), ...destroyed], entry)
    if (start !== undefined && destroyed.includes(start)) continue
    if (start === undefined || start.attempt !== entry.attempt) {
      found.push({ code: 'UNSYNCED', message: `${entry.key} began as attempt ${entry.attempt}, only ${entry.durable} events were on disk` })
    } else if (byStart.has(start.seq)) {
      found.push({ code: 'STARTED_TWICE', message: `${entry.key} began twice for ${told(start)}` })
    } else {
      byStart.set(start.seq, entry)
    }
    const before = byKey.get(entry.key) ?? []
    byKey.set(entry.key, [...before, entry])
    const end = before.map((earlier) => endOf(committed, earlier)).find((event) => event !== undefined)
    if (end !== undefined) {
      found.push({ code: 'REDONE', message: `${entry.key} began again in process ${entry.process} although ${told(end)} was on disk` })
    }
  }
  return [...found, ...groundless(events, byStart, given, children)]
}

/** What somebody destroyed later of the events that were on disk then. */
function destroyedAfter(entries: readonly HistoryEntry[], index: number, durable: number): readonly RunEvent[] {
  for (const entry of entries.slice(index)) {
    if (entry.kind === 'damaged' && (entry.lost[0]?.seq ?? Number.POSITIVE_INFINITY) <= durable) return entry.lost
  }
  return []
}

/** Ends that no effect gave, no answer and no child. */
function groundless(events: readonly RunEvent[], byStart: ReadonlyMap<number, Began>, given: ReadonlyMap<number, Json>, children: History['children']): Violation[] {
  const lastStarts = new Map<string | undefined, number>()
  const asks = new Set<string | undefined>()
  return events.flatMap((event): Violation[] => {
    if (event.type === 'step.started') lastStarts.set(event.path, event.seq)
    if (event.type === 'ask.opened') asks.add(event.path)
    // What it gives is judged with the answers.
    if (event.type !== 'step.completed' || asks.has(event.path)) return []
    if (children?.get(event.path ?? '')?.some((output) => isDeepStrictEqual(output, event.data.output)) === true) return []
    const effect = byStart.get(lastStarts.get(event.path) ?? 0)?.effect
    if (effect !== undefined && isDeepStrictEqual(given.get(effect), event.data.output)) return []
    return [{ code: 'NOT_DONE', message: `no effect gave what ${told(event)} says` }]
  })
}

function startOf(events: readonly RunEvent[], { path, durable }: Began): RunEvent | undefined {
  for (let at = Math.min(durable, events.length) - 1; at >= 0; at -= 1) {
    const event = events[at]
    if (event?.type === 'step.started' && event.path === path) return event
  }
  return undefined
}

/** The end, among these events, of the step that this effect was begun for; undefined while there is none, or it was cancelled. */
function endOf(events: readonly RunEvent[], began: Began): RunEvent | undefined {
  // Its start is not among them when it began after they were looked at, or was destroyed.
  if (began.durable > events.length) return undefined
  const start = startOf(events, began)
  if (start?.attempt !== began.attempt) return undefined
  const end = events.slice(start.seq).find(({ path, type }) => path === began.path && isEnd.has(type))
  return end?.type === 'step.cancelled' ? undefined : end
}

const isEnd: ReadonlySet<string> = new Set(['step.completed', 'step.failed', 'step.skipped', 'step.cancelled'])

/** The run ended, as it was told and as it does when nothing goes wrong. */
function endFlaws({ entries, events, expected }: History): Violation[] {
  const last = events.at(-1)
  if (last?.type !== 'run.settled') return [{ code: 'NEVER_ENDED', message: `the journal ends with ${told(last)}` }]
  const found: Violation[] = []
  if (expected !== undefined && !isDeepStrictEqual(plain(last.data), plain(expected))) {
    found.push({ code: 'OTHER_OUTPUT', message: `it ended as ${JSON.stringify(last.data)}, undisturbed as ${JSON.stringify(expected)}` })
  }
  for (const entry of entries) {
    if (entry.kind !== 'settled') continue
    if (entry.durable < entry.written) {
      found.push({ code: 'UNSYNCED', message: `process ${entry.process} told the end, only ${entry.durable} of ${entry.written} events were on disk` })
    }
    if (entry.settlement.status === 'interrupted') continue
    // It may have been taken up again since.
    const then = events[entry.written - 1]
    const end = then?.type === 'run.settled' ? then : last
    if (isDeepStrictEqual(plain(entry.settlement), plain(end.data))) continue
    found.push({ code: 'OTHER_OUTPUT', message: `process ${entry.process} told ${JSON.stringify(entry.settlement)}, the journal ${JSON.stringify(end.data)}` })
  }
  return found
}

/** Each step was given what the results before it make, and only those that were taken back are made again. */
function readFlaws({ entries, events, reads }: History): Violation[] {
  if (reads === undefined) return []
  const found = repeatFlaws(events).map((message): Violation => ({ code: 'REDONE', message }))
  const wanted = readings(events, reads)
  for (const entry of entries) {
    if (entry.kind !== 'began') continue
    const start = startOf(events, entry)
    if (start === undefined || isDeepStrictEqual(entry.input, wanted.get(start.seq))) continue
    found.push({ code: 'OTHER_INPUT', message: `${entry.key} was given ${JSON.stringify(entry.input)}, by the journal it is ${JSON.stringify(wanted.get(start.seq))}` })
  }
  const last = events.at(-1)
  if (last?.type === 'run.settled' && last.data.status === 'done' && !isDeepStrictEqual(last.data.output, wanted.get(0))) {
    found.push({ code: 'OTHER_OUTPUT', message: `it ended with ${JSON.stringify(last.data.output)}, by its results it is ${JSON.stringify(wanted.get(0))}` })
  }
  return found
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

function told(event: RunEvent | undefined): string {
  return event === undefined ? 'nothing' : `event ${event.seq} (${event.type}${event.path === undefined ? '' : ` of ${event.path}`})`
}
