import type { AnyStateMachine } from 'xstate'

/** An event of a machine, as its actions and guards get it. */
export interface MachineEvent {
  readonly type: string
}

/** What XState's own actions carry: their settings, and a function that works them out. Not public; checked by a test. */
export interface Builtin {
  readonly resolve?: (
    scope: unknown,
    state: unknown,
    args: unknown,
    params: unknown,
    action: Builtin,
    extra: { readonly internalQueue: MachineEvent[]; readonly deferredActorIds: readonly string[] | undefined },
  ) => readonly [state: unknown, params: unknown, actions: unknown]
  readonly retryResolve?: (scope: unknown, state: unknown, params: unknown) => void
  readonly [setting: string]: unknown
}

/** An action with its name looked up. */
export interface Op {
  /** How it is done: those that change the state, and the frequent `emit`, are done here, `resolve` by XState, `foreign` by no one. */
  readonly kind: 'assign' | 'spawn' | 'stop' | 'enqueue' | 'emit' | 'resolve' | 'foreign'
  readonly type: string
  readonly builtin: Builtin
  /** A function is called with the context and the event. */
  readonly params: unknown
}

/** Whether a transition may be taken. `state` is the running machine. */
export interface Guard {
  readonly name: string | undefined
  holds(state: GuardState, event: MachineEvent): boolean
}

export interface GuardState {
  readonly context: unknown
}

/** What the tables do not cover: the machine is left to XState. */
export class NotCovered extends Error {
  constructor(what: string) {
    super(`The tables do not cover ${what}.`)
  }
}

const nothing: Builtin = {}
const kinds: Readonly<Record<string, Op['kind']>> = {
  'xstate.assign': 'assign',
  'xstate.spawnChild': 'spawn',
  'xstate.stopChild': 'stop',
  'xstate.enqueueActions': 'enqueue',
  'xstate.raise': 'resolve',
  'xstate.cancel': 'resolve',
  'xstate.emit': 'emit',
  'xstate.sendTo': 'resolve',
  'xstate.log': 'resolve',
}

/** An action as it stands in a config, or as it was enqueued. Throws NotCovered. */
export function compileAction(action: unknown, machine: AnyStateMachine): Op {
  if (typeof action === 'function') {
    return 'resolve' in action ? builtinOp(action as unknown as Builtin, undefined) : foreignOp(action.name || '(anonymous)', undefined)
  }
  const type = typeof action === 'string' ? action : (action as { type: string }).type
  const params = typeof action === 'object' && action !== null && 'params' in action ? action.params : undefined
  const known: unknown = (machine.implementations.actions as Record<string, unknown>)[type]
  if (typeof known === 'function' && 'resolve' in known) return builtinOp(known as unknown as Builtin, params)
  return foreignOp(type, params)
}

/** One of XState's own actions, made or as its settings alone. */
export function builtinOp(builtin: Builtin, params: unknown): Op {
  const type = String(builtin['type'])
  const kind = kinds[type]
  if (kind === undefined) throw new NotCovered(`the action "${type}"`)
  return { kind, type, builtin, params }
}

/** One that only its host can do, if anyone. */
function foreignOp(type: string, params: unknown): Op {
  return { kind: 'foreign', type, builtin: nothing, params }
}

/** What calls a built-in guard such as `and` and `stateIn`. */
interface BuiltinGuard {
  readonly check: (state: unknown, args: { context: unknown; event: MachineEvent }, guard: unknown) => boolean
}

type PlainGuard = (args: { context: unknown; event: MachineEvent }, params: unknown) => boolean

/** A guard as it stands in a config. Throws NotCovered. */
export function compileGuard(guard: unknown, machine: AnyStateMachine): Guard | undefined {
  if (guard === undefined) return undefined
  const name = typeof guard === 'string' ? guard : typeof guard === 'object' ? (guard as { type?: string } | null)?.type : undefined
  const known: unknown =
    typeof guard === 'function' ? guard : (machine.implementations.guards as Record<string, unknown>)[name ?? '']
  if (typeof known !== 'function') throw new NotCovered(`the guard "${name}", which is no function`)
  if ('check' in known) {
    const builtin = known as unknown as BuiltinGuard
    return { name, holds: (state, event) => builtin.check(state, { context: state.context, event }, builtin) }
  }
  const plain = known as PlainGuard
  const params = typeof guard === 'object' && guard !== null && 'params' in guard ? guard.params : undefined
  if (typeof params !== 'function') return { name, holds: ({ context }, event) => plain({ context, event }, params) }
  return { name, holds: ({ context }, event) => plain({ context, event }, params({ context, event })) }
}
