import { isStep } from '../spec/blocks.ts'
import type { Block, ParallelBlock } from '../spec/ir.ts'
import { reducerStep } from '../spec/reducer-step.ts'
import type { ChartAction, ChartState, ChartTransition } from './chart.ts'
import type { Emitter } from './compile.ts'
import { shardWidth, stateNames } from './names.ts'
import { groupState } from './sequence.ts'
import { cancelForwarding, stepInvoke, stepState } from './step-state.ts'

/** A parallel node with a region per branch, or per shard when the group is wide; then the reducer. */
export function parallelState(
  block: ParallelBlock,
  onDone: readonly ChartTransition[],
  emitter: Emitter,
): ChartState {
  const params = { block: block.path }
  const reducer = reducerStep(block)
  const join: ChartAction = { type: 'join', params }
  const joined: ChartTransition = { target: stateNames.done, actions: [join] }
  const branches: ChartState = {
    ...regions(block, block.branches, '', emitter),
    onDone:
      reducer === undefined
        ? [joined]
        : [{ guard: { type: 'hasOutputs', params }, target: stateNames.reduce }, joined],
  }
  return groupState(block, onDone, stateNames.branches, {
    [stateNames.branches]: branches,
    ...(reducer === undefined
      ? {}
      : {
          [stateNames.reduce]: stepState(reducer, [
            { target: stateNames.done, actions: [{ type: 'joinReduced', params }] },
          ]),
        }),
  })
}

/** What runs at once in one parallel node: up to `shardWidth` branches, or shards of them. */
function regions(
  group: ParallelBlock,
  branches: readonly Block[],
  shard: string,
  emitter: Emitter,
): Pick<ChartState, 'type' | 'states'> {
  const states: Record<string, ChartState> = {}
  const ids =
    branches.length <= shardWidth
      ? branches.map((branch) => branch.path)
      : splitEvenly(branches).map((_, index) => shardId(group, shard, index))
  const settled = (action: ChartAction): ChartTransition[] => {
    const usual: ChartTransition = { target: stateNames.settled, actions: [action] }
    if (group.onBranchFailure !== 'fail_fast') return [usual]
    const cancelOthers = { type: 'cancelActors', params: { ids, block: group.path } }
    return [
      { guard: { type: 'branchFailed' }, target: stateNames.settled, actions: [action, cancelOthers] },
      usual,
    ]
  }
  if (branches.length <= shardWidth) {
    for (const branch of branches) {
      const onDone = settled({ type: 'settleBranch', params: { block: branch.path } })
      states[branch.id] = region({
        invoke: isStep(branch)
          ? stepInvoke(branch, onDone)
          : { src: branch.path, id: branch.path, input: { block: branch.path }, onDone },
        on: cancelForwarding(branch.path),
      })
      if (!isStep(branch)) emitter.branchMachine(branch)
    }
    return { type: 'parallel', states }
  }
  splitEvenly(branches).forEach((part, index) => {
    const id = shardId(group, shard, index)
    states[`_${index}`] = region({
      invoke: { src: id, id, input: { block: group.path }, onDone: settled({ type: 'settleShard' }) },
      on: cancelForwarding(id),
    })
    emitter.add({
      id,
      initial: stateNames.enter,
      states: {
        [stateNames.enter]: { always: [{ target: stateNames.branches }] },
        [stateNames.branches]: {
          ...regions(group, part, `${shard}${index}.`, emitter),
          onDone: [{ target: stateNames.done }],
        },
        [stateNames.done]: { type: 'final' },
      },
    })
  })
  return { type: 'parallel', states }
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

/** At most `shardWidth` parts in order, whose sizes are powers of it as far as they go: few and full shards. */
function splitEvenly<T>(items: readonly T[]): T[][] {
  let size = shardWidth
  while (size * shardWidth < items.length) size *= shardWidth
  const parts: T[][] = []
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size))
  return parts
}
