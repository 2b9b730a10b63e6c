import type { Block, StepBlock, Workflow } from './ir.ts'

/** Whether the block does work itself, as against one that holds other blocks. */
export function isStep(block: Block): block is StepBlock {
  return block.kind !== 'sequence' && block.kind !== 'parallel'
}

/** The blocks directly inside, in document order; none for a step. */
export function childrenOf(block: Block): readonly Block[] {
  switch (block.kind) {
    case 'sequence':
      return block.blocks
    case 'parallel':
      return block.branches
    default:
      return []
  }
}

/** Every block of the workflow, depth first and in document order: a group comes before what it holds. */
export function workflowBlocks(workflow: Workflow): Iterable<Block> {
  return blocksIn(workflow.stages)
}

/** The same for a list of blocks. */
export function* blocksIn(blocks: readonly Block[]): Generator<Block, void, undefined> {
  for (const block of blocks) {
    yield block
    yield* blocksIn(childrenOf(block))
  }
}
