import type { StateValue } from 'xstate'
import { z } from 'zod'
import { UsageError } from '../errors.ts'
import { atOnce } from '../in-turns.ts'
import type { Json } from '../json.ts'
import { actorId, type Cell, isStepCell } from './cell.ts'
import type { Program, SavedSnapshot } from './program.ts'
import { RunTree } from './run-tree.ts'
import { decodeShared, type NameOf, type PartOf, SharedEncoder } from './shared-json.ts'

/** A settled tree as JSON. One of an older format is not read: the journal is replayed from its start instead. */
const format = 4
const sharedSchema = z.strictObject({
  format: z.literal(format),
  // Not z.json(), which drops keys named `__proto__`. What is inside is checked after decoding.
  root: z.custom<Json>(),
  table: z.array(z.custom<Json>()),
})
const cellsSchema = z.array(
  z.strictObject({
    id: z.string(),
    name: z.string().optional(),
    src: z.string(),
    parent: z.string().nullable(),
    value: z.union([z.string(), z.record(z.string(), z.unknown())]),
    context: z.custom<SavedSnapshot['context']>((value) => typeof value === 'object' && value !== null),
    children: z.record(z.string(), z.string()),
    effects: z.array(z.enum(['execute', 'slot'])),
    timers: z.record(
      z.string(),
      z.strictObject({ event: z.looseObject({ type: z.string() }), dueAt: z.number() }),
    ),
    startedAt: z.number(),
  }),
)

/** Objects that are encoded in one go. */
const partsAtOnce = 2_500

/** Objects that an actor takes apart from what its machine holds. */
const partsOfRow = 4

/** Finds parts of a tree elsewhere: in the events of the run's journal, by their numbers. */
export interface KeptElsewhere {
  readonly seqOf: (part: object | string) => number | undefined
  readonly partAt: (seq: number) => unknown
}
const nowhere: KeptElsewhere = { seqOf: () => undefined, partAt: () => undefined }

export interface WrittenTree {
  readonly saved: Json
  /** The number of objects in it: what it costs to write. */
  readonly parts: number
}

/** Everything of the tree that cannot be had from the workflow. Outputs and scopes that actors share are stored once. */
export function saveTree(tree: RunTree, program: Program): Json {
  return writeTree(tree, program).saved
}

/** The same; of what is kept elsewhere it holds the number only. */
export function writeTree(tree: RunTree, program: Program, kept: Pick<KeptElsewhere, 'seqOf'> = nowhere): WrittenTree {
  return atOnce(writingTree(tree, program, kept))
}

/** The same piece by piece. The tree may go on meanwhile: it is written as it is when this is called. */
export function writingTree(tree: RunTree, program: Program, kept: Pick<KeptElsewhere, 'seqOf'>): Generator<void, WrittenTree, void> {
  // What actors hold is never changed, only replaced.
  const rows: Row[] = []
  for (const cell of tree.cells()) {
    const { snapshot, effects, timers, startedAt } = cell
    rows.push({ cell, snapshot, effects, timers, startedAt })
  }
  const { known } = program.index
  return writingRows(rows, (part) => (typeof part === 'string' ? undefined : known.get(part)) ?? kept.seqOf(part))
}

/** An actor as it was. */
interface Row extends Pick<Cell, 'snapshot' | 'effects' | 'timers' | 'startedAt'> {
  readonly cell: Pick<Cell, 'id' | 'name' | 'src' | 'parent'>
}

function* writingRows(rows: readonly Row[], nameOf: NameOf): Generator<void, WrittenTree, void> {
  const encoder = new SharedEncoder(nameOf)
  let before = 0
  for (const { snapshot, timers } of rows) {
    encoder.count(snapshot.value)
    encoder.count(snapshot.context)
    for (const { event } of timers) encoder.count(event)
    if (encoder.parts - before < partsAtOnce) continue
    before = encoder.parts
    yield
  }
  const root: Json[] = []
  // As many in one go as there were on average.
  const rowsAtOnce = Math.ceil((rows.length * partsAtOnce) / Math.max(1, encoder.parts))
  for (const { cell, snapshot, effects, timers, startedAt } of rows) {
    const { id, name, src, parent } = cell
    const { value, context } = snapshot
    root.push(encoder.write({
      id,
      ...(name === id ? {} : { name }),
      src,
      parent: parent?.id ?? null,
      effects,
      timers: Object.fromEntries(timers.map((timer) => [timer.name, { event: timer.event, dueAt: timer.dueAt }])),
      startedAt,
      value,
      context,
      children: childSources(snapshot),
    }))
    if (root.length % rowsAtOnce === 0) yield
  }
  return { saved: { format, root, table: encoder.table }, parts: encoder.parts + rows.length * partsOfRow }
}

/**
 * The tree as it was saved. Throws UsageError TREE_UNREADABLE when it is damaged or does not fit the program's chart;
 * the journal can then be replayed from its start instead.
 */
export function loadTree(saved: Json, program: Program, kept: Pick<KeptElsewhere, 'partAt'> = nowhere): RunTree {
  const partOf: PartOf = (name) => (typeof name === 'string' ? program.index.knownByName.get(name) : kept.partAt(name))
  try {
    const { root, table } = sharedSchema.parse(saved)
    const rows = cellsSchema.parse(decodeShared({ root, table }, partOf))
    const cells = new Map<string, Cell>()
    for (const row of rows) {
      if (cells.has(row.id)) throw new Error(`actor "${row.id}" is there twice`)
      const parent = row.parent === null ? null : cells.get(row.parent)
      if (parent === undefined) throw new Error(`actor "${row.id}" has no parent "${row.parent}"`)
      const snapshot = program.machine(row.src).restore({
        value: row.value as SavedSnapshot['value'],
        context: row.context,
        children: row.children,
      })
      // A region that it does not have would be entered without what is invoked there, and never end.
      if (!isSameState(snapshot.value, row.value)) throw new Error(`actor "${row.id}" is not in a state of its machine`)
      const { id, src, startedAt } = row
      cells.set(id, {
        id,
        name: row.name ?? id,
        src,
        parent,
        snapshot,
        effects: row.effects,
        timers: Object.entries(row.timers).map(([name, { event, dueAt }]) => ({ name, event, dueAt })),
        children: undefined,
        startedAt,
      })
    }
    checkFamily(rows, cells, program.chart.root)
    return new RunTree(program, cells.values())
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError('TREE_UNREADABLE', `The saved state does not fit this workflow: ${reason}`, { cause: error })
  }
}

/** One root, unless the tree has ended, and below it every actor and every work for the host that machines wait for. */
function checkFamily(rows: z.infer<typeof cellsSchema>, cells: ReadonlyMap<string, Cell>, root: string): void {
  if (rows.some(({ id, parent }) => (parent === null) !== (id === root))) throw new Error('its root is not that of the chart')
  for (const { id, children, effects } of rows) {
    const cell = cells.get(id)
    if (cell === undefined) continue
    for (const [name, src] of Object.entries(children)) {
      const child = cells.get(actorId(cell, name))
      const isThere = isStepCell(cell) ? effects.some((effect) => effect === name) : child?.parent === cell && child.src === src
      if (!isThere) throw new Error(`actor "${id}" waits for "${name}", which is not there`)
    }
  }
}

function isSameState(left: StateValue, right: unknown): boolean {
  if (typeof left === 'string' || typeof right !== 'object' || right === null) return left === right
  const regions = Object.entries(left)
  return regions.length === Object.keys(right).length && regions.every(([name, state]) => state !== undefined && isSameState(state, (right as Record<string, unknown>)[name]))
}

function childSources(snapshot: Cell['snapshot']): Record<string, string> {
  const sources: Record<string, string> = {}
  for (const [id, child] of Object.entries(snapshot.children)) {
    const src = (child as { src?: unknown } | undefined)?.src
    if (typeof src === 'string') sources[id] = src
  }
  return sources
}
