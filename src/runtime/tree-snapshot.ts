import { z } from 'zod'
import { UsageError } from '../errors.ts'
import type { Json } from '../json.ts'
import type { Cell } from './cell.ts'
import type { Program, SavedSnapshot } from './program.ts'
import { RunTree } from './run-tree.ts'
import { decodeShared, encodeShared } from './shared-json.ts'

/** A settled tree as JSON: format 1. */
const sharedSchema = z.strictObject({
  format: z.literal(1),
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

/** Everything of the tree that cannot be had from the workflow. Outputs and scopes that actors share are stored once. */
export function saveTree(tree: RunTree, program: Program): Json {
  const cells = [...tree.cells()].map((cell) => ({
    id: cell.id,
    ...(cell.name === cell.id ? {} : { name: cell.name }),
    src: cell.src,
    parent: cell.parent?.id ?? null,
    value: cell.snapshot.value,
    context: cell.snapshot.context,
    children: childSources(cell),
    effects: [...cell.effects],
    timers: Object.fromEntries(cell.timers),
    startedAt: cell.startedAt,
  }))
  return { format: 1, ...encodeShared(cells, program.index.known) } as unknown as Json
}

/**
 * The tree as it was saved. Throws UsageError TREE_UNREADABLE when it is damaged or does not fit the program's chart;
 * the journal can then be replayed from its start instead.
 */
export function loadTree(saved: Json, program: Program): RunTree {
  try {
    const { root, table } = sharedSchema.parse(saved)
    const rows = cellsSchema.parse(decodeShared({ root, table }, program.index.knownByName))
    const cells = new Map<string, Cell>()
    for (const row of rows) {
      const parent = row.parent === null ? null : cells.get(row.parent)
      if (parent === undefined) throw new Error(`actor "${row.id}" has no parent "${row.parent}"`)
      const snapshot = program.machine(row.src).restore({
        value: row.value as SavedSnapshot['value'],
        context: row.context,
        children: row.children,
      })
      const { id, src, startedAt } = row
      cells.set(id, {
        id,
        name: row.name ?? id,
        src,
        parent,
        snapshot,
        effects: new Set(row.effects),
        timers: new Map(Object.entries(row.timers)),
        startedAt,
      })
    }
    return new RunTree(program, cells.values())
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError('TREE_UNREADABLE', `The saved state does not fit this workflow: ${reason}`, { cause: error })
  }
}

function childSources(cell: Cell): Record<string, string> {
  const sources: Record<string, string> = {}
  for (const [id, child] of Object.entries(cell.snapshot.children)) {
    const src = (child as { src?: unknown } | undefined)?.src
    if (typeof src === 'string') sources[id] = src
  }
  return sources
}
