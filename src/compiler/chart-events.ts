import type { UnnumberedEvent } from '../events.ts'
import type { Block, BranchGroup } from '../spec/ir.ts'
import type { Outcome, Scope } from '../spec/outcome.ts'
import { placeOf } from './block-index.ts'
import type { ChartContext } from './chart-context.ts'
import { type BranchOutcomes, forgives } from './join.ts'
import { pathOfActor } from './names.ts'
import type { Settlement } from './scope.ts'

/** What a chart's machine is told: to stop, or that an actor of its has ended. */
export type ChartEvent =
  | { readonly type: 'cancel'; readonly reason: string; readonly by?: string }
  | { readonly type: string; readonly output: Settlement | { branches: BranchOutcomes }; readonly actorId: string }

export interface Args {
  readonly context: ChartContext
  readonly event: ChartEvent
}

export interface BlockParams {
  readonly block: string
}

/** The part of XState's `enqueueActions` that charts use, with their types. */
export interface EnqueueArgs extends Args {
  readonly enqueue: {
    assign: (change: Partial<ChartContext>) => void
    emit: (event: UnnumberedEvent) => void
    sendTo: (id: string, event: { type: 'cancel'; reason: string; by?: string }) => void
    spawnChild: (src: string, options: { id: string; input: unknown }) => void
    stopChild: (id: string) => void
  }
}

/** Guards and actions by the names that charts use; XState takes them as they are. */
export interface Implementations {
  readonly guards: Readonly<Record<string, unknown>>
  readonly actions: Readonly<Record<string, unknown>>
}

/** The outcome that an actor's end carries. */
export function outcomeIn(event: ChartEvent): Settlement {
  if ('output' in event && 'status' in event.output) return event.output
  throw new Error(`"${event.type}" carries no outcome`)
}

/** The outcomes that a shard's end carries. */
export function branchesIn(event: ChartEvent): BranchOutcomes {
  return 'output' in event && 'branches' in event.output ? event.output.branches : {}
}

export function actorIn(event: ChartEvent): string {
  return 'actorId' in event ? event.actorId : ''
}

/** The first failure that an actor's end carries and the group does not forgive. */
export function failedIn(event: ChartEvent, group: BranchGroup): Extract<Outcome, { status: 'failed' }> | undefined {
  if (!('output' in event)) return undefined
  const outcomes = 'branches' in event.output ? event.output.branches : { [pathOfActor(event.actorId)]: event.output }
  for (const [path, outcome] of Object.entries(outcomes)) {
    if (outcome.status === 'failed' && !forgives(group, path)) return outcome
  }
  return undefined
}

/** The fields that place an event of a block. */
export function label(block: Block, scope: Scope) {
  return {
    ...placeOf(block, scope.at),
    ...(scope.loop === undefined ? {} : { iteration: scope.loop.iteration }),
  }
}
