import type { ASTNode } from '@marcbachmann/cel-js'
import { reservedIds, type StageEntry, type StageTree } from './outcome.ts'
import { referencesOf } from './references.ts'

// A level of the tree with many blocks keeps all but its newest in shelves, so that one more costs the same however many
// there are. It stays plain JSON and is never changed. Nothing outside of this file looks at a level's own keys.

/** No block can be called so. */
const shelvesKey = '...'
const shelfSize = 32
const noShelves: readonly StageTree[] = []

export function entryIn(tree: StageTree, id: string): StageEntry | undefined {
  // Not by plain access: a block may be called `constructor`.
  if (Object.hasOwn(tree, id)) return id === shelvesKey ? undefined : tree[id]
  return shelvesOf(tree).find((shelf) => Object.hasOwn(shelf, id))?.[id]
}

/** The blocks of this level, in the order in which they first ended. */
export function* entriesIn(tree: StageTree): Generator<[id: string, entry: StageEntry], void, undefined> {
  for (const shelf of [...shelvesOf(tree), tree]) {
    for (const id in shelf) if (!isField(id)) yield [id, shelf[id] as StageEntry]
  }
}

/** Shares all but one shelf with the tree. */
export function withEntry(tree: StageTree, id: string, entry: StageEntry): StageTree {
  if (Object.hasOwn(tree, id)) return { ...tree, [id]: entry }
  const shelves = shelvesOf(tree)
  const at = shelves.findIndex((shelf) => Object.hasOwn(shelf, id))
  if (at >= 0) return withShelves(tree, shelves.with(at, { ...shelves[at], [id]: entry }))
  if (Object.keys(tree).length < shelfSize) return { ...tree, [id]: entry }
  const newest: Record<string, StageEntry> = {}
  const rest: Record<string, StageEntry> = {}
  for (const [key, value] of Object.entries(tree)) (isField(key) ? rest : newest)[key] = value
  return withShelves({ ...rest, [id]: entry }, [...shelves, newest])
}

export function withoutEntry(tree: StageTree, id: string): StageTree {
  if (entryIn(tree, id) === undefined) return tree
  if (Object.hasOwn(tree, id)) return without(tree, id)
  return withShelves(tree, shelvesOf(tree).map((shelf) => (Object.hasOwn(shelf, id) ? without(shelf, id) : shelf)))
}

/** With all of `more`, which wins. */
export function withEntries(tree: StageTree, more: StageTree): StageTree {
  return { ...unshelved(tree), ...unshelved(more) }
}

/** What of the tree an expression can see: what it names, and what of each; all, where that cannot be said. */
export type Seen = ReadonlyMap<string, Seen> | 'all'
type Level = Map<string, Level | 'all'>

/** What of `stages` an expression sees. */
export function seenBy(ast: ASTNode): Seen {
  const seen: Level = new Map()
  for (const { root, keys } of referencesOf(ast)) {
    if (root !== 'stages') continue
    if (keys.length === 0) return 'all'
    let level: Level = seen
    for (const [depth, { name }] of keys.entries()) {
      const inner: Level | 'all' = depth === keys.length - 1 ? 'all' : (level.get(name) ?? new Map())
      level.set(name, inner)
      if (inner === 'all') break
      level = inner
    }
  }
  return seen
}

/** As much of the tree as an expression sees, as it is written: entries by id, and the fields of each. */
export function treeAsSeen(tree: StageTree, seen: Seen): StageTree {
  if (seen === 'all') return wholeTree(tree)
  const found: Record<string, StageEntry> = {}
  for (const [key, inner] of seen) {
    const value = entryIn(tree, key)
    if (value !== undefined) found[key] = isField(key) ? value : (treeAsSeen(value as StageTree, inner) as StageEntry)
  }
  return found
}

const whole = new WeakMap<StageTree, StageTree>()

/** Itself when it has no shelves in it. Kept, since each of ten thousand items may look at the same one. */
function wholeTree(tree: StageTree): StageTree {
  let found = whole.get(tree)
  if (found !== undefined) return found
  const plain: Record<string, StageEntry> = { ...unshelved(tree) }
  let isSame = !Object.hasOwn(tree, shelvesKey)
  for (const [id, entry] of entriesIn(tree)) {
    const inner = wholeTree(entry as StageTree) as StageEntry
    plain[id] = inner
    isSame &&= inner === entry
  }
  found = isSame ? tree : plain
  whole.set(tree, found)
  return found
}

function unshelved(tree: StageTree): StageTree {
  if (!Object.hasOwn(tree, shelvesKey)) return tree
  return Object.assign({}, ...shelvesOf(tree), without(tree, shelvesKey))
}

function shelvesOf(tree: StageTree): readonly StageTree[] {
  return Object.hasOwn(tree, shelvesKey) ? (tree[shelvesKey] as unknown as readonly StageTree[]) : noShelves
}

function withShelves(tree: StageTree, shelves: readonly StageTree[]): StageTree {
  return { ...tree, [shelvesKey]: shelves as unknown as StageEntry }
}

function without(tree: StageTree, key: string): StageTree {
  const { [key]: _, ...rest } = tree
  return rest
}

function isField(key: string): boolean {
  return key === shelvesKey || (reservedIds as readonly string[]).includes(key)
}
