import type { Json } from '../../json.ts'

/** The longest text that an agent's event keeps whole. */
const longestText = 32_000

/** The value with its very long texts cut, each with a word of how much is left out. */
export function cutLong(value: Json): Json {
  if (typeof value === 'string') {
    return value.length <= longestText ? value : `${value.slice(0, longestText)}… (${value.length - longestText} characters left out)`
  }
  if (Array.isArray(value)) return value.map(cutLong)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, cutLong(inner ?? null)]))
}
