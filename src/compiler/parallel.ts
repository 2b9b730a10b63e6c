import type { ParallelBlock } from '../spec/ir.ts'
import type { ChartAction, ChartState, ChartTransition } from './chart.ts'
import type { Emitter } from './compile.ts'
import { branchActor, branchSource, crewNode, crewState } from './crew.ts'
import { crewWidth, nodeWidth, stateNames, stepSource } from './names.ts'
import { reducingStates } from './reducing.ts'
import { groupState } from './sequence.ts'
import { cancelForwarding } from './step-state.ts'

/**
 * Few branches are regions of a parallel node; more are a crew, and very many a tree of shards whose last level are
 * crews. Then the reducer.
 */
export function parallelState(
  block: ParallelBlock,
  onDone: readonly ChartTransition[],
  emitter: Emitter,
): ChartState {
  const endsEarly = block.join !== undefined && block.join !== 'all'
  const width = block.branches.length
  const isCrew = width > nodeWidth && (endsEarly || width <= crewWidth)
  if (block.concurrency !== undefined || isCrew) return crewState(block, onDone, emitter)
  const { closing, states } = reducingStates(block)
  const all = { from: 0, to: width }
  const node = width <= nodeWidth ? branchRegions(block, all, emitter) : shardRegions(block, all, '', emitter)
  return groupState(block, onDone, stateNames.branches, {
    [stateNames.branches]: { type: 'parallel', states: node, onDone: closing },
    ...states,
  })
}

function branchRegions(group: ParallelBlock, slice: Slice, emitter: Emitter): Record<string, ChartState> {
  const states: Record<string, ChartState> = {}
  const ids = group.branches.map(branchActor)
  for (const branch of group.branches) {
    const onDone = settled(group, ids, { type: 'settleBranch', params: { block: branch.path } }, slice)
    const id = branchActor(branch)
    states[branch.id] = region({
      invoke: { src: branchSource(branch), id, input: { block: branch.path }, onDone },
      on: cancelForwarding(id),
    })
    if (branchSource(branch) !== stepSource) emitter.branchMachine(branch)
  }
  return states
}

/** A region per shard of a slice; `shard` is what the ids of those in it begin with. */
function shardRegions(group: ParallelBlock, slice: Slice, shard: string, emitter: Emitter): Record<string, ChartState> {
  const states: Record<string, ChartState> = {}
  const parts = splitEvenly(slice)
  const ids = parts.map((_, index) => shardId(group, shard, index))
  parts.forEach((part, index) => {
    const id = shardId(group, shard, index)
    const onDone = settled(group, ids, { type: 'settleShard', params: { at: index } }, part)
    states[`_${index}`] = region({
      invoke: { src: id, id, input: { block: group.path }, onDone },
      on: cancelForwarding(id),
    })
    emitter.add({ id, ...shardStates(group, part, `${shard}${index}.`, emitter) })
  })
  return states
}

function shardStates(group: ParallelBlock, slice: Slice, shard: string, emitter: Emitter): ChartState {
  const done: ChartState = { type: 'final' }
  if (slice.to - slice.from <= crewWidth) {
    const work = crewNode(group, slice, [{ target: stateNames.done }], emitter)
    return { initial: stateNames.crew, states: { [stateNames.crew]: work, [stateNames.done]: done } }
  }
  const node: ChartState = { type: 'parallel', states: shardRegions(group, slice, shard, emitter), onDone: [{ target: stateNames.done }] }
  return {
    initial: stateNames.enter,
    states: {
      [stateNames.enter]: { always: [{ target: stateNames.branches }] },
      [stateNames.branches]: node,
      [stateNames.done]: done,
    },
  }
}

/** What follows on the end of one actor of a parallel node, of the branches of `slice`; `ids` are those of all its actors. */
function settled(group: ParallelBlock, ids: readonly string[], action: ChartAction, { from }: Slice): ChartTransition[] {
  const params = { block: group.path, from }
  const usual: ChartTransition = { target: stateNames.settled, actions: [action] }
  const cancelOthers = { type: 'cancelActors', params: { ids, ...params } }
  const early: ChartTransition = { target: stateNames.settled, actions: [action, cancelOthers] }
  if (group.join !== undefined && group.join !== 'all') return [{ ...early, guard: { type: 'joinHolds', params } }, usual]
  if (group.onBranchFailure === 'fail_fast') return [{ ...early, guard: { type: 'branchFailed', params } }, usual]
  return [usual]
}

function region(active: ChartState): ChartState {
  return {
    initial: stateNames.active,
    states: { [stateNames.active]: active, [stateNames.settled]: { type: 'final' } },
  }
}

/** `#` is in no block's id, so a shard's id is no path. */
function shardId(group: ParallelBlock, shard: string, index: number): string {
  return `${group.path}#${shard}${index}`
}

/** Places of branches, `to` not included. */
interface Slice {
  readonly from: number
  readonly to: number
}

/** At most `nodeWidth` parts in order, of full crews as far as they go. */
function splitEvenly({ from, to }: Slice): Slice[] {
  let size = crewWidth
  while (size * nodeWidth < to - from) size *= nodeWidth
  const parts: Slice[] = []
  for (let start = from; start < to; start += size) parts.push({ from: start, to: Math.min(start + size, to) })
  return parts
}
