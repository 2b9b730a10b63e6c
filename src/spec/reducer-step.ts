import type { AgentStep, BranchGroup, CallStep } from './ir.ts'
import { retryOf } from './normalise-parts.ts'

/** Id of the step that runs a group's `{ call }` or `{ synthesize }` reducer; no branch may have it. */
export const reducerStepId = 'reduce'

/** The step that such a reducer is: `<group>.reduce`, run after the branches and retried like any other step. */
export function reducerStep(group: BranchGroup): CallStep | AgentStep | undefined {
  if (typeof group.reduce === 'string') return undefined
  const base = {
    id: reducerStepId,
    path: `${group.path}.${reducerStepId}`,
    retry: retryOf(undefined, 'synthesize' in group.reduce),
    group: group.path,
  }
  return 'call' in group.reduce
    ? { ...base, kind: 'call', target: group.reduce.call }
    : { ...base, kind: 'agent', agent: group.reduce.synthesize, prompt: '${{ prev }}' }
}
