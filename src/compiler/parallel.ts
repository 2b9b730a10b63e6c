import type { ParallelBlock } from '../spec/ir.ts'
import type { ChartAction, ChartState, ChartTransition } from './chart.ts'
import type { Emitter } from './compile.ts'
import { branchActor, branchSource, crewNode, crewState } from './crew.ts'
import { shardWidth, stateNames, stepSource } from './names.ts'
import { reducingStates } from './reducing.ts'
import { groupState } from './sequence.ts'
import { cancelForwarding } from './step-state.ts'

/** A parallel node with a region per branch, or per shard when the group is wide; then the reducer. */
export function parallelState(
  block: ParallelBlock,
  onDone: readonly ChartTransition[],
  emitter: Emitter,
): ChartState {
  const endsEarly = block.join !== undefined && block.join !== 'all'
  const isNarrow = block.branches.length <= shardWidth
  if (block.concurrency !== undefined || (endsEarly && !isNarrow)) return crewState(block, onDone, emitter)
  const { closing, states } = reducingStates(block)
  return groupState(block, onDone, stateNames.branches, {
    [stateNames.branches]: { ...regions(block, { from: 0, to: block.branches.length }, '', emitter), onDone: closing },
    ...states,
  })
}

/** What runs at once in one parallel node: up to `shardWidth` branches, or shards of them. */
function regions(group: ParallelBlock, slice: Slice, shard: string, emitter: Emitter): Pick<ChartState, 'type' | 'states'> {
  const states: Record<string, ChartState> = {}
  if (slice.to - slice.from <= shardWidth) {
    const branches = group.branches.slice(slice.from, slice.to)
    const ids = branches.map(branchActor)
    for (const branch of branches) {
      const onDone = settled(group, ids, { type: 'settleBranch', params: { block: branch.path } })
      const id = branchActor(branch)
      states[branch.id] = region({
        invoke: { src: branchSource(branch), id, input: { block: branch.path }, onDone },
        on: cancelForwarding(id),
      })
      if (branchSource(branch) !== stepSource) emitter.branchMachine(branch)
    }
    return { type: 'parallel', states }
  }
  const parts = splitEvenly(slice)
  const ids = parts.map((_, index) => shardId(group, shard, index))
  parts.forEach((part, index) => {
    const id = shardId(group, shard, index)
    states[`_${index}`] = region({
      invoke: { src: id, id, input: { block: group.path }, onDone: settled(group, ids, { type: 'settleShard' }) },
      on: cancelForwarding(id),
    })
    emitter.add({ id, ...shardStates(group, part, `${shard}${index}.`, emitter) })
  })
  return { type: 'parallel', states }
}

/**
 * A shard that holds branches is a crew of them, on which an event costs a third of what it does on regions; one that
 * holds shards is a parallel node again.
 */
function shardStates(group: ParallelBlock, slice: Slice, shard: string, emitter: Emitter): ChartState {
  const done: ChartState = { type: 'final' }
  if (slice.to - slice.from <= shardWidth) {
    const work = crewNode(group, slice, [{ target: stateNames.done }], emitter)
    return { initial: stateNames.crew, states: { [stateNames.crew]: work, [stateNames.done]: done } }
  }
  return {
    initial: stateNames.enter,
    states: {
      [stateNames.enter]: { always: [{ target: stateNames.branches }] },
      [stateNames.branches]: { ...regions(group, slice, shard, emitter), onDone: [{ target: stateNames.done }] },
      [stateNames.done]: done,
    },
  }
}

/** What follows on the end of one actor of a parallel node; `ids` are those of all of its actors. */
function settled(group: ParallelBlock, ids: readonly string[], action: ChartAction): ChartTransition[] {
  const params = { block: group.path }
  const usual: ChartTransition = { target: stateNames.settled, actions: [action] }
  const cancelOthers = { type: 'cancelActors', params: { ids, block: group.path } }
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

/** At most `shardWidth` parts in order, whose sizes are powers of it as far as they go: few and full shards. */
function splitEvenly({ from, to }: Slice): Slice[] {
  let size = shardWidth
  while (size * shardWidth < to - from) size *= shardWidth
  const parts: Slice[] = []
  for (let start = from; start < to; start += size) parts.push({ from: start, to: Math.min(start + size, to) })
  return parts
}
