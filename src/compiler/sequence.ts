import type { Block, GroupBlock, SequenceBlock } from '../spec/ir.ts'
import type { ChartAction, ChartState, ChartTransition } from './chart.ts'
import type { Emitter } from './compile.ts'
import { afterName, answerName, askName, fallbackName, limitName, stateNames, verifyName } from './names.ts'
import { isStep } from '../spec/blocks.ts'

/** One compound state: a state per block, each going on to the next; a failed or cancelled block ends it. */
export function sequenceState(
  block: SequenceBlock,
  onDone: readonly ChartTransition[],
  emitter: Emitter,
): ChartState {
  const { initial, states } = sequenceStates(block.blocks, emitter)
  return groupState(block, onDone, initial, states)
}

/** The states of blocks in a row, ending in `_done`, which the caller adds. */
export function sequenceStates(
  blocks: readonly Block[],
  emitter: Emitter,
  placing: Pick<Placing, 'isBranch'> = {},
): { initial: string; states: Record<string, ChartState> } {
  const states: Record<string, ChartState> = {}
  const targets = new Set(blocks.map(gotoOf))
  blocks.forEach((block, index) => {
    const next = blocks[index + 1]?.id ?? stateNames.done
    const remembers = targets.has(block.id)
    Object.assign(states, blockStates(block, next, emitter, { ...placing, place: { row: blocks, index }, remembers }))
  })
  return { initial: blocks[0]?.id ?? stateNames.done, states }
}

interface Placing {
  /** Where a block that failed for good or was cancelled leads; `_done` unless told. */
  readonly stop?: string
  /** Where the block stands in a list. */
  readonly place?: { readonly row: readonly Block[]; readonly index: number }
  /** Whether what came to it is needed later, however it ends. */
  readonly remembers?: boolean
  /** It is a branch, all by itself: that its failure is forgiven is for its group to see. */
  readonly isBranch?: boolean
  /** The key of its state; its id unless told. */
  readonly key?: string
  /** The block that this one stands for, as its fallback. */
  readonly standsFor?: Block
  /** Done in the end, whatever it was. */
  readonly finally?: readonly ChartAction[]
}

/** The states of one block, with those of what may follow on its end. Goes on to `next`. */
export function blockStates(block: Block, next: string, emitter: Emitter, placing: Placing = {}): Record<string, ChartState> {
  const { stop = stateNames.done, place, key = block.id, standsFor = block, finally: also = [] } = placing
  const later = place !== undefined && place.index > 0 ? standsFor.path : undefined
  const settle = settleAction(block, later)
  const params = { block: block.path }
  const entry = placing.remembers === true || needsInput(block) ? { entry: [{ type: 'remember', params }] } : {}
  const state = (onDone: readonly ChartTransition[]): ChartState => ({ ...emitter.state(block, onDone), ...entry })
  if (isPlain(block)) {
    const actions = [settle, ...also]
    return { [key]: state([{ guard: stopsGuard(block), target: stop, actions }, { target: next, actions }]) }
  }
  const { verify, onFailure } = block
  const after = afterName(key)
  const settled: ChartTransition = { target: after, actions: [settle] }
  const states: Record<string, ChartState> = {}
  if (verify === undefined) {
    states[key] = state([settled])
  } else {
    const check = verifyName(key)
    const takeVerdict = { type: 'takeVerdict', params }
    states[key] = state([{ guard: completedGuard(block), target: check, actions: [settle] }, settled])
    Object.assign(states, blockStates(verify, after, emitter, { stop: after, key: check, finally: [takeVerdict] }))
  }
  const failed = { type: 'hasFailed' }
  const forgiven: ChartTransition = { target: next, actions: [{ type: 'forgive', params }, ...also] }
  const reactions: ChartTransition[] = []
  if (onFailure === 'continue') {
    reactions.push({ guard: failed, ...forgiven })
  } else if (onFailure !== undefined && 'goto' in onFailure) {
    const guard = { type: 'mayGoBack', params: { block: block.path, max: onFailure.max } }
    const goBack = { type: 'goBack', params: { block: block.path, again: runAgain(onFailure.goto, place) } }
    reactions.push({ guard, target: onFailure.goto, actions: [goBack] })
  } else if (onFailure !== undefined && 'ask' in onFailure) {
    const asked = askName(key)
    const answered = answerName(key)
    reactions.push({ guard: failed, target: asked, actions: [{ type: 'askAbout', params }] })
    Object.assign(states, blockStates(onFailure.ask, answered, emitter, { stop: answered, key: asked }))
    const says = (answer: string) => ({ type: 'answerIs', params: { block: onFailure.ask.path, answer } })
    states[answered] = {
      always: [
        { guard: { type: 'isCancelled' }, target: stop, actions: also },
        { guard: says('retry'), target: key, actions: [{ type: 'runAgain', params }] },
        {
          guard: says('continue'),
          ...(placing.isBranch === true ? { target: stop, actions: [{ type: 'pardon', params }, ...also] } : forgiven),
        },
        { target: stop, actions: [{ type: 'failAfterAll', params }, ...also] },
      ],
    }
  } else if (onFailure !== undefined) {
    const instead = fallbackName(key)
    const adopt = [{ type: 'adoptFallback', params }, ...also]
    reactions.push({ guard: failed, target: instead, actions: [{ type: 'rewind', params }] })
    const own = { stop, key: instead, standsFor, finally: adopt, ...(place && { place }) }
    Object.assign(states, blockStates(onFailure.fallback, next, emitter, own))
  }
  states[after] = {
    always: [
      { guard: { type: 'isCancelled' }, target: stop, actions: also },
      ...reactions,
      { guard: { type: 'groupStops' }, target: stop, actions: also },
      { target: next, actions: also },
    ],
  }
  return states
}

function gotoOf({ onFailure }: Block): string | undefined {
  return typeof onFailure === 'object' && 'goto' in onFailure ? onFailure.goto : undefined
}

/** Paths of the blocks that a `goto` has run again: from its target to where it stands. */
function runAgain(target: string, place: Placing['place']): string[] {
  const { row, index } = place ?? { row: [], index: 0 }
  const first = row.findIndex(({ id }) => id === target)
  return row.slice(first, index + 1).map(({ path }) => path)
}

/** Whether what came to the block is needed again when it has failed. */
function needsInput({ onFailure }: Block): boolean {
  return onFailure === 'continue' || (typeof onFailure === 'object' && !('goto' in onFailure))
}

/**
 * Whether nothing but going on or stopping follows on the block's end. A group whose output has a schema may fail by it
 * when it is settled, so what follows is decided after that.
 */
export function isPlain(block: Block): boolean {
  return block.verify === undefined && block.onFailure === undefined && (isStep(block) || block.output === undefined)
}

function settleAction(block: Block, later: string | undefined): ChartAction {
  const params = { block: block.path, ...(later === undefined ? {} : { later }) }
  return { type: isStep(block) ? 'settleActor' : 'settleGroup', params }
}

/** A step's outcome comes with the event, a group's is in the context. */
function stopsGuard(block: Block): ChartAction {
  return { type: isStep(block) ? 'actorStops' : 'groupStops' }
}

function completedGuard(block: Block): ChartAction {
  return isStep(block) ? { type: 'actorCompleted' } : { type: 'groupCompleted', params: { block: block.path } }
}

/**
 * The compound state of a group. It starts in an atomic state that decides whether to enter: entering a parallel node
 * from there costs O(n), from an initial configuration O(n³).
 */
export function groupState(
  block: GroupBlock,
  onDone: readonly ChartTransition[],
  first: string,
  states: Record<string, ChartState>,
): ChartState {
  const params = { block: block.path }
  return {
    initial: stateNames.enter,
    states: {
      [stateNames.enter]: {
        always: [
          { guard: { type: 'cannotEnter', params }, target: stateNames.done, actions: [{ type: 'refuse', params }] },
          { guard: { type: 'isSkipped', params }, target: stateNames.done, actions: [{ type: 'skip', params }] },
          { target: first, actions: [{ type: 'enter', params }] },
        ],
      },
      ...states,
      [stateNames.done]: { type: 'final' },
    },
    onDone,
    ...(block.timeoutMs === undefined
      ? {}
      : { after: {
            // A group that is being stopped already is not timed out as well.
            [limitName(block.path)]: [{ guard: { type: 'isCancelled' } }, { actions: [{ type: 'timeOut', params }] }],
          },
        }),
    ...(block.title === undefined ? {} : { meta: { title: block.title } }),
  }
}
