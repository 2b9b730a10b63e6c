import type { StepBlock } from '../spec/ir.ts'
import type { ChartInvoke, ChartState, ChartTransition } from './chart.ts'
import { stepSource } from './names.ts'

/** The state of a leaf: invokes the step machine; a cancel is passed on to it, and it ends by itself. */
export function stepState(block: StepBlock, onDone: readonly ChartTransition[]): ChartState {
  return {
    invoke: stepInvoke(block, onDone),
    on: cancelForwarding(block.path),
    ...(block.title === undefined ? {} : { meta: { title: block.title } }),
  }
}

function stepInvoke(block: StepBlock, onDone: readonly ChartTransition[]): ChartInvoke {
  return { src: stepSource, id: block.path, input: { block: block.path }, onDone }
}

/** An actor is never cut off: it is told to stop and its end is awaited, so that what it did is known. */
export function cancelForwarding(actorId: string): NonNullable<ChartState['on']> {
  return { cancel: [{ actions: [{ type: 'markCancelled' }, { type: 'forwardCancel', params: { to: actorId } }] }] }
}
