import { TerminalError } from '../errors.ts'
import type { Json } from '../json.ts'

const deepest = 500

/**
 * A copy of what a function returned, as JSON: undefined becomes null, dates become ISO strings, objects with `toJSON`
 * what it gives, undefined properties are left out. Throws TerminalError OUTPUT_NOT_JSON with the path of what JSON
 * cannot hold (functions, symbols, bigints, NaN, cycles, maps and other objects that would come out empty).
 */
export function toJson(value: unknown, what: string): Json {
  return convert(value, { what, path: '', above: [] })
}

interface Place {
  readonly what: string
  readonly path: string
  readonly above: readonly object[]
}

function convert(value: unknown, place: Place): Json {
  switch (typeof value) {
    case 'undefined':
      return null
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw notJson(place, `${value} is not a JSON number`)
      return value === 0 ? 0 : value
    case 'bigint':
      throw notJson(place, 'a bigint is not JSON: turn it into a number or a string')
    case 'object':
      return value === null ? null : convertObject(value, place)
    default:
      throw notJson(place, `a ${typeof value} is not JSON`)
  }
}

function convertObject(value: object, place: Place): Json {
  if (place.above.includes(value)) throw notJson(place, 'the value contains itself')
  if (place.above.length > deepest) throw notJson(place, `more than ${deepest} levels deep`)
  if (value instanceof Date && Number.isNaN(value.getTime())) throw notJson(place, 'an invalid date')
  const above = [...place.above, value]
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    const plain: unknown = value.toJSON()
    return convert(plain, { ...place, above })
  }
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => convert(item, { ...place, above, path: join(place.path, String(index)) }))
  }
  const kind = Object.prototype.toString.call(value).slice(8, -1)
  if (kind !== 'Object') throw notJson(place, `an object of kind ${kind} is not JSON${hints[kind] ?? ''}`)
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]: [string, unknown]) => [key, convert(inner, { ...place, above, path: join(place.path, key) })]),
  )
}

const hints: Readonly<Record<string, string>> = {
  Map: ': return Object.fromEntries(map)',
  Set: ': return [...set]',
  Promise: ': await it',
  Error: ': throw it to fail the step, or return its message',
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function notJson({ what, path }: Place, why: string): TerminalError {
  const where = path === '' ? 'its result' : `its result at "${path}"`
  return new TerminalError('OUTPUT_NOT_JSON', `${what} must return JSON, but in ${where}: ${why}.`, { details: { path } })
}
