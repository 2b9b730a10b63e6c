import type { LoopBlock, ReviewBlock, SwitchBlock } from '../spec/ir.ts'
import type { ChartState, ChartTransition } from './chart.ts'
import type { Emitter } from './compile.ts'
import { stateNames } from './names.ts'
import { blockStates, groupState } from './sequence.ts'

/** A counted back edge: the body, then `until`, then the body again. */
export function loopState(block: LoopBlock, onDone: readonly ChartTransition[], emitter: Emitter): ChartState {
  const params = { block: block.path }
  const ended: ChartTransition = { target: stateNames.done, actions: [{ type: 'endRounds', params }] }
  return groupState(block, onDone, block.do.id, {
    ...blockStates(block.do, stateNames.next, emitter),
    [stateNames.next]: {
      always: [
        { guard: { type: 'cannotJudge', params }, target: stateNames.done, actions: [{ type: 'refuseRound', params }] },
        { guard: { type: 'isGoodEnough', params }, ...ended },
        {
          guard: { type: 'mayRepeat', params: { block: block.path, max: block.max } },
          target: block.do.id,
          actions: [{ type: 'nextRound', params }],
        },
        ended,
      ],
    },
  })
}

/** Work, then review; again with the feedback until it is approved. */
export function reviewState(block: ReviewBlock, onDone: readonly ChartTransition[], emitter: Emitter): ChartState {
  const params = { block: block.path }
  return groupState(block, onDone, block.work.id, {
    ...blockStates(block.work, block.reviewer.id, emitter),
    ...blockStates(block.reviewer, stateNames.next, emitter, { remembers: true }),
    [stateNames.next]: {
      always: [
        { guard: { type: 'cannotJudge', params }, target: stateNames.done, actions: [{ type: 'refuseRound', params }] },
        {
          guard: { type: 'isGoodEnough', params },
          target: stateNames.done,
          actions: [{ type: 'approve', params: { block: block.reviewer.path } }],
        },
        {
          guard: { type: 'mayRepeat', params: { block: block.path, max: block.max } },
          target: block.work.id,
          actions: [{ type: 'nextRound', params }],
        },
        { target: stateNames.done, actions: [{ type: 'reject', params }] },
      ],
    },
  })
}

/** Guarded transitions to the cases; a switch of which none holds is skipped. */
export function switchState(block: SwitchBlock, onDone: readonly ChartTransition[], emitter: Emitter): ChartState {
  const params = { block: block.path }
  const states: Record<string, ChartState> = {
    [stateNames.choose]: {
      always: [
        { guard: { type: 'cannotChoose', params }, target: stateNames.done, actions: [{ type: 'refuseChoice', params }] },
        ...block.cases.map((one, index) => ({
          guard: { type: 'caseHolds', params: { block: block.path, index } },
          target: one.do.id,
        })),
        { target: stateNames.done, actions: [{ type: 'skipChoice', params }] },
      ],
    },
  }
  for (const one of block.cases) Object.assign(states, blockStates(one.do, stateNames.done, emitter))
  return groupState(block, onDone, stateNames.choose, states)
}
