import { fillPath, innerBlocks, isBranchGroup, isStep } from '../spec/blocks.ts'
import type { Block, Workflow } from '../spec/ir.ts'
import { reducerStep } from '../spec/reducer-step.ts'
import { type NodeState, noCounts, type RunView, type ViewState } from './run-view-nodes.ts'

/** A run of which nothing has happened yet: every block is pending. */
export function createRunView(workflow: Workflow): RunView {
  let nodes: NodeState[] | undefined
  const view: ViewState = {
    workflow,
    get nodes() {
      nodes ??= inOrder(view.roots)
      return nodes
    },
    reshape: () => (nodes = undefined),
    roots: [],
    byPath: new Map(),
    active: new Set(),
    asks: [],
    childAsks: [],
    version: 0,
    lastSeq: 0,
    runId: '',
    status: 'running',
    reason: null,
    scripted: false,
    output: undefined,
    error: null,
    startedAt: null,
    endedAt: null,
    lastEventAt: null,
    resumed: 0,
    workedMs: 0,
    activeSince: null,
    usage: null,
    steps: noCounts(),
    total: 0,
    waitingSince: null,
    suspended: [],
  }
  view.roots = workflow.stages.map((stage) => createNode(view, stage, null, 'inner'))
  linkReturns(view.roots)
  for (const root of view.roots) view.total += root.steps.pending
  view.steps.pending = view.total
  return view
}

export function createNode(
  view: ViewState,
  block: Block,
  parent: NodeState | null,
  role: NodeState['role'],
  place: { readonly at: readonly number[]; readonly item: number } | undefined = undefined,
): NodeState {
  const at = place?.at ?? parent?.at ?? []
  const repeats = role === 'inner' && (parent?.kind === 'loop' || parent?.kind === 'review')
  const node: NodeState = {
    block,
    path: fillPath(block.path, at),
    id: block.id,
    title: block.title ?? null,
    kind: block.kind,
    depth: parent === null ? 0 : parent.depth + 1,
    at,
    place: 0,
    role,
    verify: null,
    fallback: null,
    ask: null,
    repeater: repeats ? parent : (parent?.repeater ?? null),
    returns: [],
    parent,
    children: [],
    isStep: isStep(block),
    item: place?.item ?? null,
    group: block.group === undefined ? null : fillPath(block.group, at),
    branch: place === undefined ? branchIn(block, parent) : String(place.item),
    status: 'pending',
    iteration: 0,
    attempt: 0,
    startedAt: null,
    endedAt: null,
    output: undefined,
    error: null,
    reason: null,
    usage: null,
    lastLine: '',
    steps: noCounts(),
    version: view.version,
    innerCount: 0,
    inside: noCounts(),
    own: 'pending',
    seen: 'pending',
    begun: false,
    settled: false,
    spared: false,
    stopped: null,
  }
  view.byPath.set(node.path, node)
  if (node.isStep) node.steps.pending = 1
  const reducer = isBranchGroup(block) ? reducerStep(block) : undefined
  const inner = [...(block.kind === 'map' ? [] : innerBlocks(block)), ...(reducer === undefined ? [] : [reducer])]
  for (const each of inner) addChild(view, node, each, 'inner')
  node.innerCount = node.children.length
  node.inside.pending = node.children.length
  if (block.kind === 'sequence') linkReturns(node.children)
  const { verify, onFailure } = block
  if (verify !== undefined) node.verify = addChild(view, node, verify, 'verify')
  if (typeof onFailure === 'object' && 'fallback' in onFailure) {
    node.fallback = addChild(view, node, onFailure.fallback, 'fallback')
  }
  return node
}

function addChild(view: ViewState, parent: NodeState, block: Block, role: NodeState['role']): NodeState {
  const child = createNode(view, block, parent, role)
  parent.children.push(child)
  parent.steps.pending += child.steps.pending
  return child
}

/** What is in the same group as the block around it is in the same branch: in a map that is the item. */
function branchIn(block: Block, parent: NodeState | null): string | null {
  return parent !== null && parent.block.group === block.group ? parent.branch : (block.branch ?? null)
}

function linkReturns(list: readonly NodeState[]): void {
  for (const node of list) {
    const { onFailure } = node.block
    if (typeof onFailure !== 'object' || !('goto' in onFailure)) continue
    list.find((each) => each.id === onFailure.goto)?.returns.push(node)
  }
}

function inOrder(roots: readonly NodeState[]): NodeState[] {
  const nodes: NodeState[] = []
  const add = (node: NodeState): void => {
    node.place = nodes.length
    nodes.push(node)
    for (const child of node.children) add(child)
  }
  for (const root of roots) add(root)
  return nodes
}
