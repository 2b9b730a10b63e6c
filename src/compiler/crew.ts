import type { Block, BranchGroup } from '../spec/ir.ts'
import { isStep } from '../spec/blocks.ts'
import type { ChartState, ChartTransition } from './chart.ts'
import type { Emitter } from './compile.ts'
import { branchMachineName, stateNames, stepSource } from './names.ts'
import { reducingStates } from './reducing.ts'
import { groupState, isPlain } from './sequence.ts'

/**
 * A group whose branches do not all begin at once: the nodes of a graph as what they need has ended, the items of a map
 * as many at once as it allows, wide groups that are done before all have ended. Its actors are spawned by one state,
 * which costs one event the same whatever the order and the number of those that wait.
 */
export function crewState(block: BranchGroup, onDone: readonly ChartTransition[], emitter: Emitter): ChartState {
  const params = { block: block.path }
  const { closing, states } = reducingStates(block)
  const ends = closing.map((transition) => ({
    ...transition,
    guard: { type: transition.guard === undefined ? 'crewEnded' : 'crewReduces', params },
  }))
  return groupState(block, onDone, stateNames.crew, {
    [stateNames.crew]: crewNode(block, undefined, ends, emitter),
    ...states,
  })
}

/** The state that spawns and awaits the branches, or those of a slice of them; `ends` are taken once they have ended. */
export function crewNode(
  block: BranchGroup,
  slice: { readonly from: number; readonly to: number } | undefined,
  ends: readonly ChartTransition[],
  emitter: Emitter,
): ChartState {
  const params = { block: block.path, ...slice }
  const bodies = block.kind === 'map' ? [block.do] : block.branches.slice(slice?.from, slice?.to)
  for (const body of bodies) if (branchSource(body) !== stepSource) emitter.branchMachine(body)
  return {
    entry: [{ type: 'startBranches', params }],
    always: ends.map((transition) => ({ ...transition, guard: transition.guard ?? { type: 'crewEnded' } })),
    on: {
      ...(block.concurrency === undefined ? {} : { 'branch.ahead': [{ actions: [{ type: 'startBranches', params }] }] }),
      'xstate.done.actor.*': [{ actions: [{ type: 'settleCrew', params }, { type: 'startBranches', params }] }],
      cancel: [{ actions: [{ type: 'markCancelled' }, { type: 'cancelCrew', params }] }],
    },
    meta: { actors: [...new Set(bodies.map((body) => branchSource(body)))] },
  }
}

/** Which logic runs a branch: the step machine for a plain leaf, else a machine of its own. */
export function branchSource(branch: Block): string {
  const isLeaf = isStep(branch) && (isPlain(branch) || (branch.verify === undefined && branch.onFailure === 'continue'))
  return isLeaf ? stepSource : branchMachineName(branch)
}

/** What the actor of a branch is called by its group. */
export function branchActor(branch: Block): string {
  const source = branchSource(branch)
  return source === stepSource ? branch.path : source
}
