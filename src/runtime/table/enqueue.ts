import { type AnyStateMachine, cancel, emit, raise, sendTo } from 'xstate'
import { type Builtin, builtinOp, compileAction, type Op } from './actions.ts'

/** One of each, for the functions that they carry. */
const emitting = emit({ type: 'any' }) as unknown as Builtin
const raising = raise({ type: 'any' }) as unknown as Builtin
const cancelling = cancel('any') as unknown as Builtin
const sending = sendTo('any', { type: 'any' }) as unknown as Builtin

interface Options {
  readonly id?: unknown
  readonly delay?: unknown
}

/** XState's `enqueue`, made once for a machine: it writes down settings instead of making an action of each. */
export function createEnqueue(machine: AnyStateMachine, addOp: (op: Op) => void): object {
  const add = (type: string, settings: object, made?: Builtin): void => {
    const how = made === undefined ? undefined : { resolve: made.resolve, retryResolve: made.retryResolve }
    addOp(builtinOp({ ...settings, ...how, type }, undefined))
  }
  const send = (to: unknown, event: unknown, { id, delay }: Options = {}): void =>
    add('xstate.sendTo', { to, event, id, delay }, sending)
  return Object.assign((action: unknown): void => addOp(compileAction(action, machine)), {
    assign: (assignment: unknown) => add('xstate.assign', { assignment }),
    cancel: (sendId: unknown) => add('xstate.cancel', { sendId }, cancelling),
    emit: (event: unknown) => add('xstate.emit', { event }, emitting),
    raise: (event: unknown, { id, delay }: Options = {}) => add('xstate.raise', { event, id, delay }, raising),
    sendParent: (event: unknown, options?: Options) => send('#_parent', event, options),
    sendTo: send,
    spawnChild: (src: unknown, options?: object) => add('xstate.spawnChild', { ...options, src }),
    stopChild: (actorRef: unknown) => add('xstate.stopChild', { actorRef }),
  })
}
