import type { AnyStateMachine, StateValue } from 'xstate'
import { type Configuration, createConfiguration, type Plan, type Selector, selectorKey, selectorOf, valueOf } from './configuration.ts'
import { compileNodes, createTransition, type TableNode, type TableNodes, type TableTransition } from './nodes.ts'
import { createPlan } from './plan.ts'

/** Configurations remembered per state of the machine; a machine of many regions can be in more than can be kept. */
const rememberedPerState = 8
const rememberedAtLeast = 1024

interface Restored {
  readonly configuration: Configuration
  readonly status: 'active' | 'done'
}

interface Resolved {
  readonly _nodes: readonly TableNode['origin'][]
  readonly status: 'active' | 'done'
}

/** What is known of a machine without its context: worked out when first needed, then looked up. */
export class Table {
  readonly machine: AnyStateMachine
  readonly #nodes: TableNodes
  readonly #known = new Map<string, Configuration>()
  /** One object for equal values, so that they are also stored once. */
  readonly #values = new Map<string, StateValue>()
  readonly #restored = new Map<string, Restored>()
  readonly #before: Configuration
  #initial: Plan | undefined

  /** Throws NotCovered. */
  constructor(machine: AnyStateMachine) {
    this.machine = machine
    this.#nodes = compileNodes(machine)
    this.#before = createConfiguration([this.#nodes.root], machine.resolveState({ value: {}, context: {} }).value)
  }

  /** Where the machine is while its initial transition is taken: in its root. */
  get before(): Configuration {
    return this.#before
  }

  /** What the initial transition does. */
  get initial(): Plan {
    if (this.#initial === undefined) {
      const source = this.#nodes.root
      const transition = createTransition({ index: 0, source, targets: [source], reenter: true, guard: undefined, actions: [] })
      this.#initial = createPlan(this.#before, [transition], true, (nodes) => this.#intern(nodes))
    }
    return this.#initial
  }

  get output(): unknown {
    return this.#nodes.root.output
  }

  selector(configuration: Configuration, type: string): Selector | null {
    const key = selectorKey(type, this.#nodes)
    if (key === undefined) return null
    let selector = configuration.selectors.get(key)
    if (selector === undefined) {
      selector = selectorOf(configuration, this.#nodes.root, type)
      configuration.selectors.set(key, selector)
    }
    return selector
  }

  plan(configuration: Configuration, transitions: readonly TableTransition[]): Plan {
    const [only] = transitions
    const key = transitions.length === 1 && only !== undefined ? only : transitions.map(({ index }) => index).join()
    let plan = configuration.plans.get(key)
    if (plan === undefined) {
      plan = createPlan(configuration, transitions, false, (nodes) => this.#intern(nodes))
      configuration.plans.set(key, plan)
    }
    return plan
  }

  /** Where a machine is that was saved with this value. Throws when there is no such state. */
  restore(value: StateValue): Restored {
    const key = JSON.stringify(value)
    let restored = this.#restored.get(key)
    if (restored === undefined) {
      const { _nodes: origins, status } = this.machine.resolveState({ value, context: {} }) as unknown as Resolved
      const configuration = this.#intern(origins.flatMap((origin) => this.#nodes.byOrigin.get(origin) ?? []))
      restored = { configuration, status }
      this.#restored.set(key, restored)
    }
    return restored
  }

  #intern(nodes: readonly TableNode[]): Configuration {
    const key = nodes.map(({ order }) => order).join()
    let configuration = this.#known.get(key)
    if (configuration === undefined) {
      const most = Math.max(rememberedAtLeast, this.#nodes.byOrigin.size * rememberedPerState)
      if (this.#known.size >= most) this.#forget()
      const value = valueOf(nodes, this.#nodes.root)
      const text = JSON.stringify(value)
      const shared = this.#values.get(text) ?? value
      this.#values.set(text, shared)
      configuration = createConfiguration(nodes, shared)
      this.#known.set(key, configuration)
    }
    return configuration
  }

  /** Machines that run keep what they need of it. */
  #forget(): void {
    this.#known.clear()
    this.#values.clear()
    this.#restored.clear()
    this.#initial = undefined
  }
}
