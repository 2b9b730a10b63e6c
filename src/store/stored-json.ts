import type { Json } from '../json.ts'

/**
 * JSON.parse for files that anyone may have touched: a `__proto__` key, which would become a prototype
 * as soon as the value is copied with Object.assign, is left out. Throws SyntaxError.
 */
export function parseStoredJson(text: string): Json {
  // A reviver costs several times the parse, so only when the key may be there, plain or with escapes.
  if (!text.includes('__proto__') && !text.includes(String.raw`\u00`)) return JSON.parse(text) as Json
  return JSON.parse(text, (key, value: unknown) => (key === '__proto__' ? undefined : value)) as Json
}

/** Byte offset at which a text stops being JSON; the end when it was cut short, 0 when that cannot be told. */
export function badJsonOffset(text: string, error: unknown): number {
  if (!(error instanceof SyntaxError)) return 0
  const position = /at position (\d+)/.exec(error.message)?.[1]
  if (position !== undefined) return Buffer.byteLength(text.slice(0, Number(position)))
  return error.message.includes('Unexpected end') || error.message.includes('Unterminated') ? Buffer.byteLength(text) : 0
}
