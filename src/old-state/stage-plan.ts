import { isStep } from '../spec/blocks.ts'
import type { Block, ParallelBlock, ReviewBlock, Workflow } from '../spec/ir.ts'

/** The stages of a workflow as file-based orchestration counts them: in their order, those of a group one by one. */
export interface PlannedStage {
  /** Its key: the id of its block. */
  readonly key: string
  readonly place: number
  readonly block: Block
  readonly group: ParallelBlock | undefined
}

export type StagePlan = readonly PlannedStage[]

/** The stage at which nothing happens any more; it may have no block. */
export const endStage = 'COMPLETE'

export function stagePlan({ stages }: Workflow): StagePlan {
  const found = stages.flatMap((block): Pick<PlannedStage, 'block' | 'group'>[] =>
    isGroup(block) ? block.branches.map((branch) => ({ block: branch, group: block })) : [{ block, group: undefined }],
  )
  return found.map(({ block, group }, place) => ({ key: block.id, place, block, group }))
}

/** The stage of that name: as it is written, as an id is made of it, or whatever its case. */
export function plannedStage(plan: StagePlan, name: string): PlannedStage | undefined {
  const id = name.replace(/[^A-Za-z0-9_]+/g, '-')
  const sameCase = plan.find(({ key }) => key === name || key === id)
  return sameCase ?? plan.find(({ key }) => key.toUpperCase() === id.toUpperCase())
}

/** The stage that a step is part of. */
export function stageOfPath(plan: StagePlan, path: string): PlannedStage | undefined {
  return plan.find(({ block }) => path === block.path || path.startsWith(`${block.path}.`))
}

/** Whether rounds of a review are about the work of an earlier stage, not about its own. */
export function isOfOthers(block: ReviewBlock): boolean {
  return block.input !== undefined
}

/** Whether a review is rounds of acceptance tests: its work is to fix, so there is none in the first round. */
export function isAcceptance(block: Block): boolean {
  return block.kind === 'review' && block.work.when !== undefined
}

/** Branches are stages, unless they are several agents that do one and the same stage. */
function isGroup(block: Block): block is ParallelBlock {
  if (block.kind !== 'parallel') return false
  const [first] = block.branches
  const prompt = first?.kind === 'agent' ? first.prompt : undefined
  return prompt === undefined || !block.branches.every((branch) => branch.kind === 'agent' && branch.prompt === prompt)
}

/** Paths of the steps inside a block, in the order of the document. */
export function stepPaths(block: Block, inner: (block: Block) => readonly Block[]): string[] {
  return isStep(block) ? [block.path] : inner(block).flatMap((one) => stepPaths(one, inner))
}
