import { blocksIn, childrenOf, fillPath, indexMark, innerBlocks, isBranchGroup, isStep } from '../spec/blocks.ts'
import type { Block, BranchGroup, GraphBlock, StepBlock, Workflow } from '../spec/ir.ts'
import type { Scope } from '../spec/outcome.ts'
import { reducerStep } from '../spec/reducer-step.ts'
import { limitName } from './names.ts'
import { type StageReads, stageReads } from './stage-reads.ts'

/** The blocks of a workflow by path, reducers' steps too. Unknown paths throw: a chart names only what is there. */
export interface BlockIndex {
  readonly block: (path: string) => Block
  readonly group: (path: string) => BranchGroup
  readonly step: (path: string) => StepBlock
  /** Path of what runs this block as one of its own, in the same machine; '' for the machine's own list. */
  readonly around: (path: string) => string
  /** The group that this step reduces, if that is what it does. */
  readonly reducedBy: (path: string) => BranchGroup | undefined
  /** The nodes of the graph that the expressions of one of its nodes read. */
  readonly reads: (graph: GraphBlock, node: Block) => StageReads
  /** Time limits of groups, in ms, by the name of their delay. */
  readonly limits: Readonly<Record<string, number>>
  /** Names of the blocks' objects, and back: saved state names a block, it does not copy it. */
  readonly known: ReadonlyMap<object, string>
  readonly knownByName: ReadonlyMap<string, object>
}

/** An agent step without an output schema gets its agent's. */
export function indexBlocks(workflow: Workflow): BlockIndex {
  const blocks = new Map<string, Block>()
  const reduced = new Map<string, BranchGroup>()
  const limits: Record<string, number> = {}
  const add = (block: Block): void => {
    blocks.set(block.path, isStep(block) ? withAgentSchema(block, workflow) : block)
  }
  for (const block of blocksIn(workflow.stages)) {
    add(block)
    if (!isStep(block) && block.timeoutMs !== undefined) limits[limitName(block.path)] = block.timeoutMs
    const reducer = isBranchGroup(block) ? reducerStep(block) : undefined
    if (reducer === undefined || !isBranchGroup(block)) continue
    add(reducer)
    reduced.set(reducer.path, block)
  }
  const find = (path: string): Block => {
    const block = blocks.get(path)
    if (block === undefined) throw new Error(`Workflow "${workflow.name}" has no block "${path}".`)
    return block
  }
  const reads = new Map<Block, StageReads>()
  const around = new Map<string, string>()
  placeIn('', workflow.stages, around)
  return {
    limits,
    reads: (graph, node) => {
      let found = reads.get(node)
      if (found === undefined) {
        found = stageReads(workflow, graph.path, node)
        reads.set(node, found)
      }
      return found
    },
    known: new Map([...blocks].map(([path, block]) => [block, path])),
    knownByName: blocks,
    block: find,
    around: (path) => around.get(path) ?? '',
    reducedBy: (path) => reduced.get(path),
    group: (path) => {
      const block = find(path)
      if (!isBranchGroup(block)) throw new Error(`Block "${path}" has no branches.`)
      return block
    },
    step: (path) => {
      const block = find(path)
      if (!isStep(block)) throw new Error(`Block "${path}" is no step.`)
      return block
    },
  }
}

/** The branches of a group have machines of their own, or count with their group. What runs after a block counts beside it. */
function placeIn(list: string, blocks: readonly Block[], around: Map<string, string>): void {
  for (const block of blocks) {
    around.set(block.path, list)
    const all = childrenOf(block)
    if (all.length === 0) continue
    const inside = innerBlocks(block)
    placeIn(isBranchGroup(block) ? '' : block.path, inside, around)
    placeIn(list, all.slice(inside.length), around)
  }
}

/** A step as it is inside the items of maps: with their indexes in its path. */
export function stepInstance(block: StepBlock, at: Scope['at']): StepBlock {
  if (at === undefined || at.length === 0) return block
  return { ...block, ...placeOf(block, at) }
}

/** Where a block stands, for an event: its path, the group around it and its branch there. */
export function placeOf(
  block: Pick<Block, 'path' | 'group' | 'branch'>,
  at: Scope['at'],
): { path: string; group?: string; branch?: string } {
  const path = fillPath(block.path, at)
  if (block.group === undefined) return { path }
  const group = fillPath(block.group, at)
  // The branch of a map's body is its item.
  const branch = block.branch ?? at?.[block.group.split('.').filter((key) => key === indexMark).length]
  return { path, group, ...(branch === undefined ? {} : { branch: String(branch) }) }
}

function withAgentSchema(block: StepBlock, workflow: Workflow): StepBlock {
  if (block.kind !== 'agent' || block.output !== undefined) return block
  const output = workflow.agents[block.agent]?.output
  return output === undefined ? block : { ...block, output }
}
