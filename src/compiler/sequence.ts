import type { Block, GroupBlock, SequenceBlock } from '../spec/ir.ts'
import type { ChartState, ChartTransition } from './chart.ts'
import type { Emitter } from './compile.ts'
import { limitName, stateNames } from './names.ts'
import { isStep } from '../spec/blocks.ts'

/** One compound state: a state per block, each going on to the next; a failed or cancelled block ends it. */
export function sequenceState(
  block: SequenceBlock,
  onDone: readonly ChartTransition[],
  emitter: Emitter,
): ChartState {
  const { initial, states } = sequenceStates(block.blocks, emitter)
  return groupState(block, onDone, initial, states)
}

/** The states of blocks in a row, ending in `_done`, which the caller adds. */
export function sequenceStates(
  blocks: readonly Block[],
  emitter: Emitter,
): { initial: string; states: Record<string, ChartState> } {
  const states: Record<string, ChartState> = {}
  blocks.forEach((block, index) => {
    const next = blocks[index + 1]?.id ?? stateNames.done
    const settle = { type: isStep(block) ? 'settleActor' : 'settleGroup', params: { block: block.path } }
    states[block.id] = emitter.state(block, [
      { guard: { type: isStep(block) ? 'actorStops' : 'groupStops' }, target: stateNames.done, actions: [settle] },
      { target: next, actions: [settle] },
    ])
  })
  return { initial: blocks[0]?.id ?? stateNames.done, states }
}

/**
 * The compound state of a group. It starts in an atomic state that decides whether to enter: entering a parallel node
 * from there costs O(n), from an initial configuration O(n³).
 */
export function groupState(
  block: GroupBlock,
  onDone: readonly ChartTransition[],
  first: string,
  states: Record<string, ChartState>,
): ChartState {
  const params = { block: block.path }
  return {
    initial: stateNames.enter,
    states: {
      [stateNames.enter]: {
        always: [
          { guard: { type: 'cannotEnter', params }, target: stateNames.done, actions: [{ type: 'refuse', params }] },
          { guard: { type: 'isSkipped', params }, target: stateNames.done, actions: [{ type: 'skip', params }] },
          { target: first, actions: [{ type: 'enter', params }] },
        ],
      },
      ...states,
      [stateNames.done]: { type: 'final' },
    },
    onDone,
    ...(block.timeoutMs === undefined
      ? {}
      : { after: {
            // A group that is being stopped already is not timed out as well.
            [limitName(block.path)]: [{ guard: { type: 'isCancelled' } }, { actions: [{ type: 'timeOut', params }] }],
          },
        }),
    ...(block.title === undefined ? {} : { meta: { title: block.title } }),
  }
}
