import { builtinOp, type Op } from './actions.ts'
import type { Configuration, Done, Entry, Plan } from './configuration.ts'
import { isBelow, type TableNode, type TableTransition } from './nodes.ts'

/** `intern` gives the configuration of these states. For the initial transition nothing is left. */
export function createPlan(
  from: Configuration,
  transitions: readonly TableTransition[],
  isInitial: boolean,
  intern: (nodes: readonly TableNode[]) => Configuration,
): Plan {
  const active = new Set(from.nodes)
  const chosen = withoutConflicts(transitions, active)
  const before: Op[] = []
  for (const node of isInitial ? [] : exitSet(chosen, active).sort((a, b) => b.order - a.order)) {
    before.push(...node.exit, ...node.invoked.map((id) => builtinOp({ type: 'xstate.stopChild', actorRef: id }, undefined)))
    active.delete(node)
  }
  for (const { actions } of chosen) before.push(...actions)
  const { entered, byDefault } = entrySet(chosen)
  const completed = new Set<TableNode>()
  const entries: Entry[] = []
  for (const node of [...entered].sort((a, b) => a.order - b.order)) {
    active.add(node)
    const ops = byDefault.has(node) ? [...node.entry, ...node.initialActions] : node.entry
    const ends = node.type === 'final' ? completions(node, active, completed) : { done: [], completes: undefined }
    if (ops.length > 0 || node.type === 'final') entries.push({ ops, invoked: node.invoked, ...ends })
  }
  const isDone = entries.some(({ completes }) => completes !== undefined)
  const last = [...active]
  // XState leaves the states of a machine that is done in this order.
  if (isDone) last.sort((a, b) => b.order - a.order)
  const isSame = from.nodes.length === active.size && from.nodes.every((node) => active.has(node))
  return { before, entries, ending: isDone ? last.flatMap(({ exit }) => exit) : [], next: isSame ? from : intern(last) }
}

/** What else is done with a final state, from the inside out. */
function completions(node: TableNode, active: ReadonlySet<TableNode>, completed: Set<TableNode>) {
  const { parent } = node
  const done: Done[] = []
  if (parent?.type === 'compound') done.push({ type: `xstate.done.state.${parent.id}`, output: node.output })
  let around = parent?.type === 'parallel' ? parent : parent?.parent
  let completes = around ?? node
  while (around?.type === 'parallel' && !completed.has(around) && isFinal(around, active)) {
    completed.add(around)
    done.push({ type: `xstate.done.state.${around.id}`, output: undefined })
    completes = around
    around = around.parent
  }
  return { done, completes: around === undefined ? completes : undefined }
}

function isFinal(node: TableNode, active: ReadonlySet<TableNode>): boolean {
  if (node.type === 'compound') return node.children.some((child) => child.type === 'final' && active.has(child))
  if (node.type === 'parallel') return node.children.every((child) => isFinal(child, active))
  return node.type === 'final'
}

/** Of two transitions that would leave the same state, that of the inner one is taken, else the first. */
function withoutConflicts(transitions: readonly TableTransition[], active: ReadonlySet<TableNode>): TableTransition[] {
  if (transitions.length < 2) return [...transitions]
  const kept = new Map<TableTransition, ReadonlySet<TableNode>>()
  for (const one of transitions) {
    const left = new Set(exitSet([one], active))
    const displaced: TableTransition[] = []
    let isDisplaced = false
    for (const [other, leftByOther] of kept) {
      if (![...left].some((node) => leftByOther.has(node))) continue
      if (isBelow(one.source, other.source)) displaced.push(other)
      else {
        isDisplaced = true
        break
      }
    }
    if (isDisplaced) continue
    for (const other of displaced) kept.delete(other)
    kept.set(one, left)
  }
  return [...kept.keys()]
}

function exitSet(transitions: readonly TableTransition[], active: ReadonlySet<TableNode>): TableNode[] {
  const left = new Set<TableNode>()
  for (const transition of transitions) {
    if (transition.targets.length === 0) continue
    const domain = domainOf(transition)
    for (const node of active) if (isBelow(node, domain)) left.add(node)
  }
  return [...left]
}

/** The innermost state that the transition stays inside of; undefined when it leaves the root itself. */
function domainOf({ source, targets, reenter }: TableTransition): TableNode | undefined {
  if (!reenter && targets.every((target) => target === source || isBelow(target, source))) return source
  const [first = source, ...others] = targets
  const rest = targets.length === 0 ? [] : [...others, source]
  for (let around = first.parent; around !== undefined; around = around.parent) {
    const common = around
    if (rest.every((node) => isBelow(node, common))) return common
  }
  return reenter ? undefined : rootOf(source)
}

function rootOf(node: TableNode): TableNode {
  return node.parent === undefined ? node : rootOf(node.parent)
}

/** The states that are entered, and those of them whose initial transition is taken. */
function entrySet(transitions: readonly TableTransition[]) {
  const entered = new Set<TableNode>()
  const byDefault = new Set<TableNode>()
  /** All states around those that are entered. */
  const around = new Set<TableNode>()
  const enter = (node: TableNode): void => {
    entered.add(node)
    for (let outer = node.parent; outer !== undefined && !around.has(outer); outer = outer.parent) around.add(outer)
  }
  const enterRegions = (node: TableNode, areDefault: boolean): void => {
    for (const region of node.children) {
      if (around.has(region)) continue
      enter(region)
      if (areDefault) byDefault.add(region)
      enterInside(region)
    }
  }
  const enterInside = (node: TableNode): void => {
    if (node.type === 'parallel') enterRegions(node, true)
    if (node.initial === undefined) return
    enter(node.initial)
    byDefault.add(node.initial)
    enterInside(node.initial)
  }
  const enterAround = (outer: readonly TableNode[], domain: TableNode | undefined): void => {
    for (const node of outer) {
      if (isBelow(node, domain)) enter(node)
      if (node.type === 'parallel') enterRegions(node, false)
    }
  }
  for (const transition of transitions) {
    const { source, targets, reenter } = transition
    const domain = domainOf(transition)
    for (const target of targets) {
      if (source !== target || source !== domain || reenter) {
        enter(target)
        byDefault.add(target)
      }
      enterInside(target)
    }
    for (const target of targets) {
      const outer = outerOf(target, domain)
      if (domain?.type === 'parallel') outer.push(domain)
      enterAround(outer, domain)
    }
  }
  return { entered, byDefault }
}

/** The states around this one that are inside the other, innermost first. */
function outerOf(node: TableNode, other: TableNode | undefined): TableNode[] {
  const outer: TableNode[] = []
  if (node === other) return outer
  for (let each = node.parent; each !== undefined && each !== other; each = each.parent) outer.push(each)
  return outer
}
