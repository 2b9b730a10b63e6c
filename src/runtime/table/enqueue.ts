import { type AnyStateMachine, cancel, raise, sendTo } from 'xstate'
import { type Builtin, builtinOp, compileAction, type Op } from './actions.ts'

/** One of each, for the functions that they carry. */
const raising = raise({ type: 'any' }) as unknown as Builtin
const cancelling = cancel('any') as unknown as Builtin
const sending = sendTo('any', { type: 'any' }) as unknown as Builtin

interface Options {
  readonly id?: unknown
  readonly delay?: unknown
}

interface SpawnOptions {
  readonly id?: unknown
  readonly input?: unknown
  readonly systemId?: unknown
}

function how({ resolve, retryResolve }: Builtin): object {
  return { resolve, retryResolve }
}

/** XState's `enqueue`, made once for a machine: it writes down settings instead of making an action of each. */
export function createEnqueue(machine: AnyStateMachine, addOp: (op: Op) => void): object {
  const add = (settings: object): void => addOp(builtinOp(settings as Builtin, undefined))
  const send = (to: unknown, event: unknown, { id, delay }: Options = {}): void =>
    add({ type: 'xstate.sendTo', to, event, id, delay, ...how(sending) })
  return Object.assign((action: unknown): void => addOp(compileAction(action, machine)), {
    assign: (assignment: unknown) => add({ type: 'xstate.assign', assignment }),
    cancel: (sendId: unknown) => add({ type: 'xstate.cancel', sendId, ...how(cancelling) }),
    emit: (event: unknown) => add({ type: 'xstate.emit', event }),
    raise: (event: unknown, { id, delay }: Options = {}) => add({ type: 'xstate.raise', event, id, delay, ...how(raising) }),
    sendParent: (event: unknown, options?: Options) => send('#_parent', event, options),
    sendTo: send,
    spawnChild: (src: unknown, { id, input, systemId }: SpawnOptions = {}) => add({ type: 'xstate.spawnChild', src, id, input, systemId }),
    stopChild: (actorRef: unknown) => add({ type: 'xstate.stopChild', actorRef }),
  })
}
