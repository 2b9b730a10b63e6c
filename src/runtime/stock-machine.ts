import { type AnyActorLogic, type AnyMachineSnapshot, type AnyStateMachine, createActor } from 'xstate'
import { settledChildren } from './machine-children.ts'
import type { MachineAction, PureMachine, Step } from './pure-machine.ts'

/** A child exists for its parent's machine only while it is spawned; whoever hosts the tree runs the real one. */
const inertSnapshot = { status: 'active', output: undefined, error: undefined } as const
export const inert = {
  getInitialSnapshot: () => inertSnapshot,
  getPersistedSnapshot: () => inertSnapshot,
  transition: () => inertSnapshot,
} as AnyActorLogic

/**
 * XState's own transition function with one scope per machine: the same semantics as a started actor, without the
 * throw-away actor that `transition()` builds at each call.
 */
export function stockMachine(machine: AnyStateMachine): PureMachine {
  const self = createActor(inert)
  let actions: MachineAction[] = []
  const scope = {
    self,
    id: machine.id,
    sessionId: self.sessionId,
    system: self.system,
    logger: () => {},
    defer: () => {},
    stopChild: () => {},
    emit: () => {},
    actionExecutor: (action: MachineAction) => {
      actions.push(action)
    },
  } as unknown as Parameters<AnyStateMachine['transition']>[2]
  const collect = (compute: () => AnyMachineSnapshot): Step => {
    actions = []
    const snapshot = compute()
    // A machine that fails does so by a bug of ours: failures of steps are data.
    if (snapshot.status === 'error') throw snapshot.error
    snapshot.children = settledChildren(snapshot.context, snapshot.children)
    return { snapshot, actions }
  }
  return {
    engine: 'stock',
    initial: (input) => collect(() => machine.getInitialSnapshot(scope, input as never)),
    step: (snapshot, event) => collect(() => machine.transition(snapshot as AnyMachineSnapshot, event as never, scope)),
    restore(saved) {
      const snapshot = machine.resolveState({ value: saved.value, context: saved.context })
      const children = Object.entries(saved.children).map(
        ([id, src]) => [id, createActor(inert, { id, src, parent: self } as object)] as const,
      )
      snapshot.children = settledChildren(snapshot.context, Object.fromEntries(children))
      return snapshot
    },
  }
}
