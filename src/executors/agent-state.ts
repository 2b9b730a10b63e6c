import { isJsonObject, type Json } from '../json.ts'
import type { ExecutionContext, StepResult, StepState } from './executor.ts'
import type { ProcessIdentity } from './process-group.ts'

/** What the attempts of one step of a coding agent keep for one another. */
export interface AgentState {
  /** The agent's name for the conversation. */
  readonly sessionId?: string
  /** What the session had cost when the last attempt ended, where it tells its whole cost. */
  readonly costUsd?: number
  /** The program that worked last: it may have outlived a process of ours that was killed. */
  readonly process?: ProcessIdentity
  /** The answer, when only the changes are left to be brought back. */
  readonly finished?: StepResult
}

export async function loadAgentState({ state }: ExecutionContext): Promise<AgentState> {
  const kept = await state?.load()
  return isJsonObject(kept) ? (kept as unknown as AgentState) : {}
}

const changing = new WeakMap<StepState, Promise<void>>()

/** Changes some fields; those given as undefined are gone. On disk when it resolves. */
export async function keepAgentState(context: ExecutionContext, change: { readonly [K in keyof AgentState]: AgentState[K] | undefined }): Promise<void> {
  const { state } = context
  if (state === undefined) return
  const save = async (): Promise<void> => {
    const next = { ...(await loadAgentState(context)), ...change }
    await state.save(JSON.parse(JSON.stringify(next)) as Json)
  }
  const saved = (changing.get(state) ?? Promise.resolve()).then(save, save)
  changing.set(state, saved)
  await saved
}
