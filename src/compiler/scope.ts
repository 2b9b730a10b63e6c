import type { Json } from '../json.ts'
import { indexMark } from '../spec/blocks.ts'
import type { Workflow } from '../spec/ir.ts'
import type { Outcome, Scope, StageEntry, StageTree } from '../spec/outcome.ts'
import { entryIn, withEntries, withEntry, withoutEntry } from '../spec/stage-tree.ts'

/** How an actor of the tree ends: the outcome of its block, and what finished inside it. */
export type Settlement = Outcome & { readonly nested?: StageTree }

/** The scope of a run before its first stage: `prev` is the run's input. */
export function initialScope(workflow: Workflow, input: Json, runId: string): Scope {
  return { input, run: { id: runId, workflow: workflow.name }, stages: {}, prev: input }
}

/** The scope after a block ended. What blocks inside it left under its path stays there. Shares all that did not change. */
export function recordOutcome(scope: Scope, path: string, settlement: Settlement): Scope {
  const { nested, ...outcome } = settlement
  const keys = stageKeys(path)
  const stages = putEntry(scope.stages, keys, 0, (before) => ({
    ...(before !== undefined && nested !== undefined ? withEntries(before, nested) : (before ?? nested)),
    ...stageEntry(outcome),
  }))
  const output = outputOf(outcome)
  return { ...scope, stages, prev: output === undefined ? scope.prev : output }
}

/** The same for a group with what its branches left, which becomes part of its entry and is nobody else's. */
export function recordGroup(scope: Scope, path: string, outcome: Outcome, inside: StageTree): Scope {
  const own = stageEntry(outcome)
  const stages = putEntry(scope.stages, stageKeys(path), 0, (before) =>
    // There may be very many: they are not copied when there is nothing to add them to.
    before === undefined ? Object.assign(inside, own) : { ...withEntries(before, inside), ...own },
  )
  const output = outputOf(outcome)
  return { ...scope, stages, prev: output === undefined ? scope.prev : output }
}

/** The scope with these entries under the group at `path`, which has not ended. */
export function recordInside(scope: Scope, path: string, entries: StageTree): Scope {
  const stages = putEntry(scope.stages, stageKeys(path), 0, (before) =>
    before === undefined ? entries : withEntries(before, entries),
  )
  return { ...scope, stages }
}

/** The scope without what these blocks, and those inside them, left: they run again. */
export function forgetOutcomes(scope: Scope, paths: readonly string[]): Scope {
  const stages = paths.reduce((tree, path) => dropEntry(tree, stageKeys(path), 0), scope.stages)
  return { ...scope, stages }
}

/** What expressions see of a block that ended so. */
export function stageEntry(outcome: Outcome): StageEntry {
  return {
    status: outcome.status,
    output: outputOf(outcome) ?? null,
    error: outcome.status === 'failed' ? outcome.error : null,
    usage: ('usage' in outcome ? outcome.usage : undefined) ?? null,
  }
}

/** What expressions see of the block at `path`, if it has ended. */
export function entryOf(scope: Scope, path: string): StageEntry | undefined {
  let tree: StageTree = scope.stages
  let entry: StageEntry | undefined
  for (const key of stageKeys(path)) {
    entry = entryIn(tree, key)
    if (entry === undefined) return undefined
    tree = entry as StageTree
  }
  return entry
}

/** What finished below `path`, without the block's own fields. */
export function nestedStages(scope: Scope, path: string): StageTree | undefined {
  const found = entryOf(scope, path)
  if (found === undefined) return undefined
  const { status, output, error, usage, ...nested } = found
  return nested as StageTree
}

/** Inside a map's item, expressions read what finished there without the item's index. */
export function stageKeys(path: string): string[] {
  return path.split('.').filter((key) => key !== indexMark)
}

/** Undefined for what ended without one. */
export function outputOf(outcome: Outcome): Json | undefined {
  return 'output' in outcome ? outcome.output : undefined
}

function putEntry(
  tree: StageTree,
  keys: readonly string[],
  depth: number,
  change: (before: StageTree | undefined) => StageTree | StageEntry,
): StageTree {
  const key = keys[depth]
  if (key === undefined) return tree
  const before = entryIn(tree, key)
  const after =
    depth === keys.length - 1
      ? change(before as StageTree | undefined)
      : putEntry((before ?? {}) as StageTree, keys, depth + 1, change)
  return withEntry(tree, key, after as StageEntry)
}

function dropEntry(tree: StageTree, keys: readonly string[], depth: number): StageTree {
  const key = keys[depth]
  const before = key === undefined ? undefined : entryIn(tree, key)
  if (key === undefined || before === undefined) return tree
  if (depth === keys.length - 1) return withoutEntry(tree, key)
  return withEntry(tree, key, dropEntry(before as StageTree, keys, depth + 1) as StageEntry)
}
