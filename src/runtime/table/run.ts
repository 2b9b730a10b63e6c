import { type AnyActorRef, type AnyStateMachine, and, matchesState, type MachineContext, type StateValue } from 'xstate'
import { type Children, copyOf } from '../machine-children.ts'
import type { MachineAction } from '../pure-machine.ts'
import type { Builtin, MachineEvent, Op } from './actions.ts'
import type { Configuration } from './configuration.ts'
import { createEnqueue } from './enqueue.ts'

type Call = (args: unknown, params?: unknown) => unknown

const nothing = {}
const noActions: MachineAction[] = []

/**
 * A machine while it takes one event: its state, and what XState's own actions and guards read of a snapshot. There is
 * one per machine, used for one event after another.
 */
export class TableRun {
  readonly machine: AnyStateMachine
  readonly #self: AnyActorRef
  readonly #enqueue: object
  configuration: Configuration
  context: MachineContext = {}
  children: Children = {}
  status: 'active' | 'done' = 'active'
  output: unknown = undefined
  /** Set by whatever makes XState's snapshot another one. */
  hasChanged = false
  actions: MachineAction[] = []
  /** Events that were raised and not yet taken. */
  raised: MachineEvent[] = []
  /** Actors that are started by the state that is being entered. */
  #starting: readonly string[] | undefined = undefined
  #late: { readonly builtin: Builtin; readonly params: unknown }[] = []
  #enqueued: Op[] = []
  #own: Record<string, unknown> | undefined = undefined

  constructor(machine: AnyStateMachine, self: AnyActorRef, configuration: Configuration) {
    this.machine = machine
    this.#self = self
    this.configuration = configuration
    this.#enqueue = createEnqueue(machine, (op) => void this.#enqueued.push(op))
  }

  /** Lets go of what the last event left: it is somebody else's now. */
  end(): void {
    this.context = nothing
    this.children = nothing
    this.#own = undefined
    this.output = undefined
    this.actions = noActions
  }

  begin(configuration: Configuration, context: MachineContext, children: Children): void {
    this.configuration = configuration
    this.context = context
    this.children = children
    this.#own = undefined
    this.status = 'active'
    this.output = undefined
    this.actions = []
    if (this.raised.length > 0) this.raised = []
  }

  /** The first context, as `context` of the config gives it. */
  start(create: (args: unknown) => object, event: MachineEvent & { readonly input: unknown }): void {
    this.#assign(({ spawn, self }: { spawn: unknown; self: unknown }) => create({ spawn, input: event.input, self }), event, undefined)
  }

  get value(): StateValue {
    return this.configuration.value
  }

  get _nodes(): readonly unknown[] {
    return this.configuration.nodes.map(({ origin }) => origin)
  }

  matches(value: StateValue): boolean {
    return matchesState(value, this.value)
  }

  perform(ops: readonly Op[], event: MachineEvent): void {
    for (const op of ops) this.#perform(op, event)
  }

  /** The actions of a state that is entered; what they send to the actors that it starts may be sent before the start. */
  performEntry(ops: readonly Op[], invoked: readonly string[], event: MachineEvent): void {
    this.#starting = invoked
    try {
      this.perform(ops, event)
      for (const { builtin, params } of this.#late) builtin.retryResolve?.(undefined, this, params)
    } finally {
      this.#starting = undefined
      if (this.#late.length > 0) this.#late = []
    }
  }

  resolve(given: unknown, event: MachineEvent): unknown {
    return typeof given === 'function' ? (given as Call)({ context: this.context, event, self: this.#self }) : given
  }

  #perform(op: Op, event: MachineEvent): void {
    const { builtin } = op
    const params: unknown = typeof op.params === 'function' ? (op.params as Call)({ context: this.context, event }) : op.params
    switch (op.kind) {
      case 'assign':
        this.#assign(builtin['assignment'], event, params)
        return
      case 'spawn':
        this.#spawn(builtin, event)
        return
      case 'stop':
        this.#stop(builtin['actorRef'], event, params)
        return
      case 'enqueue': {
        const ops = this.#collect(builtin['collect'] as Call, event, params)
        for (const each of ops) this.#perform(each, event)
        return
      }
      case 'emit': {
        const { event: given } = builtin
        const emitted: unknown = typeof given === 'function' ? (given as Call)(this.#args(event), params) : given
        this.actions.push({ type: op.type, params: { event: emitted } })
        return
      }
      case 'resolve': {
        const extra = { internalQueue: this.raised, deferredActorIds: this.#starting }
        const resolved = builtin.resolve?.({ self: this.#self }, this, this.#args(event), params, builtin, extra)
        if (this.#starting !== undefined && builtin.retryResolve !== undefined) this.#late.push({ builtin, params: resolved?.[1] })
        this.actions.push({ type: op.type, params: resolved?.[1] })
        return
      }
      case 'foreign':
        this.actions.push({ type: op.type, params })
    }
  }

  #args(event: MachineEvent) {
    return { context: this.context, event, self: this.#self, system: this.#self.system }
  }

  #assign(assignment: unknown, event: MachineEvent, params: unknown): void {
    const args = { context: this.context, event, spawn: refuseSpawn, self: this.#self, system: this.#self.system }
    const changed: Record<string, unknown> = { ...this.context }
    if (typeof assignment === 'function') Object.assign(changed, (assignment as Call)(args, params))
    else {
      const change = assignment as Readonly<Record<string, unknown>>
      for (const key of Object.keys(change)) {
        const to = change[key]
        changed[key] = typeof to === 'function' ? (to as Call)(args, params) : to
      }
    }
    this.context = changed
    this.hasChanged = true
  }

  #spawn({ id: named, src, input, systemId }: Builtin, event: MachineEvent): void {
    const id: unknown = typeof named === 'function' ? named(this.#args(event)) : named
    if (typeof id !== 'string' || systemId !== undefined) {
      throw new Error(`The machine "${this.machine.id}" spawns an actor without an id, or with one for the whole system.`)
    }
    const isKnown = typeof src !== 'string' || (this.machine.implementations.actors as Record<string, unknown>)[src] !== undefined
    const child = isKnown ? { id, src } : undefined
    this.#ownChildren()[id] = child
    this.hasChanged = true
    this.actions.push({ type: 'xstate.spawnChild', params: { id: named, src, input: isKnown ? this.resolve(input, event) : undefined } })
  }

  #stop(named: unknown, event: MachineEvent, params: unknown): void {
    const given: unknown = typeof named === 'function' ? (named as Call)(this.#args(event), params) : named
    const child = typeof given === 'string' ? this.children[given] : given
    if (child) delete this.#ownChildren()[(child as { id: string }).id]
    this.hasChanged = true
    this.actions.push({ type: 'xstate.stopChild', params: child })
  }

  /** Copied at the first change that an event makes: ten thousand actors that are spawned at once are copied once. */
  #ownChildren(): Record<string, unknown> {
    if (this.#own === undefined) {
      this.#own = copyOf(this.children)
      this.children = this.#own
    }
    return this.#own
  }

  #collect(collect: Call, event: MachineEvent, params: unknown): readonly Op[] {
    this.#enqueued = []
    const check = (guard: unknown): boolean => allOf.check(this, { context: this.context, event }, { guards: [guard] })
    collect({ context: this.context, event, self: this.#self, system: this.#self.system, enqueue: this.#enqueue, check }, params)
    return this.#enqueued
  }
}

/** XState's way to evaluate guards that are not known before. */
const allOf = and([]) as unknown as { readonly check: (state: unknown, args: unknown, guard: { guards: unknown[] }) => boolean }

function refuseSpawn(): never {
  throw new Error('A host of pure steps cannot see an actor that is spawned in `assign`: use `spawnChild`.')
}
