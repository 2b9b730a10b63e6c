import type { BranchGroup } from '../spec/ir.ts'
import { reducerStep } from '../spec/reducer-step.ts'
import type { ChartAction, ChartState, ChartTransition } from './chart.ts'
import { stateNames } from './names.ts'
import { stepState } from './step-state.ts'

interface Closing {
  /** Taken once all branches have ended. */
  readonly closing: readonly ChartTransition[]
  readonly states: Readonly<Record<string, ChartState>>
}

/** How a group ends once its branches have: at once, or through the step that reduces their outputs. */
export function reducingStates(block: BranchGroup): Closing {
  const params = { block: block.path }
  const join: ChartAction = { type: 'join', params }
  const joined: ChartTransition = { target: stateNames.done, actions: [join] }
  const reducer = reducerStep(block)
  if (reducer === undefined) return { closing: [joined], states: {} }
  return {
    closing: [{ guard: { type: 'hasOutputs', params }, target: stateNames.reduce }, joined],
    states: {
      [stateNames.reduce]: stepState(reducer, [{ target: stateNames.done, actions: [{ type: 'joinReduced', params }] }]),
    },
  }
}
