import type { CallStep, ParallelBlock } from './ir.ts'

/** Id of the step that runs a group's `{ call }` reducer; no branch may have it. */
export const reducerStepId = 'reduce'

/** The step that a `{ call }` reducer is: `<group>.reduce`, run after the branches like any other step. */
export function reducerStep(group: ParallelBlock): CallStep | undefined {
  if (typeof group.reduce === 'string') return undefined
  return {
    kind: 'call',
    id: reducerStepId,
    path: `${group.path}.${reducerStepId}`,
    target: group.reduce.call,
    retry: { attempts: 1, initialMs: 0, factor: 1, maxMs: 0, jitter: 0, totalMs: 0 },
    group: group.path,
  }
}
