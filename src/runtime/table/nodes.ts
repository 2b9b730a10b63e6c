import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { builtinOp, compileAction, compileGuard, type Guard, NotCovered, type Op } from './actions.ts'
import { wildcardMatcher } from './wildcards.ts'

/** A state of a machine with its names looked up. */
export interface TableNode {
  readonly id: string
  readonly key: string
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final'
  /** Place in the document. */
  readonly order: number
  /** That of the last state inside it; its own when there is none. */
  readonly last: number
  readonly parent: TableNode | undefined
  readonly children: readonly TableNode[]
  readonly initial: TableNode | undefined
  readonly initialActions: readonly Op[]
  /** With the start of what it invokes. */
  readonly entry: readonly Op[]
  /** Without the end of what it invokes. */
  readonly exit: readonly Op[]
  readonly invoked: readonly string[]
  readonly on: ReadonlyMap<string, readonly TableTransition[]>
  readonly always: readonly TableTransition[]
  readonly output: unknown
  readonly origin: AnyStateNode
}

export interface TableTransition {
  /** Unique in the machine. */
  readonly index: number
  /** A list of nothing else. */
  readonly alone: readonly [TableTransition]
  readonly source: TableNode
  readonly targets: readonly TableNode[]
  readonly reenter: boolean
  readonly guard: Guard | undefined
  readonly actions: readonly Op[]
}

export function createTransition(parts: Omit<TableTransition, 'alone'>): TableTransition {
  const alone: TableTransition[] = []
  const transition = { ...parts, alone: alone as unknown as [TableTransition] }
  alone.push(transition)
  return transition
}

export interface TableNodes {
  readonly root: TableNode
  readonly byOrigin: ReadonlyMap<AnyStateNode, TableNode>
  /** Event types that a state names as they are. */
  readonly exact: ReadonlySet<string>
  /** What matches those that stand for more than one type. */
  readonly wildcards: readonly ((type: string) => boolean)[]
}

type Building = { -readonly [Field in keyof TableNode]: TableNode[Field] }

/** The machine's states as XState read its config. Throws NotCovered. */
export function compileNodes(machine: AnyStateMachine): TableNodes {
  const byOrigin = new Map<AnyStateNode, Building>()
  const root = buildTree(machine.root, undefined, byOrigin, machine)
  const descriptors = new Set<string>()
  let count = 0
  const transition = (source: TableNode, { target, guard, actions, reenter }: XStateTransition): TableTransition => {
    const targets = (target ?? []).map((origin) => required(byOrigin.get(origin)))
    checkTargets(targets)
    count += 1
    const ops = actions.map((action) => compileAction(action, machine))
    return createTransition({ index: count, source, targets, reenter, guard: compileGuard(guard, machine), actions: ops })
  }
  for (const [origin, node] of byOrigin) {
    const on = new Map<string, readonly TableTransition[]>()
    for (const [descriptor, list] of origin.transitions as Map<string, XStateTransition[]>) {
      descriptors.add(descriptor)
      on.set(descriptor, list.map((each) => transition(node, each)))
    }
    node.on = on
    node.always = ((origin.always ?? []) as XStateTransition[]).map((each) => transition(node, each))
    node.initial = node.type === 'compound' ? required(byOrigin.get(required(origin.initial.target[0]))) : undefined
    node.initialActions = origin.initial.actions.map((action) => compileAction(action, machine))
  }
  const wildcards = [...descriptors].flatMap((descriptor) => wildcardMatcher(descriptor) ?? [])
  return { root, byOrigin, exact: descriptors, wildcards }
}

interface XStateTransition {
  readonly target: readonly AnyStateNode[] | undefined
  readonly guard?: unknown
  readonly actions: readonly unknown[]
  readonly reenter: boolean
}

function buildTree(
  origin: AnyStateNode,
  parent: TableNode | undefined,
  byOrigin: Map<AnyStateNode, Building>,
  machine: AnyStateMachine,
): Building {
  if (origin.type === 'history') throw new NotCovered(`the history state "${origin.id}"`)
  if (byOrigin.size !== origin.order) throw new NotCovered(`the state "${origin.id}", whose id another one has`)
  const { id, key, type, order, output } = origin
  const invoke = origin.invoke as readonly XStateInvoke[]
  const node: Building = {
    id,
    key,
    type,
    order,
    last: order,
    parent,
    children: [],
    initial: undefined,
    initialActions: [],
    entry: [...origin.entry.map((action) => compileAction(action, machine)), ...invoke.map((each) => spawnOp(each, machine))],
    exit: origin.exit.map((action) => compileAction(action, machine)),
    invoked: invoke.map((each) => each.id),
    on: new Map(),
    always: [],
    output,
    origin,
  }
  byOrigin.set(origin, node)
  const children = Object.values(origin.states as Record<string, AnyStateNode>)
  node.children = children.map((child) => buildTree(child, node, byOrigin, machine))
  node.last = byOrigin.size - 1
  return node
}

interface XStateInvoke {
  readonly id: string
  readonly src: unknown
  readonly systemId?: string
  readonly input?: unknown
}

function spawnOp({ id, src, systemId, input }: XStateInvoke, machine: AnyStateMachine): Op {
  const actors: object = machine.implementations.actors
  if (typeof src !== 'string' || !Object.hasOwn(actors, src)) throw new NotCovered(`the invoked actor "${id}" of the config's own`)
  if (systemId !== undefined) throw new NotCovered(`the system id "${systemId}"`)
  return builtinOp({ type: 'xstate.spawnChild', id, src, input }, undefined)
}

/** Several targets make sense in different regions only; what XState makes of others is its own affair. */
function checkTargets(targets: readonly TableNode[]): void {
  for (const [index, one] of targets.entries()) {
    for (const other of targets.slice(0, index)) {
      let common = one.parent
      while (common !== undefined && !isBelow(other, common)) common = common.parent
      if (common?.type !== 'parallel' || one === other || isBelow(one, other) || isBelow(other, one)) {
        throw new NotCovered(`a transition to both "${other.id}" and "${one.id}"`)
      }
    }
  }
}

/** Whether the state is inside the other one. Everything, the root too, is inside nothing. */
export function isBelow(node: TableNode, other: TableNode | undefined): boolean {
  return other === undefined || (node.order > other.order && node.order <= other.last)
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new NotCovered('a state that is not in the machine')
  return value
}
