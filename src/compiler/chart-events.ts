import type { UnnumberedEvent } from '../events.ts'
import type { Block } from '../spec/ir.ts'
import type { Outcome, Scope } from '../spec/outcome.ts'
import { placeOf } from './block-index.ts'
import type { ChartContext } from './chart-context.ts'
import { type BranchPlace, isPardoned, placeAt, type Slice } from './join.ts'
import { pathOfActor } from './names.ts'
import type { Settlement } from './scope.ts'

/**
 * What a chart's machine is told: to stop, that an actor of its has ended, or to begin the branch that the path is at or
 * in although as many are under way as may be at once.
 */
export type ChartEvent =
  | { readonly type: 'cancel'; readonly reason: string; readonly by?: string }
  | { readonly type: 'branch.ahead'; readonly path: string }
  | { readonly type: string; readonly output: Settlement | { slice: Slice }; readonly actorId: string }

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
export function sliceIn(event: ChartEvent): Slice {
  return 'output' in event && 'slice' in event.output ? event.output.slice : []
}

/** A slice as one list. */
export function* flatSlice(slice: Slice): Generator<Settlement | null, void, undefined> {
  for (const part of slice) {
    if (isSlice(part)) yield* flatSlice(part)
    else yield part
  }
}

function isSlice(part: Slice[number]): part is Slice {
  return Array.isArray(part)
}

export function actorIn(event: ChartEvent): string {
  return 'actorId' in event ? event.actorId : ''
}

/**
 * The first failure that an actor's end carries and that is not forgiven. `places` are those of the group's branches; a
 * shard has those from `from` on.
 */
export function failedIn(
  event: ChartEvent,
  places: readonly BranchPlace[],
  from: number,
): Extract<Outcome, { status: 'failed' }> | undefined {
  if (!('output' in event)) return undefined
  if ('status' in event.output) {
    if (event.output.status !== 'failed') return undefined
    return isPardoned(places[placeAt(places, pathOfActor(event.actorId))], event.output) ? undefined : event.output
  }
  let place = from
  for (const outcome of flatSlice(event.output.slice)) {
    if (outcome?.status === 'failed' && !isPardoned(places[place], outcome)) return outcome
    place += 1
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
