import {
  type AnyStateMachine, and, assign, cancel, createMachine, emit, enqueueActions, log, not, or, raise, sendTo, spawnChild, stateIn, stopChild,
} from 'xstate'
import { describe, expect, test } from 'vitest'
import type { PureSnapshot } from '../src/runtime/program.ts'
import { inert } from '../src/runtime/stock-machine.ts'
import { tableMachine } from '../src/runtime/table/machine.ts'
import { wildcardMatcher } from '../src/runtime/table/wildcards.ts'
import { lockstepMachine } from './table-lockstep.ts'

function machine(config: object, implementations: object = {}): AnyStateMachine {
  return createMachine(config as never, implementations as never)
}

const states = { a: {}, b: {} }

describe('what the tables do not cover is left to XState', () => {
  test.each<[string, AnyStateMachine]>([
    ['a history state', machine({ initial: 'a', states: { ...states, back: { type: 'history' } } })],
    ['an actor of the config itself', machine({ invoke: { src: inert, id: 'one' } })],
    ['an actor that nothing provides', machine({ invoke: { src: 'one', id: 'one' } })],
    ['an id for the whole system', machine({ invoke: { src: 'one', id: 'one', systemId: 'one' } }, { actors: { one: inert } })],
    ['two targets in one region', machine({ initial: 'a', states, on: { go: { target: ['.a', '.b'] } } })],
    ['a target and a state inside it', machine({ id: 'm', initial: 'a', states: { a: { initial: 'c', states: { c: {} } } }, on: { go: { target: ['#m.a', '#m.a.c'] } } })],
    ['a limit to iterations', machine({ options: { maxIterations: 9 } })],
    ['two states of one id', machine({ initial: 'a', states: { a: { id: 'x' }, b: { id: 'x' }, c: {} } })],
    ['a guard that nothing provides', machine({ on: { go: { guard: 'unknown' } } })],
    ['a guard that is the name of another', machine({ on: { go: { guard: 'one' } } }, { guards: { one: 'two', two: () => true } })],
    ['an action of a kind that is new', machine({ entry: Object.assign(() => {}, { type: 'xstate.new', resolve: () => [] }) })],
  ])('%s', (_, one) => {
    expect(tableMachine(one)).toBeUndefined()
  })

  test('but all else is not', () => {
    expect(tableMachine(machine({ initial: 'a', states }))?.engine).toBe('table')
  })
})

test('what a transition meets at run time alone is refused in words', () => {
  const spawns = tableMachine(machine({ entry: assign({ ref: ({ spawn }) => spawn('one') as never }) }, { actors: { one: inert } }))
  expect(() => spawns?.initial(null)).toThrow('use `spawnChild`')
  const nameless = tableMachine(machine({ id: 'm', entry: spawnChild('one' as never) }, { actors: { one: inert } }))
  expect(() => nameless?.initial(null)).toThrow('The machine "m" spawns an actor without an id')
  const other = tableMachine(machine({}))
  expect(() => other?.step({ value: {}, context: {}, status: 'active', children: {} }, { type: 'go' })).toThrow('not one of this machine')
})

test('a star stands for the rest of a type, and only at its end', () => {
  const types = ['C', 'C.d', 'C.d.e', 'Cd', 'C.*.d', 'D', '']
  const matched = (descriptor: string): string[] | undefined => {
    const matches = wildcardMatcher(descriptor)
    return matches === undefined ? undefined : types.filter(matches)
  }
  expect(matched('*')).toEqual(types)
  expect(matched('C.*')).toEqual(['C', 'C.d', 'C.d.e', 'C.*.d'])
  expect(matched('C.d.*')).toEqual(['C.d', 'C.d.e'])
  expect(matched('C.*.*')).toEqual([])
  expect(matched('C*')).toBeUndefined()
})

test('a machine in more states than are remembered goes on all the same', () => {
  const regions = Object.fromEntries(
    Array.from({ length: 12 }, (_, index) => [
      `r${index}`,
      { initial: 'off', states: { off: { on: { [`flip${index}`]: 'on' } }, on: { on: { [`flip${index}`]: 'off', all: 'off' } } } },
    ]),
  )
  const wide = lockstepMachine(machine({ type: 'parallel', states: regions }))
  let snapshot: PureSnapshot = wide.initial(undefined).snapshot
  const values = new Set<string>()
  // A Gray code: every flip of one region leads to a value that was not there before.
  for (let turn = 1; turn <= 1500; turn += 1) {
    snapshot = wide.step(snapshot, { type: `flip${31 - Math.clz32(turn & -turn)}` }).snapshot
    values.add(JSON.stringify(snapshot.value))
  }
  expect(values.size).toBe(1500)
  expect(JSON.stringify(wide.step(snapshot, { type: 'all' }).snapshot.value)).not.toContain('"on"')
})

test('a machine that was saved at its end is done', () => {
  const ends = lockstepMachine(machine({ initial: 'a', states: { a: {}, b: { type: 'final' } } }))
  const restored = (value: string): string => ends.restore({ value, context: {}, children: {} }).status
  expect([restored('a'), restored('b')]).toEqual(['active', 'done'])
})

test('equal values are one object, so that a tree stores them once', () => {
  const region = { initial: 'off', states: { off: { on: { flip: 'on' } }, on: {} } }
  const other = { initial: 'off', states: { off: {} } }
  const flips = tableMachine(machine({ type: 'parallel', states: { a: region, b: other } }))
  const first = flips?.initial(null).snapshot
  expect(flips?.initial(null).snapshot.value).toBe(first?.value)
  const flipped = first === undefined ? undefined : flips?.step(first, { type: 'flip' }).snapshot
  expect(flipped?.value).toEqual({ a: 'on', b: 'off' })
  // XState has the states in another order after a restore.
  expect(flips?.restore({ value: { a: 'on', b: 'off' }, context: {}, children: {} }).value).toBe(flipped?.value)
})

describe('XState is as the tables know it: look at what changed before you change this', () => {
  const scope = { self: { id: 'self' } }
  const resolved = (action: unknown, state: object = {}): unknown[] => {
    const queue: unknown[] = []
    const { resolve } = action as { resolve: (...args: unknown[]) => [unknown, unknown, unknown] }
    const [next, params, more] = resolve(scope, state, { context: {}, event: { type: 'e' } }, undefined, action, { internalQueue: queue, deferredActorIds: undefined })
    return [next === state, params, more, queue]
  }
  const state = { machine: { id: 'm', implementations: { delays: { soon: 3 } } }, children: { kid: { id: 'kid' } } }

  test('its actions carry their settings and how they are worked out', () => {
    const settings = (action: unknown): object => Object.fromEntries(Object.entries(action as object).map(([key, value]) => [key, typeof value === 'function' ? 'function' : value]))
    const how = { resolve: 'function', execute: 'function' }
    expect(settings(assign({ a: 1 }))).toEqual({ type: 'xstate.assign', assignment: { a: 1 }, resolve: 'function' })
    expect(settings(enqueueActions(() => {}))).toEqual({ type: 'xstate.enqueueActions', collect: 'function', resolve: 'function' })
    expect(settings(raise({ type: 'r' }, { id: 'i', delay: 1 }))).toEqual({ type: 'xstate.raise', event: { type: 'r' }, id: 'i', delay: 1, ...how })
    expect(settings(cancel('i'))).toEqual({ type: 'xstate.cancel', sendId: 'i', ...how })
    expect(settings(emit({ type: 'r' }))).toEqual({ type: 'xstate.emit', event: { type: 'r' }, ...how })
    expect(settings(stopChild('kid'))).toEqual({ type: 'xstate.stopChild', actorRef: 'kid', ...how })
    expect(settings(log('v', 'l'))).toEqual({ type: 'xstate.log', value: 'v', label: 'l', ...how })
    expect(settings(spawnChild('one' as never, { id: 'kid', input: 1 } as never))).toEqual({
      type: 'xstate.spawnChild', src: 'one', id: 'kid', input: 1, systemId: undefined, syncSnapshot: false, ...how,
    })
    expect(settings(sendTo('kid', { type: 's' }, { id: 'i', delay: 1 }))).toEqual({
      type: 'xstate.sendTo', to: 'kid', event: { type: 's' }, id: 'i', delay: 1, retryResolve: 'function', ...how,
    })
  })

  test('and are worked out so', () => {
    const event = { type: 'r' }
    expect(resolved(raise(event), state)).toEqual([true, { event, id: undefined, delay: undefined }, undefined, [event]])
    expect(resolved(raise(event, { id: 'i', delay: 'soon' } as never), state)).toEqual([true, { event, id: 'i', delay: 3 }, undefined, []])
    expect(resolved(cancel('i'), state)).toEqual([true, { sendId: 'i' }, undefined, []])
    expect(resolved(emit(event), state)).toEqual([true, { event }, undefined, []])
    const to = { to: { id: 'kid' }, targetId: 'kid', event, id: undefined, delay: undefined }
    expect(resolved(sendTo('kid', event), state)).toEqual([true, to, undefined, []])
  })

  test('its built-in guards are checked with a state, and know each other', () => {
    const context = {}
    for (const guard of [and([() => true]), or([() => false, () => true]), not(() => false)]) {
      const { check } = guard as unknown as { check: (state: object, args: object, guard: unknown) => boolean }
      expect(check({ machine: { implementations: { guards: {} } } }, { context, event: { type: 'e' } }, guard)).toBe(true)
    }
    const inside = stateIn({ a: 'b' }) as unknown as { check: (state: object, args: object, guard: unknown) => boolean }
    expect(inside.check({ matches: (value: unknown) => JSON.stringify(value) === '{"a":"b"}' }, {}, inside)).toBe(true)
  })

  test('its states are read from the config like this', () => {
    const { root } = machine(
      { id: 'm', initial: 'a', states: { a: { after: { soon: 'b' }, invoke: { src: 'one', id: 'kid', onDone: 'b' }, always: { guard: 'g', target: 'b' } }, b: { type: 'final' } }, onDone: {} },
      { actors: { one: inert }, guards: { g: () => false } },
    )
    const a = root.states['a']
    expect([root.order, a?.order, root.states['b']?.order]).toEqual([0, 1, 2])
    expect(root.initial.target[0]).toBe(a)
    expect([...root.transitions.keys()]).toEqual(['xstate.done.state.m'])
    expect([...(a?.transitions.keys() ?? [])]).toEqual(['xstate.done.actor.kid', 'xstate.after.soon.m.a'])
    expect(a?.entry.map((action) => ({ ...(action as object) }))).toMatchObject([{ type: 'xstate.raise', id: 'xstate.after.soon.m.a', delay: 'soon' }])
    expect(a?.exit.map((action) => ({ ...(action as object) }))).toMatchObject([{ type: 'xstate.cancel', sendId: 'xstate.after.soon.m.a' }])
    expect(a?.invoke).toMatchObject([{ src: 'one', id: 'kid', systemId: undefined }])
    expect(a?.always).toMatchObject([{ guard: 'g', target: [{ id: 'm.b' }], reenter: false, actions: [] }])
  })
})
