/**
 * Values by place, as plain JSON that is never changed: lists of lists, 32 wide. A new value copies one list per level,
 * so that one of 10,000 costs what three of 32 do. Null stands for no value.
 */
export interface Places<T> {
  /** Levels above the lists that hold the values. */
  readonly depth: number
  readonly root: PlaceNode<T>
}
type PlaceNode<T> = readonly (T | PlaceNode<T> | null)[]

const bits = 5
const mask = 2 ** bits - 1

/** None yet, for places from 0 up to, not including, `size`. */
export function noPlaces<T>(size: number): Places<T> {
  let depth = 0
  while (2 ** (bits * (depth + 1)) < size) depth += 1
  return { depth, root: [] }
}

export function valueAt<T>({ depth, root }: Places<T>, place: number): T | undefined {
  let node: PlaceNode<T> | null = root
  for (let level = depth; level > 0 && node !== null; level -= 1) node = below(node, slotOf(place, level))
  return (node?.[place & mask] ?? undefined) as T | undefined
}

/** With this value there, or with none when it is null. */
export function withValue<T>({ depth, root }: Places<T>, place: number, value: T | null): Places<T> {
  return { depth, root: put(root, depth, place, value) ?? [] }
}

/** The first place from this one on that has a value. */
export function firstFrom<T>({ depth, root }: Places<T>, from: number): number | undefined {
  return find(root, depth, 0, from)
}

/** What has a value, in the order of the places. */
export function* entriesOf<T>(places: Places<T>): Generator<[place: number, value: T], void, undefined> {
  for (let place = firstFrom(places, 0); place !== undefined; place = firstFrom(places, place + 1)) {
    const value = valueAt(places, place)
    if (value !== undefined) yield [place, value]
  }
}

function slotOf(place: number, level: number): number {
  return (place >>> (level * bits)) & mask
}

/** Above the values there are only lists. */
function below<T>(node: PlaceNode<T>, slot: number): PlaceNode<T> | null {
  return (node[slot] ?? null) as PlaceNode<T> | null
}

/** Null when nothing is left: what is empty is passed over at once. */
function put<T>(node: PlaceNode<T>, level: number, place: number, value: T | null): PlaceNode<T> | null {
  const slot = slotOf(place, level)
  const next = [...node]
  while (next.length < slot) next.push(null)
  next[slot] = level === 0 ? value : put(below(node, slot) ?? [], level - 1, place, value)
  return value === null && next.every((one) => one === null) ? null : next
}

function find<T>(node: PlaceNode<T>, level: number, base: number, from: number): number | undefined {
  const step = 2 ** (bits * level)
  for (let slot = Math.max(0, Math.floor((from - base) / step)); slot < node.length; slot += 1) {
    const start = base + slot * step
    if (node[slot] === null) continue
    if (level === 0) return start
    const found = find(below(node, slot) ?? [], level - 1, start, from)
    if (found !== undefined) return found
  }
  return undefined
}
