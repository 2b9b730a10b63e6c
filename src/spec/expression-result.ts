import { Optional } from '@marcbachmann/cel-js'
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import type { Json } from '../json.ts'

/**
 * A CEL value as JSON: whole numbers become numbers, instants and durations text, bytes base64, an absent optional
 * null. The same object comes back when nothing in it had to change. Throws a RangeError for NaN and infinities.
 */
export function toJson(value: unknown): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'bigint':
      return Number(value)
    case 'number':
      if (Number.isFinite(value)) return value
      throw new RangeError(Number.isNaN(value) ? 'the result is not a number' : 'the result is infinite')
    case 'object':
      return value === null ? null : objectToJson(value)
    default:
      return null
  }
}

function objectToJson(value: object): Json {
  if (Array.isArray(value)) return listToJson(value)
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [String(key), toJson(inner)]))
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Optional) return value.hasValue() ? toJson(value.value()) : null
  if (value instanceof UnsignedInt) return Number(value.value)
  if (value instanceof Duration) return value.toString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return recordToJson(value)
  return 'name' in value && typeof value.name === 'string' ? value.name : {}
}

function listToJson(list: readonly unknown[]): Json {
  const converted = list.map(toJson)
  return converted.every((value, index) => value === list[index]) ? (list as readonly Json[]) : converted
}

function recordToJson(record: object): Json {
  let changed = false
  const entries = Object.entries(record).map(([key, value]): [string, Json | undefined] => {
    const converted = value === undefined ? undefined : toJson(value)
    changed ||= converted !== value
    return [key, converted]
  })
  return changed ? Object.fromEntries(entries) : (record as Json)
}
