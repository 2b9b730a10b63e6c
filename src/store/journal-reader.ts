import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import { eventDataSchemas, parseRunEvent, type RunEvent } from '../events.ts'
import { atOnce } from '../in-turns.ts'
import { isRoom } from './journal-room.ts'

/**
 * Why a journal cannot be read past a line: `torn` its end never got to the disk (or is being written right now),
 * `newer` a whole line whose type this version does not know, `damaged` anything else.
 */
export interface BadLine {
  readonly kind: 'torn' | 'damaged' | 'newer'
  /** Byte offset of the line. */
  readonly offset: number
  /** Counts from 1. */
  readonly line: number
  readonly reason: string
  /** Lines from the bad one on, and how many of those after it are events still. */
  readonly lines: number
  readonly readableAfter: number
}

export interface JournalScan {
  readonly events: RunEvent[]
  /** Everything before is whole, good lines; behind may be room. */
  readonly goodBytes: number
  readonly bad?: BadLine
}

const newline = 0x0a

interface ScanOptions {
  readonly runId: string
  /** What the first line must be numbered; 1 unless told. */
  readonly firstSeq?: number
}

/** Reads the lines of a journal up to the first bad one. */
export function scanJournal(bytes: Buffer, options: ScanOptions): JournalScan {
  return atOnce(scanningJournal(bytes, options))
}

/** Lines that are read in one go. */
const linesAtOnce = 1_000

/** The same piece by piece. */
export function* scanningJournal(bytes: Buffer, options: ScanOptions): Generator<void, JournalScan, void> {
  const events: RunEvent[] = []
  const firstSeq = options.firstSeq ?? 1
  // Invalid bytes would silently become replacement characters.
  const allText = isUtf8(bytes)
  let start = 0
  while (start < bytes.length) {
    const end = bytes.indexOf(newline, start)
    if (end === -1) {
      return { events, goodBytes: start, bad: describe(bytes, start, events.length, cutShort.kind, cutShort.reason) }
    }
    if (end === start && isRoom(bytes, end)) break
    const seq = firstSeq + events.length
    const verdict = allText || isUtf8(bytes.subarray(start, end))
      ? readLine(bytes.toString('utf8', start, end), options.runId, seq)
      : { kind: 'damaged' as const, reason: 'it is not UTF-8 text' }
    if ('reason' in verdict) {
      const { kind, reason } = verdict.kind === 'damaged' && isUnfinished(bytes, end) ? cutShort : verdict
      return { events, goodBytes: start, bad: describe(bytes, start, events.length, kind, reason) }
    }
    events.push(verdict.event)
    start = end + 1
    if (events.length % linesAtOnce === 0) yield
  }
  return { events, goodBytes: start }
}

const cutShort = { kind: 'torn', reason: 'it is cut short' } as const

/** A line that was being written over room: room is where its rest belongs, and behind it. */
function isUnfinished(bytes: Buffer, end: number): boolean {
  return end + 1 < bytes.length && isRoom(bytes, end)
}

/** One sentence for people: which line, why, and what was behind it. */
export function describeBadLine(bad: BadLine): string {
  const rest = bad.lines - 1
  const after = rest === 0 ? '' : `; ${rest} ${rest === 1 ? 'line' : 'lines'} after it (${bad.readableAfter} of them readable) went with it`
  return `line ${bad.line} cannot be read: ${bad.reason}${after}`
}

type Verdict = { readonly event: RunEvent } | { readonly kind: 'damaged' | 'newer'; readonly reason: string }

function readLine(text: string, runId: string, seq: number): Verdict {
  let event: RunEvent
  try {
    event = parseRunEvent(text)
  } catch (error) {
    const type = unknownType(text, runId, seq)
    if (type !== undefined) return { kind: 'newer', reason: `has an event of type ${JSON.stringify(type)}, which this version does not know` }
    return { kind: 'damaged', reason: flat(error) }
  }
  if (event.seq !== seq) return { kind: 'damaged', reason: `it is event ${event.seq}, event ${seq} was due` }
  if (event.runId !== runId) return { kind: 'damaged', reason: `it belongs to the run ${JSON.stringify(event.runId)}` }
  return { event }
}

/** The type of a line that is in every other way the event that was due: no damage, but another version's work. */
function unknownType(text: string, runId: string, seq: number): string | undefined {
  try {
    const raw: unknown = JSON.parse(text)
    if (typeof raw !== 'object' || raw === null || !('type' in raw) || !('seq' in raw) || !('runId' in raw) || !('at' in raw)) return undefined
    const fits = raw.seq === seq && raw.runId === runId && typeof raw.at === 'string' && 'data' in raw
    return fits && typeof raw.type === 'string' && !Object.hasOwn(eventDataSchemas, raw.type) ? raw.type : undefined
  } catch {
    return undefined
  }
}

function describe(bytes: Buffer, offset: number, linesBefore: number, kind: BadLine['kind'], reason: string): BadLine {
  const rest = bytes.toString('utf8', offset).replace(/\n+$/, '').split('\n')
  return {
    kind,
    offset,
    line: linesBefore + 1,
    reason,
    lines: Math.max(1, rest.length),
    readableAfter: rest.slice(1).filter(isEvent).length,
  }
}

export function isEvent(line: string): boolean {
  try {
    parseRunEvent(line)
    return true
  } catch {
    return false
  }
}

function flat(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error).replaceAll(/\s+/g, ' ')
  return error instanceof Error ? error.message : String(error)
}
