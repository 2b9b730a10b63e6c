import type { Json } from '../json.ts'

/**
 * JSON for values that share parts. What is reached more than once is written once, in a table, and is one object again
 * after decoding; `known` objects, which the reader has anyway, are written by name only.
 */
export interface SharedJson {
  readonly root: Json
  readonly table: readonly Json[]
}

/** Strings from this length on are shared as well. */
const longString = 256

/** The value must be JSON apart from its sharing: no cycles. */
export function encodeShared(value: unknown, known: ReadonlyMap<object, string>): SharedJson {
  const seen = new Map<unknown, number>()
  const count = (node: unknown): void => {
    if (!isSharable(node)) return
    const times = (seen.get(node) ?? 0) + 1
    seen.set(node, times)
    if (times > 1 || typeof node === 'string' || known.has(node)) return
    for (const child of Array.isArray(node) ? node : Object.values(node)) count(child)
  }
  count(value)

  const table: Json[] = []
  const places = new Map<unknown, number>()
  const write = (node: unknown): Json => {
    if (!isSharable(node)) return node as Json
    const name = typeof node === 'string' ? undefined : known.get(node)
    if (name !== undefined) return { $known: name }
    if ((seen.get(node) ?? 0) < 2) return writePlain(node)
    let place = places.get(node)
    if (place === undefined) {
      const body = writePlain(node)
      place = table.push(body) - 1
      places.set(node, place)
    }
    return { $shared: place }
  }
  const writePlain = (node: object | string): Json => {
    if (typeof node === 'string') return node
    if (Array.isArray(node)) return node.map(write)
    const entries = Object.entries(node).filter(([, child]) => child !== undefined)
    const body = fromEntries<Json>(entries.map(([key, child]) => [key, write(child)]))
    // An object of the user's that looks like one of our marks is wrapped.
    return isMark(body) ? { $plain: body } : body
  }
  const root = write(value)
  return { root, table }
}

/** Inverse of `encodeShared`. Throws RangeError when the JSON names what is not there. */
export function decodeShared(json: SharedJson, known: ReadonlyMap<string, object>): unknown {
  const table: unknown[] = []
  const read = (node: Json): unknown => {
    if (typeof node !== 'object' || node === null) return node
    if (Array.isArray(node)) return node.map(read)
    const entries = Object.entries(node)
    const [first] = entries
    if (entries.length === 1 && first !== undefined) {
      const [key, inner] = first
      if (key === '$shared') return required(table, Number(inner), inner)
      if (key === '$known') return known.get(String(inner)) ?? missing(inner)
      if (key === '$plain' && inner !== undefined) return readObject(inner)
    }
    return readObject(node)
  }
  const readObject = (node: Json): object =>
    fromEntries(Object.entries(node as object).map(([key, child]) => [key, read(child as Json)]))
  // A table entry only names entries before it.
  for (const entry of json.table) table.push(read(entry))
  return read(json.root)
}

function isSharable(node: unknown): node is object | string {
  return typeof node === 'string' ? node.length >= longString : typeof node === 'object' && node !== null
}

function isMark(node: object): boolean {
  const keys = Object.keys(node)
  return keys.length === 1 && (keys[0] === '$shared' || keys[0] === '$known' || keys[0] === '$plain')
}

/** Like Object.fromEntries, which defines properties and so keeps a key `__proto__` a key. */
function fromEntries<T>(entries: [string, T][]): Record<string, T> {
  return Object.fromEntries(entries)
}

function required(table: readonly unknown[], place: number, name: unknown): unknown {
  return place < table.length ? table[place] : missing(name)
}

function missing(name: unknown): never {
  throw new RangeError(`The saved state names ${JSON.stringify(name)}, which is not there.`)
}
