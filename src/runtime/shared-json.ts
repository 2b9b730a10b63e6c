import type { Json } from '../json.ts'

/**
 * JSON for values that share parts. What is reached more than once is written once, in a table, and is one object again
 * after decoding; parts that have a name, which the reader has anyway, are written as their name only.
 */
export interface SharedJson {
  readonly root: Json
  readonly table: readonly Json[]
}

/** What a part is called that the reader has anyway. */
export type PartName = string | number
/** Undefined for a part that is to be written. */
export type NameOf = (part: object | string) => PartName | undefined
/** Undefined when there is none of that name. */
export type PartOf = (name: PartName) => unknown

/** Strings from this length on are shared, and may have names, as well: below it a mark saves little. */
export const longString = 64

/** The value must be JSON apart from its sharing: no cycles. */
export function encodeShared(value: unknown, nameOf: NameOf): SharedJson {
  const encoder = new SharedEncoder(nameOf)
  encoder.count(value)
  const root = encoder.write(value)
  return { root, table: encoder.table }
}

/** The same piece by piece: all of them are to be counted before the first one is written. */
export class SharedEncoder {
  readonly table: Json[] = []
  readonly #nameOf: NameOf
  readonly #seen = new Set<object | string>()
  readonly #shared = new Set<object | string>()
  readonly #places = new Map<object | string, number>()

  constructor(nameOf: NameOf) {
    this.#nameOf = nameOf
  }

  /** Objects and long strings counted so far, once each: what it costs to write them. */
  get parts(): number {
    return this.#seen.size
  }

  count(value: unknown): void {
    if (isSharable(value)) this.#count(value)
  }

  write(value: unknown): Json {
    if (!isSharable(value)) return value as Json
    const name = this.#nameOf(value)
    if (name !== undefined) return { $known: name }
    if (!this.#shared.has(value)) return this.#writePlain(value)
    let place = this.#places.get(value)
    if (place === undefined) {
      const body = this.#writePlain(value)
      place = this.table.push(body) - 1
      this.#places.set(value, place)
    }
    return { $shared: place }
  }

  #count(part: object | string): void {
    if (this.#seen.has(part)) {
      this.#shared.add(part)
      return
    }
    this.#seen.add(part)
    if (typeof part === 'string' || this.#nameOf(part) !== undefined) return
    for (const child of Array.isArray(part) ? part : Object.values(part)) if (isSharable(child)) this.#count(child)
  }

  #writePlain(part: object | string): Json {
    if (typeof part === 'string') return part
    if (Array.isArray(part)) return part.map((child) => this.write(child))
    const body: Record<string, Json> = {}
    for (const [key, child] of Object.entries(part)) {
      if (child === undefined) continue
      // As a name like any other: setting it would set the prototype.
      if (key === '__proto__') Object.defineProperty(body, key, { ...ownValue, value: this.write(child) })
      else body[key] = this.write(child)
    }
    // An object of the user's that looks like one of our marks is wrapped.
    return isMark(body) ? { $plain: body } : body
  }
}

const ownValue = { configurable: true, enumerable: true, writable: true } as const

/** Inverse of `encodeShared`. Throws RangeError when the JSON names what is not there. */
export function decodeShared(json: SharedJson, partOf: PartOf): unknown {
  const table: unknown[] = []
  const read = (node: Json): unknown => {
    if (typeof node !== 'object' || node === null) return node
    if (Array.isArray(node)) return node.map(read)
    const entries = Object.entries(node)
    const [first] = entries
    if (entries.length === 1 && first !== undefined) {
      const [key, inner] = first
      if (key === '$shared') return required(table, Number(inner), inner)
      if (key === '$known') return (isName(inner) ? partOf(inner) : undefined) ?? missing(inner)
      if (key === '$plain' && inner !== undefined) return readObject(inner)
    }
    return readObject(node)
  }
  // Which defines properties, and so keeps a key `__proto__` a key.
  const readObject = (node: Json): object =>
    Object.fromEntries(Object.entries(node as object).map(([key, child]) => [key, read(child as Json)]))
  // A table entry only names entries before it.
  for (const entry of json.table) table.push(read(entry))
  return read(json.root)
}

function isName(name: unknown): name is PartName {
  return typeof name === 'string' || typeof name === 'number'
}

/** Whether a part is worth a mark in its place. */
export function isSharable(node: unknown): node is object | string {
  return typeof node === 'string' ? node.length >= longString : typeof node === 'object' && node !== null
}

function isMark(node: object): boolean {
  if (!('$shared' in node || '$known' in node || '$plain' in node)) return false
  return Object.keys(node).length === 1
}

function required(table: readonly unknown[], place: number, name: unknown): unknown {
  return place < table.length ? table[place] : missing(name)
}

function missing(name: unknown): never {
  throw new RangeError(`The saved state names ${JSON.stringify(name)}, which is not there.`)
}
