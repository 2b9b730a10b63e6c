import type { StateValue } from 'xstate'
import type { Op } from './actions.ts'
import type { TableNode, TableNodes, TableTransition } from './nodes.ts'
import { wildcardMatcher } from './wildcards.ts'

/**
 * The states that a machine is in at once, and what is known of them: worked out once, however often it is in them.
 * Their order is XState's: it decides in which order parallel regions react.
 */
export interface Configuration {
  readonly nodes: readonly TableNode[]
  readonly value: StateValue
  /** For each innermost state the `always` transitions of it and of those around it, innermost first; never empty. */
  readonly eventless: readonly (readonly TableTransition[])[]
  /** Who reacts to an event of a type; null for no one. */
  readonly selectors: Map<string, Selector | null>
  /** What the transitions do that were taken from here: one alone, or several by their indexes. */
  readonly plans: Map<TableTransition | string, Plan>
}

/** The states inside come first; only when none of them reacts does the state itself. */
export interface Selector {
  readonly inner: readonly Selector[]
  readonly own: readonly TableTransition[]
}

/** What taking some transitions together does, in order. Only guards, actions and outputs are left to work out. */
export interface Plan {
  /** The actions of the states that are left, then those of the transitions. */
  readonly before: readonly Op[]
  readonly entries: readonly Entry[]
  /** The machine is done: the exit actions of all states that it ends in. */
  readonly ending: readonly Op[]
  readonly next: Configuration
}

/** One state that is entered. */
export interface Entry {
  readonly ops: readonly Op[]
  /** Actors that it starts. */
  readonly invoked: readonly string[]
  /** Said to be done by its being entered, in order. */
  readonly done: readonly Done[]
  /** The state whose end is the machine's. */
  readonly completes: TableNode | undefined
}

export interface Done {
  readonly type: string
  /** An output, or the function that gives it. */
  readonly output: unknown
}

export function createConfiguration(nodes: readonly TableNode[], value: StateValue): Configuration {
  const eventless: TableTransition[][] = []
  for (const node of nodes) {
    if (node.type !== 'atomic' && node.type !== 'final') continue
    const chain: TableTransition[] = []
    for (let each: TableNode | undefined = node; each !== undefined; each = each.parent) chain.push(...each.always)
    if (chain.length > 0) eventless.push(chain)
  }
  return { nodes, value, eventless, selectors: new Map(), plans: new Map() }
}

/** The state value as XState writes it: its keys in the order of the states. */
export function valueOf(nodes: readonly TableNode[], root: TableNode): StateValue {
  const active = new Map<TableNode, TableNode[]>()
  for (const node of nodes) {
    if (!active.has(node)) active.set(node, [])
    if (node.parent === undefined) continue
    const siblings = active.get(node.parent)
    if (siblings === undefined) active.set(node.parent, [node])
    else siblings.push(node)
  }
  const write = (node: TableNode): StateValue => {
    const children = active.get(node) ?? []
    const [first] = children
    if (node.type === 'compound' && first !== undefined && (first.type === 'atomic' || first.type === 'final')) return first.key
    const value: { [key: string]: StateValue } = {}
    for (const child of children) value[child.key] = write(child)
    return value
  }
  return write(root)
}

/**
 * Who reacts to events of this type in these states. `type` may stand for all types that match the same wildcards and
 * that no state names.
 */
export function selectorOf({ value }: Configuration, root: TableNode, type: string): Selector | null {
  const select = (node: TableNode, part: StateValue): Selector | null => {
    // Regions react in the order of the value's keys, which for keys like numbers is not that of the states.
    const keys = typeof part === 'string' ? [part] : Object.keys(part)
    const inner: Selector[] = []
    for (const key of keys) {
      const child = node.children.find((each) => each.key === key)
      const selector = child === undefined ? null : select(child, typeof part === 'string' ? {} : (part[key] ?? {}))
      if (selector !== null) inner.push(selector)
    }
    const own = candidates(node, type)
    const [only] = inner
    if (own.length === 0 && inner.length < 2) return only ?? null
    return { inner, own }
  }
  return select(root, value)
}

/** The transitions that the event may take from this state, in the order in which they are tried. */
function candidates({ on }: TableNode, type: string): readonly TableTransition[] {
  const exact = on.get(type) ?? []
  const wild = [...on.keys()].filter((descriptor) => descriptor !== type && wildcardMatcher(descriptor)?.(type) === true)
  if (wild.length === 0) return exact
  const longestFirst = wild.toSorted((a, b) => b.length - a.length)
  return [...exact, ...longestFirst.flatMap((descriptor) => on.get(descriptor) ?? [])]
}

/** What selectors are remembered by: the type when a state names it, else the wildcards that it matches. */
export function selectorKey(type: string, { exact, wildcards }: TableNodes): string | undefined {
  if (exact.has(type)) return type
  if (wildcards.length === 0) return undefined
  let key = ''
  for (let index = 0; index < wildcards.length; index += 1) if (wildcards[index]?.(type) === true) key += ` ${index}`
  // No event type that is named anywhere begins so.
  return key === '' ? undefined : `\n${key}`
}
