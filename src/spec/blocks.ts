import type { Block, BranchGroup, StepBlock, Workflow } from './ir.ts'

/** Whether the block does work itself, as against one that holds other blocks. */
export function isStep(block: Block): block is StepBlock {
  switch (block.kind) {
    case 'agent':
    case 'run':
    case 'call':
    case 'http':
    case 'wait':
    case 'event':
    case 'ask':
    case 'workflow':
      return true
    default:
      return false
  }
}

/** Whether the step does nothing but wait, for a time, a person or an event: it takes nobody's place, and loses nothing with its process. */
export function isWaiting(kind: Block['kind']): boolean {
  return kind === 'wait' || kind === 'event' || kind === 'ask'
}

/** Whether the block has branches that run at once. */
export function isBranchGroup(block: Block): block is BranchGroup {
  return block.kind === 'parallel' || block.kind === 'graph' || block.kind === 'map'
}

/** The blocks directly inside, in document order; for a map its body, once. None for a step. */
export function innerBlocks(block: Block): readonly Block[] {
  switch (block.kind) {
    case 'sequence':
      return block.blocks
    case 'parallel':
    case 'graph':
      return block.branches
    case 'map':
    case 'loop':
      return [block.do]
    case 'review':
      return [block.work, block.reviewer]
    case 'switch':
      return block.cases.map((one) => one.do)
    default:
      return []
  }
}

/** What is inside the block, and what runs after it as a part of it: `verify`, `fallback`, `ask`. */
export function childrenOf(block: Block): readonly Block[] {
  const { verify } = block
  const after = reactionBlock(block)
  if (verify === undefined && after === undefined) return innerBlocks(block)
  return [...innerBlocks(block), ...(verify === undefined ? [] : [verify]), ...(after === undefined ? [] : [after])]
}

/** The block that runs when this one has failed. */
export function reactionBlock({ onFailure }: Block): Block | undefined {
  if (typeof onFailure !== 'object') return undefined
  if ('fallback' in onFailure) return onFailure.fallback
  return 'ask' in onFailure ? onFailure.ask : undefined
}

/** Every block of the workflow, depth first and in document order: a group comes before what it holds. */
export function workflowBlocks(workflow: Workflow): Iterable<Block> {
  return blocksIn(workflow.stages)
}

/** The same for a list of blocks. */
export function* blocksIn(blocks: readonly Block[]): Generator<Block, void, undefined> {
  for (const block of blocks) {
    yield block
    const inside = childrenOf(block)
    if (inside.length > 0) yield* blocksIn(inside)
  }
}

/** Stands in a map's paths where an item's index belongs. */
export const indexMark = '[]'

/** A path inside maps with its marks filled in, outermost first: `each.[].step` and [3] give `each.3.step`. */
export function fillPath(path: string, indexes: readonly number[] | undefined): string {
  if (indexes === undefined || indexes.length === 0 || !path.includes(indexMark)) return path
  let next = 0
  return path
    .split('.')
    .map((key) => (key === indexMark ? String(indexes[next++] ?? indexMark) : key))
    .join('.')
}
