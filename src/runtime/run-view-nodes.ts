import type { ErrorData } from '../errors.ts'
import type { Json } from '../json.ts'
import { childrenOf, isStep } from '../spec/blocks.ts'
import type { Block, Workflow } from '../spec/ir.ts'
import type { UsageTotal } from '../spec/outcome.ts'
import { reducerStep } from '../spec/reducer-step.ts'

/** The state of a run as its events tell it: what every screen, report and feed reads. */

export const nodeStatuses = [
  'pending', 'queued', 'running', 'waiting', 'retrying', 'completed', 'failed', 'skipped', 'cancelled',
] as const
export type NodeStatus = (typeof nodeStatuses)[number]
export type RunViewStatus = 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted'
export type StatusCounts = Readonly<Record<NodeStatus, number>>

/** One block of the workflow. Fields change with the events; `version` tells when they last did. */
export interface RunNode {
  readonly block: Block
  readonly path: string
  readonly id: string
  readonly title: string | null
  readonly kind: Block['kind']
  /** 0 for the stages of the workflow. */
  readonly depth: number
  /** Place in `RunView.nodes`; what is inside this block lies between it and `subtreeEnd`. */
  readonly index: number
  readonly subtreeEnd: number
  readonly parent: RunNode | null
  readonly children: readonly RunNode[]
  readonly isStep: boolean
  /** Path of the nearest parallel block around this one, and the id of the branch this one is in. */
  readonly group: string | null
  readonly branch: string | null

  readonly status: NodeStatus
  /** Counts from 1; 0 when it never started. */
  readonly attempt: number
  /** When the attempt in `attempt` started, or a group did; ISO 8601. */
  readonly startedAt: string | null
  readonly endedAt: string | null
  /** Undefined when there is none; groups have none. */
  readonly output: Json | undefined
  /** Of the last failed attempt, until one succeeds; of a group, the failures of its branches in one. */
  readonly error: ErrorData | null
  /** Why it was skipped or cancelled. */
  readonly reason: string | null
  /** Everything that was reported, over all attempts and all that is inside; null when nobody reported any. */
  readonly usage: UsageTotal | null
  /** The last line that the step wrote; '' when it wrote none. Raw: may hold control characters. */
  readonly lastLine: string
  /** How many of the steps inside (of a step: itself) are in which state. */
  readonly steps: StatusCounts
  readonly version: number
}

/** Changed by `applyEvent` and `markInterrupted` only. */
export interface RunView {
  readonly workflow: Workflow
  /** Every block, a group before what it holds, in the order of the document. */
  readonly nodes: readonly RunNode[]
  readonly byPath: ReadonlyMap<string, RunNode>
  /** Steps at work or about to be, the longest so first. */
  readonly active: ReadonlySet<RunNode>
  /** Goes up with every change. */
  readonly version: number
  /** Number of the last durable event in here; 0 before the first. */
  readonly lastSeq: number

  /** '' before the first event. */
  readonly runId: string
  readonly status: RunViewStatus
  /** Why the run is being cancelled or was stopped. */
  readonly reason: string | null
  readonly scripted: boolean
  readonly output: Json | undefined
  readonly error: ErrorData | null
  readonly startedAt: string | null
  readonly endedAt: string | null
  readonly lastEventAt: string | null
  /** How often the run was resumed. */
  readonly resumed: number
  /** Time in which some process worked on it, up to `activeSince`, in ms. */
  readonly workedMs: number
  /** When the present stretch of work began; null when none is under way. */
  readonly activeSince: string | null
  readonly usage: UsageTotal | null
  /** Steps only, not groups. */
  readonly steps: StatusCounts
  /** How many steps there are. */
  readonly total: number
}

export interface NodeState extends Writable<Omit<RunNode, 'parent' | 'children' | 'steps'>> {
  parent: NodeState | null
  children: NodeState[]
  steps: Record<NodeStatus, number>
  /** Direct children by status. */
  inside: Record<NodeStatus, number>
  /** A group that announced its start. */
  begun: boolean
  /** An event said how the group ended: its children no longer decide. */
  settled: boolean
}
export interface ViewState extends Writable<Omit<RunView, 'nodes' | 'byPath' | 'active' | 'steps'>> {
  nodes: NodeState[]
  byPath: Map<string, NodeState>
  active: Set<NodeState>
  steps: Record<NodeStatus, number>
  /** What was at work when the run was interrupted. */
  suspended: { node: NodeState; status: NodeStatus }[]
}
type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** A run of which nothing has happened yet: every block is pending. */
export function createRunView(workflow: Workflow): RunView {
  const view: ViewState = {
    workflow,
    nodes: [],
    byPath: new Map(),
    active: new Set(),
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
    suspended: [],
  }
  for (const stage of workflow.stages) addNode(view, stage, null)
  for (const node of view.nodes) if (node.isStep) view.total += 1
  view.steps.pending = view.total
  return view
}

function addNode(view: ViewState, block: Block, parent: NodeState | null): NodeState {
  const node: NodeState = {
    block,
    path: block.path,
    id: block.id,
    title: block.title ?? null,
    kind: block.kind,
    depth: parent === null ? 0 : parent.depth + 1,
    index: view.nodes.length,
    subtreeEnd: 0,
    parent,
    children: [],
    isStep: isStep(block),
    group: block.group ?? null,
    branch: block.branch ?? null,
    status: 'pending',
    attempt: 0,
    startedAt: null,
    endedAt: null,
    output: undefined,
    error: null,
    reason: null,
    usage: null,
    lastLine: '',
    steps: noCounts(),
    version: 0,
    inside: noCounts(),
    begun: false,
    settled: false,
  }
  view.nodes.push(node)
  view.byPath.set(node.path, node)
  const reducer = block.kind === 'parallel' ? reducerStep(block) : undefined
  const blocks = reducer === undefined ? childrenOf(block) : [...childrenOf(block), reducer]
  for (const child of blocks) {
    const added = addNode(view, child, node)
    node.children.push(added)
    node.steps.pending += added.steps.pending
  }
  if (node.isStep) node.steps.pending = 1
  node.inside.pending = node.children.length
  node.subtreeEnd = view.nodes.length
  return node
}

function noCounts(): Record<NodeStatus, number> {
  return {
    pending: 0, queued: 0, running: 0, waiting: 0, retrying: 0, completed: 0, failed: 0, skipped: 0, cancelled: 0,
  }
}

/** Steps that are at work or about to be. */
export function activeSteps(counts: StatusCounts): number {
  return counts.queued + counts.running + counts.waiting + counts.retrying
}

/** Steps that have come to an end, whichever. */
export function endedSteps(counts: StatusCounts): number {
  return counts.completed + counts.failed + counts.skipped + counts.cancelled
}

/** How long the present or last attempt of a step, or the whole of a group, has taken; null when there is none. */
export function nodeElapsedMs(node: RunNode, now: number): number | null {
  if (node.startedAt === null || node.status === 'pending') return null
  return Math.max(0, (node.endedAt === null ? now : Date.parse(node.endedAt)) - Date.parse(node.startedAt))
}

/** Time in which some process worked on the run: without the pauses between an interruption and its resume. */
export function runElapsedMs(view: RunView, now: number): number {
  return view.workedMs + (view.activeSince === null ? 0 : Math.max(0, now - Date.parse(view.activeSince)))
}

/** The cost of a sum is unknown (null) as soon as that of one part is: it is never guessed. */
export function addUsage(total: UsageTotal | null, more: UsageTotal): UsageTotal {
  if (total === null) return more
  return {
    inputTokens: total.inputTokens + more.inputTokens,
    outputTokens: total.outputTokens + more.outputTokens,
    costUsd: total.costUsd === null || more.costUsd === null ? null : total.costUsd + more.costUsd,
  }
}
