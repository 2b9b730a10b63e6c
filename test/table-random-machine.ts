import { and, assign, cancel, createMachine, emit, enqueueActions, log, not, or, raise, sendTo, spawnChild, stateIn, stopChild } from 'xstate'
import { inert } from '../src/runtime/stock-machine.ts'

/** Decides everything about a machine; the same numbers give the same machine. */
export class Dice {
  readonly #numbers: readonly number[]
  #at = 0

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers
  }

  /** A whole number from 0 up to, not including, `sides`. */
  roll(sides: number): number {
    this.#at += 1
    // Another one each time round, so that few numbers make no endless pattern.
    return ((this.#numbers[this.#at % this.#numbers.length] ?? 0) + Math.floor(this.#at / this.#numbers.length) * 7) % sides
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.roll(choices.length)] as T
  }

  /** True once in so many rolls. */
  once(sides: number): boolean {
    return this.roll(sides) === 0
  }
}

export interface Context {
  readonly count: number
  /** Each transition that leads anywhere takes one, so that no machine runs for ever; events from outside bring some. */
  readonly fuel: number
  /** The last event from outside that brought some. */
  readonly turn: number
  readonly trace: readonly string[]
}

type Args = { context: Context; event: { type: string; turn?: number } }

/** What comes from outside; most of the time one of the first eight. */
export const eventTypes = ['A', 'B', 'C', 'C.d', 'C.d.e', 'D', 'xstate.done.actor.kid', 'xstate.done.actor.a0', 'xstate.error.actor.a0']
const descriptors = [...eventTypes, '*', 'C.*', 'C.d.*', 'xstate.*', 'xstate.done.actor.*', 'C.*.e', 'Cx*']
const keys = ['a', 'b', 'c', '2', '1', 'constructor']

/** A state before its targets are known. */
interface Draft {
  readonly id: string
  readonly key: string
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final'
  readonly children: readonly Draft[]
}

function drafts(dice: Dice, depth: number, all: Draft[], key: string): Draft {
  const id = `s${all.length}`
  const kind = depth === 0 ? dice.pick(['atomic', 'atomic', 'final'] as const) : dice.pick(['atomic', 'compound', 'compound', 'parallel', 'final'] as const)
  const children: Draft[] = []
  const draft = { id, key, kind: all.length === 0 && (kind === 'final' || kind === 'atomic') ? 'compound' : kind, children } as const
  all.push(draft)
  if (draft.kind === 'compound' || draft.kind === 'parallel') {
    const first = dice.roll(keys.length)
    const count = draft.kind === 'compound' ? 1 + dice.roll(4) : 1 + dice.roll(3)
    for (let index = 0; index < count; index += 1) {
      children.push(drafts(dice, Math.max(0, depth - 1), all, keys[(first + index) % keys.length] ?? ''))
    }
  }
  return draft
}

/** A machine of nested states of all kinds that reacts, raises, spawns and decides at random. */
export function randomMachine(dice: Dice) {
  const all: Draft[] = []
  const root = drafts(dice, 3, all, '')
  const config = { ...state(root, dice, all), context: ({ input }: { input: number }): Context => ({ count: input, fuel: 4, turn: 0, trace: [] }) }
  return createMachine(config as never, implementations as never)
}

/** `later` are the states beside it, in the same compound one, that come after it. */
function state(draft: Draft, dice: Dice, all: readonly Draft[], later: readonly Draft[] = []): object {
  const { id, kind, children } = draft
  const chosen = children.length === 0 ? undefined : dice.pick(children).key
  const on = Object.fromEntries(Array.from({ length: 1 + dice.roll(4) }, () => [dice.pick(dice.once(3) ? descriptors : eventTypes.slice(0, 4)), transitions(draft, dice, all)]))
  const actions = (sides: number) => Array.from({ length: dice.once(sides) ? 1 + dice.roll(3) : 0 }, () => action(dice, all))
  const invoked = (): object => ({
    src: dice.pick(['one', 'two']),
    id: dice.pick(['a0', 'a1', 'kid']),
    ...(dice.once(2) ? { input: ({ context, event }: Args) => [context.count, event.type] } : {}),
    ...(dice.once(2) ? { onDone: transitions(draft, dice, all) } : {}),
    ...(dice.once(3) ? { onError: transitions(draft, dice, all) } : {}),
  })
  return {
    id,
    ...(kind === 'parallel' || kind === 'final' ? { type: kind } : {}),
    ...(kind !== 'compound' ? {} : { initial: dice.once(4) ? { target: chosen, actions: actions(1) } : chosen }),
    ...(children.length === 0 ? {} : { states: Object.fromEntries(children.map((child, place) => [child.key, state(child, dice, all, kind === 'compound' ? children.slice(place + 1) : [])])) }),
    entry: actions(2),
    exit: actions(3),
    ...(kind === 'final' ? { output: dice.once(2) ? ({ context }: Args) => context.count : `end of ${id}` } : { on }),
    ...(draft.key === '' && dice.once(2) ? { output: ({ context, event }: Args) => [context.count, event] } : {}),
    ...always(draft, dice, all, later),
    ...(children.length > 0 && dice.once(2) ? { onDone: transitions(draft, dice, all) } : {}),
    ...(kind !== 'final' && dice.once(4) ? { after: { [dice.pick(['5', 'soon'])]: transitions(draft, dice, all) } } : {}),
    ...(kind !== 'final' && dice.once(4) ? { invoke: dice.once(3) ? [invoked(), { src: 'two', id: 'a2' }] : invoked() } : {}),
  }
}

function always(draft: Draft, dice: Dice, all: readonly Draft[], later: readonly Draft[]): object {
  if (draft.kind === 'final') return {}
  // Leading onwards only, these need nothing to come to an end, and do nothing but that.
  if (later.length > 0 && dice.once(5)) return { always: { target: dice.pick(later).key } }
  return dice.once(3) ? { always: transitions(draft, dice, all) } : {}
}

function transitions(source: Draft, dice: Dice, all: readonly Draft[]): object[] {
  return Array.from({ length: 1 + dice.roll(2) }, () => {
    // These change nothing, and so can be taken for ever without an end.
    if (dice.once(8)) return { guard: guard(dice, all), actions: [{ type: 'tell', params: { what: 'noted' } }] }
    const target = dice.once(4) ? undefined : targets(source, dice, all)
    const more = Array.from({ length: dice.roll(2) }, () => action(dice, all))
    return {
      ...(target === undefined ? {} : { target }),
      ...(dice.once(3) ? { reenter: true } : {}),
      guard: fueled(guard(dice, all), dice),
      actions: ['spend', ...more],
    }
  })
}

/** Any state of the machine, or one each of several regions. */
function targets(source: Draft, dice: Dice, all: readonly Draft[]): string | string[] {
  const wide = all.filter(({ kind, children }) => kind === 'parallel' && children.length > 1)
  if (wide.length > 0 && dice.once(4)) {
    const regions = dice.pick(wide).children.slice(0, 2 + dice.roll(2))
    return regions.map((region) => `#${dice.pick(inside(region)).id}`)
  }
  if (source.children.length > 0 && dice.once(3)) return `.${dice.pick(source.children).key}`
  return `#${dice.pick(all).id}`
}

function inside(draft: Draft): Draft[] {
  return [draft, ...draft.children.flatMap(inside)]
}

/** `id` of a state, as a function of XState's takes it. */
const at = (dice: Dice, all: readonly Draft[]): string => `#${dice.pick(all).id}`

function guard(dice: Dice, all: readonly Draft[]): unknown {
  switch (dice.roll(9)) {
    case 0:
      return 'isEven'
    case 1:
      return { type: 'isAtLeast', params: { least: dice.roll(4) } }
    case 2:
      return { type: 'isAtLeast', params: ({ context, event }: Args) => ({ least: context.trace.length - (event.type.length % 3) }) }
    case 3:
      return ({ event }: Args) => event.type.length % 2 === 0
    case 4:
      return not((dice.once(2) ? 'isEven' : stateIn(at(dice, all))) as never)
    case 5:
      return or([stateIn(at(dice, all)), 'isEven'])
    case 6:
      return 'isBuiltIn'
    case 7:
      return dice.once(6) ? 'explodes' : 'isEven'
    default:
      return () => true
  }
}

function fueled(inner: unknown, dice: Dice): unknown {
  return dice.once(4) ? 'hasFuel' : and(['hasFuel', inner as never])
}

function action(dice: Dice, all: readonly Draft[]): unknown {
  const tag = `t${dice.roll(100)}`
  const type = dice.pick(eventTypes.slice(0, 6))
  const kid = dice.pick(['kid', 'a0', 'a1', 'k2'])
  switch (dice.roll(19)) {
    case 0:
      return 'count'
    case 1:
    case 2:
      return assign({ count: ({ context }) => (context as Context).count + 1 })
    case 3:
      return raise({ type })
    case 4:
      return { type: 'raiseNext', params: { type } }
    case 5:
      return raise(({ context }) => ({ type, from: (context as Context).count }), { id: tag, delay: dice.pick([7, 'soon', ({ context }: { context: unknown }) => (context as Context).count] as const) as never })
    case 6:
      return cancel(dice.once(2) ? tag : ({ context }: { context: unknown }) => `t${(context as Context).count}`)
    case 7:
      return emit(({ context, event }) => ({ type: tag, count: (context as Context).count, of: (event as { type: string }).type }))
    case 8:
      return spawnChild(dice.pick(['one', 'two']), { id: dice.once(3) ? kidOf : kid, input: ({ context }: { context: unknown }) => (context as Context).trace } as never)
    case 9:
      return stopChild((dice.once(3) ? kidOf : kid) as never)
    case 10:
      return dice.once(6) ? sendTo(kid, { type }) : { type: 'sendIfThere', params: { kid, type } }
    case 11:
      return dice.pick(['foreign', { type: 'missing', params: { tag } }, { type: 'foreign', params: ({ context }: Args) => context.count }])
    case 12:
      return log(({ context }) => (context as Context).count, tag)
    case 13: {
      const place = at(dice, all)
      return enqueueActions(({ enqueue, check }) => {
        enqueue('count' as never)
        if (check(stateIn(place) as never)) enqueue.emit({ type: tag } as never)
        if (check({ type: 'isAtLeast', params: { least: 2 } } as never)) enqueue.raise({ type })
        enqueue.spawnChild('one', { id: 'k2' })
        enqueue.cancel(tag)
        enqueue.stopChild(kid)
        enqueue(emit({ type: `${tag}!` }) as never)
      })
    }
    case 14:
      return { type: 'many', params: { tag, type } }
    default:
      return { type: 'trace', params: { tag } }
  }
}

const bringsFuel = (context: Context, { turn = 0 }: Args['event']): boolean => turn > context.turn
const kidOf = ({ context }: { context: unknown }): string => `k${(context as Context).count}`

const implementations = {
  actors: { one: inert, two: inert },
  delays: { soon: 3 },
  guards: {
    hasFuel: ({ context, event }: Args) => context.fuel > 0 || bringsFuel(context, event),
    isEven: ({ context }: Args) => context.count % 2 === 0,
    isAtLeast: ({ context }: Args, { least }: { least: number }) => context.count >= least,
    isBuiltIn: or(['isEven', ({ context }: { context: unknown }) => (context as Context).trace.length > 3]),
    explodes: ({ context }: Args) => {
      if (context.count === 5) throw new Error('five')
      return context.count % 3 !== 0
    },
  },
  actions: {
    spend: assign(({ context, event }: Args): Partial<Context> =>
      bringsFuel(context, event) ? { fuel: 4, turn: event.turn ?? 0 } : { fuel: context.fuel - 1 },
    ),
    count: assign(({ context }) => ({ count: (context as Context).count + 1 })),
    tell: emit(({ event }, { what }: { what: string }) => ({ type: what, of: event.type })),
    trace: assign(({ context, event }: Args, { tag }: { tag: string }) => ({ trace: [...context.trace.slice(-8), `${tag} ${event.type}`] })),
    raiseNext: raise((_, { type }: { type: string }) => ({ type })),
    sendIfThere: enqueueActions(({ self, enqueue }, { kid, type }: { kid: string; type: string }) => {
      enqueue.spawnChild('two', { id: kid })
      enqueue.sendTo(kid, { type, self: typeof self }, { delay: 4 })
    }),
    many: enqueueActions(({ enqueue, context }, { tag, type }: { tag: string; type: string }) => {
      enqueue.emit((({ context }: Args) => ({ type: tag, count: context.count })) as never)
      enqueue.assign({ count: (context as Context).count + 2 })
      enqueue({ type: 'trace', params: { tag } } as never)
      enqueue.assign({ trace: ({ context }: Args) => context.trace.slice(1) } as never)
      enqueue.raise({ type }, { id: tag, delay: 9 })
      enqueue('missing' as never)
    }),
    foreign: () => {},
  },
}
