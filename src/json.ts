/** A value that JSON can hold. `undefined` inside an object means the key is absent. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

/** A JSON Schema document (draft 2020-12), kept as plain data. */
export type JsonSchema = JsonObject | boolean

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value as one would write it into a text: strings as they are, all else as JSON, absent as ''. */
export function toText(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What `JSON.parse` says is wrong, without the piece of the text that it may quote: in half a key nobody could see one. */
export function jsonFault(message: string): string {
  return message.replace(/, (?:\.\.\.)?"[\s\S]*(?= is not valid JSON)/, '')
}

/** JSON text with object keys sorted at every level: equal values give equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (!isJsonObject(inner)) return inner
    const sorted: Record<string, unknown> = {}
    for (const key of Object.keys(inner).sort()) sorted[key] = inner[key]
    return sorted
  })
}
