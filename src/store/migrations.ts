import { UsageError } from '../errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../json.ts'

/** Turns a document of one format into the next one; sets `format` itself. */
export type Migration = (document: JsonObject) => JsonObject

/** The formats of one kind of file: the newest, and for each older one the step to the one after it. */
export interface FormatTable {
  readonly current: number
  readonly steps: ReadonlyMap<number, Migration>
}

/** `spec.json` and `run.json` are both at their first format. A new one adds the step from the old one here. */
export const specFormats: FormatTable = { current: 1, steps: new Map() }
export const checkpointFormats: FormatTable = { current: 1, steps: new Map() }

/**
 * Brings a document to the current format. Throws UsageError FORMAT_TOO_NEW when a newer Forkchart wrote it,
 * and RUN_DAMAGED when it carries no format that ever existed.
 */
export function migrate(document: Json, table: FormatTable, file: string): JsonObject {
  if (!isJsonObject(document)) throw damaged(file, 'it does not hold an object')
  let current = document
  for (;;) {
    const { format } = current
    if (typeof format !== 'number' || !Number.isInteger(format) || format < 1) {
      throw damaged(file, format === undefined ? 'it has no "format"' : `"format" is ${JSON.stringify(format)}, not a number from 1`)
    }
    if (format === table.current) return current
    if (format > table.current) throw tooNew(file, `has format ${format}, this version reads up to ${table.current}`)
    const step = table.steps.get(format)
    if (step === undefined) throw damaged(file, `nothing reads format ${format}`)
    const next = step(current)
    // A step that does not move on would loop for ever.
    if (next.format !== format + 1) throw damaged(file, `the step from format ${format} gave ${JSON.stringify(next.format)}`)
    current = next
  }
}

export function tooNew(file: string, reason: string): UsageError {
  return new UsageError('FORMAT_TOO_NEW', `${file} was written by a newer Forkchart (it ${reason}): update Forkchart to open this run`, {
    details: { file },
  })
}

/** UsageError RUN_DAMAGED naming the file. */
export function damaged(file: string, reason: string, cause?: unknown): UsageError {
  return new UsageError('RUN_DAMAGED', `${file} is damaged: ${reason}. Restore it from a copy, or start a new run`, {
    cause,
    details: { file },
  })
}
