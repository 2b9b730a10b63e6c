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
      // A mark would be longer than one that is empty.
      if (!isEmpty(part)) this.#shared.add(part)
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
    for (const key of Object.keys(part)) {
      const child = (part as Readonly<Record<string, unknown>>)[key]
      if (child !== undefined) setOwn(body, key, this.write(child))
    }
    // An object of the user's that looks like one of our marks is wrapped.
    return isMark(body) ? { $plain: body } : body
  }
}

/** `__proto__` is a name like any other: to set it plainly would set the prototype. */
function setOwn<T>(body: Record<string, T>, key: string, value: T): void {
  if (key === '__proto__') Object.defineProperty(body, key, { configurable: true, enumerable: true, writable: true, value })
  else body[key] = value
}

/** Inverse of `encodeShared`. Throws RangeError when the JSON names what is not there. */
export function decodeShared(json: SharedJson, partOf: PartOf): unknown {
  const table: unknown[] = []
  const read = (node: Json): unknown => {
    if (typeof node !== 'object' || node === null) return node
    if (Array.isArray(node)) return node.map(read)
    const keys = Object.keys(node)
    const [key] = keys
    if (keys.length === 1 && key !== undefined) {
      const inner = (node as Readonly<Record<string, Json>>)[key] ?? null
      if (key === '$shared') return required(table, Number(inner), inner)
      if (key === '$known') return (isName(inner) ? partOf(inner) : undefined) ?? missing(inner)
      if (key === '$plain') return readObject(inner, Object.keys(inner ?? {}))
    }
    return readObject(node, keys)
  }
  const readObject = (node: Json, keys: readonly string[]): object => {
    const body: Record<string, unknown> = {}
    for (const key of keys) setOwn(body, key, read((node as Readonly<Record<string, Json>>)[key] ?? null))
    return body
  }
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

/** Whether there is nothing in an object or an array. */
export function isEmpty(part: object | string): boolean {
  return typeof part === 'object' && (Array.isArray(part) ? part.length : Object.keys(part).length) === 0
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
