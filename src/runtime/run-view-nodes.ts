import type { ErrorData } from '../errors.ts'
import type { EventData } from '../events.ts'
import type { Json } from '../json.ts'
import type { Block, Workflow } from '../spec/ir.ts'
import type { UsageTotal } from '../spec/outcome.ts'

/** The state of a run as its events tell it: what every screen, report and feed reads. */

export const nodeStatuses = [
  'pending', 'queued', 'running', 'waiting', 'retrying', 'completed', 'failed', 'skipped', 'cancelled',
] as const
export type NodeStatus = (typeof nodeStatuses)[number]
/** `waiting`: nothing goes on until somebody answers or sends what is waited for, whether a process stays for it or not. */
export type RunViewStatus = 'running' | 'waiting' | 'done' | 'failed' | 'cancelled' | 'interrupted'
export type StatusCounts = Readonly<Record<NodeStatus, number>>

/** What somebody is asked, or an event that is waited for, and the step that needs it. */
export interface OpenAsk extends EventData<'ask.opened'> {
  readonly path: string
  /** ISO 8601. */
  readonly openedAt: string
}

/** One block of the workflow, inside a map one of one item. Fields change with the events; `version` tells when they last did. */
export interface RunNode {
  /** As the workflow has it: inside a map it is the same for every item. */
  readonly block: Block
  /** With the indexes of the items of the maps around it. */
  readonly path: string
  readonly id: string
  readonly title: string | null
  readonly kind: Block['kind']
  /** 0 for the stages of the workflow. */
  readonly depth: number
  readonly parent: RunNode | null
  /**
   * What is inside, then what runs after it: the reducer, `verify`, `fallback`, and the question about its failure once that
   * was asked. A map has the items that it is known to have.
   */
  readonly children: readonly RunNode[]
  readonly isStep: boolean
  /** Place of the item whose block this is, directly in a map; else null. */
  readonly item: number | null
  /** Path of the nearest group around this one, and the id of the branch, in a map the index of the item, it is in. */
  readonly group: string | null
  readonly branch: string | null

  readonly status: NodeStatus
  /** Round of a loop or review, from 1; 0 before the first. */
  readonly iteration: number
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
  /**
   * Every block, a group before what it holds, in the order of the document. Another list as soon as the items of a map
   * become known: what a step of the list is, its path says.
   */
  readonly nodes: readonly RunNode[]
  readonly byPath: ReadonlyMap<string, RunNode>
  /** Steps at work or about to be, the longest so first. */
  readonly active: ReadonlySet<RunNode>
  /** In the order in which they were opened. A run that nobody works on keeps them: they can be answered all the same. */
  readonly asks: readonly OpenAsk[]
  /** Ids of asks that were open in child runs when this one last had nothing else to do. */
  readonly childAsks: readonly string[]
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
  /** How many steps there are, as far as is known: a map has none before it starts. */
  readonly total: number
}

export interface NodeState extends Writable<Omit<RunNode, 'parent' | 'children' | 'steps'>> {
  parent: NodeState | null
  children: NodeState[]
  steps: Record<NodeStatus, number>
  /** Indexes of the items of the maps around, outermost first. */
  readonly at: readonly number[]
  /** Place in `ViewState.nodes` when that was last made. */
  place: number
  /** Where it stands in its parent: something of the parent's own work, or what follows on that. */
  readonly role: 'inner' | 'verify' | 'fallback' | 'ask'
  verify: NodeState | null
  fallback: NodeState | null
  /** The question about its failure; null until it is asked. */
  ask: NodeState | null
  /** The loop or review that repeats it. */
  readonly repeater: NodeState | null
  /** Later blocks of the same list whose failure sends the run back to this one. */
  readonly returns: NodeState[]
  /** Children with the role `inner`: how many, and how many by what they amount to. */
  innerCount: number
  inside: Record<NodeStatus, number>
  /** Of a group: what it is by its inner blocks or by an event, whatever its `verify` and `fallback` did. */
  own: NodeStatus
  /** What it amounts to for the block around it: a failure that the workflow goes on after counts as completed. */
  seen: NodeStatus
  /** A group that announced its start. */
  begun: boolean
  /** An event said how the group ended: its children no longer decide. */
  settled: boolean
  /** No event said that it was skipped: what is around it ended without it. */
  spared: boolean
  /** Of a cancelled step: what it was doing, and what was stopped as a whole, if it was not that its group ended without it. */
  stopped: { readonly from: NodeStatus; readonly by: string | null } | null
}
export interface ViewState extends Writable<Omit<RunView, 'nodes' | 'byPath' | 'active' | 'asks' | 'steps'>> {
  readonly nodes: readonly NodeState[]
  /** Stages of the workflow. */
  roots: NodeState[]
  /** Forgets the list of nodes: there are others now. */
  reshape: () => void
  byPath: Map<string, NodeState>
  active: Set<NodeState>
  asks: OpenAsk[]
  steps: Record<NodeStatus, number>
  /** Since when there has been nothing to do but to wait for answers: a process may have left it at that. */
  waitingSince: string | null
  /** What was at work when the run was interrupted. */
  suspended: { node: NodeState; status: NodeStatus }[]
}
type Writable<T> = { -readonly [K in keyof T]: T[K] }

export function noCounts(): Record<NodeStatus, number> {
  return {
    pending: 0, queued: 0, running: 0, waiting: 0, retrying: 0, completed: 0, failed: 0, skipped: 0, cancelled: 0,
  }
}

/** Place of a node in `RunView.nodes`; of a path that is gone, that of the nearest block around it that is there. */
export function nodePlace(view: RunView, path: string): number {
  const state = view as ViewState
  if (state.nodes.length === 0) return -1
  for (let end = path.length; end > 0; end = path.lastIndexOf('.', end - 1)) {
    const node = state.byPath.get(path.slice(0, end))
    if (node !== undefined) return node.place
  }
  return 0
}

export function isActive(status: NodeStatus): boolean {
  return status === 'queued' || status === 'running' || status === 'waiting' || status === 'retrying'
}

export function isEnded(status: NodeStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'skipped' || status === 'cancelled'
}

/** Whether the events say that the run goes on, were it only once somebody answers. */
export function isOpen(status: RunViewStatus): boolean {
  return status === 'running' || status === 'waiting'
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
