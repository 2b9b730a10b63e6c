import { type AnyActorLogic, type AnyMachineSnapshot, type AnyStateMachine, createActor } from 'xstate'
import { stepMachine } from '../../machines/step.ts'
import type { Chart } from '../compiler/chart.ts'
import type { CrewState } from '../compiler/chart-context.ts'
import { type BlockIndex, indexBlocks } from '../compiler/block-index.ts'
import type { Evaluation } from '../compiler/environment.ts'
import { hydrateMachine } from '../compiler/hydrate.ts'
import { chartImplementations } from '../compiler/implementations.ts'
import { stepSource } from '../compiler/names.ts'

/** What a transition wants done, in order, as XState names it. */
export interface MachineAction {
  readonly type: string
  readonly params: unknown
}

export interface Step {
  readonly snapshot: AnyMachineSnapshot
  readonly actions: readonly MachineAction[]
}

/** A machine whose transitions are computed and whose effects are only listed. */
export interface PureMachine {
  readonly machine: AnyStateMachine
  initial(input: unknown): Step
  step(snapshot: AnyMachineSnapshot, event: { readonly type: string }): Step
  /** A snapshot as it was saved. */
  restore(saved: SavedSnapshot): AnyMachineSnapshot
}

export interface SavedSnapshot {
  readonly value: AnyMachineSnapshot['value']
  readonly context: AnyMachineSnapshot['context']
  /** `src` of each child, by its id; none of those whose parent has any number of them. */
  readonly children: Readonly<Record<string, string>>
}

/** The machines of one chart, made when first needed and shared by all of its runs. */
export interface Program {
  readonly chart: Chart
  readonly index: BlockIndex
  machine(src: string): PureMachine
}

/** A child exists for its parent's machine only while it is spawned; whoever hosts the tree runs the real one. */
const inertSnapshot = { status: 'active', output: undefined, error: undefined } as const
const inert = {
  getInitialSnapshot: () => inertSnapshot,
  getPersistedSnapshot: () => inertSnapshot,
  transition: () => inertSnapshot,
} as AnyActorLogic

/**
 * The children of a machine that has any number of them: whatever it names is there. The tree knows which actors live;
 * keeping them here as well would copy them all at each change of one.
 */
const anyChildren = new Proxy<AnyMachineSnapshot['children']>(
  {},
  { get: (_, id) => (typeof id === 'string' ? { id } : undefined) },
)

export function createProgram(chart: Chart, evaluation: Evaluation): Program {
  const index = indexBlocks(chart.workflow)
  const implementations = chartImplementations(index, evaluation)
  const machines = new Map<string, PureMachine>([[stepSource, pureStep]])
  return {
    chart,
    index,
    machine(src) {
      let known = machines.get(src)
      if (known === undefined) {
        known = pureMachine(hydrateMachine(chart, src, index, implementations, { evaluation, actor: () => inert }))
        machines.set(src, known)
      }
      return known
    },
  }
}

/**
 * XState's own transition function with one scope per machine: the same semantics as a started actor, without the
 * throw-away actor that `transition()` builds at each call.
 */
function pureMachine(machine: AnyStateMachine): PureMachine {
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
    if (hasCrew(snapshot)) snapshot.children = anyChildren
    return { snapshot, actions }
  }
  return {
    machine,
    initial: (input) => collect(() => machine.getInitialSnapshot(scope, input as never)),
    step: (snapshot, event) => collect(() => machine.transition(snapshot, event as never, scope)),
    restore(saved) {
      const snapshot = machine.resolveState({ value: saved.value, context: saved.context })
      const children = Object.entries(saved.children).map(
        ([id, src]) => [id, createActor(inert, { id, src, parent: self } as object)] as const,
      )
      snapshot.children = hasCrew(snapshot) ? anyChildren : Object.fromEntries(children)
      return snapshot
    },
  }
}

const pureStep = pureMachine(stepMachine.provide({ actors: { execute: inert, slot: inert } as never }))

function hasCrew(snapshot: AnyMachineSnapshot): boolean {
  const { crew } = snapshot.context as { readonly crew?: CrewState | null }
  return crew !== undefined && crew !== null
}
