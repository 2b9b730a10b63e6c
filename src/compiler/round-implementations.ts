import { assign, enqueueActions } from 'xstate'
import type { ErrorData } from '../errors.ts'
import { toText } from '../json.ts'
import { fillPath, innerBlocks } from '../spec/blocks.ts'
import type { Block, ReviewBlock, SwitchBlock } from '../spec/ir.ts'
import type { Outcome, Scope } from '../spec/outcome.ts'
import { addUsage } from '../usage.ts'
import type { BlockIndex } from './block-index.ts'
import { type ChartContext, ownValue, type RoundState, scopeAfter, usageOf, withUsage } from './chart-context.ts'
import { type Args, type BlockParams, type EnqueueArgs, type Implementations, label } from './chart-events.ts'
import type { Evaluation } from './environment.ts'
import { type Verdict, verdictOf } from './evaluation.ts'
import { entryOf, forgetOutcomes, recordOutcome } from './scope.ts'

/** What loops, reviews, switches, `verify` and `on_failure` mean in a chart. */
export function roundImplementations(index: BlockIndex, evaluation: Evaluation): Implementations {
  const judgement = (context: ChartContext, params: BlockParams): Verdict => {
    const block = index.block(params.block)
    const condition = block.kind === 'loop' ? block.until : block.kind === 'review' ? block.approved : undefined
    return verdictOf(condition, context.scope, evaluation, false)
  }
  const chosen = (context: ChartContext, params: BlockParams): number | ErrorData | undefined =>
    chooseCase(index.block(params.block), context.scope, evaluation)
  /** Nothing that runs in the block says why it failed: it does itself. */
  const fail = ({ context, enqueue }: EnqueueArgs, params: BlockParams, failure: ErrorData): void => {
    const error = { ...failure, path: fillPath(params.block, context.scope.at) }
    enqueue.assign({ last: { status: 'failed', error } })
    const block = index.block(params.block)
    enqueue.emit({ type: 'step.failed', ...label(block, scopeAfter(context, block)), data: { error } })
  }

  return {
    guards: {
      cannotJudge: ({ context }: Args, params: BlockParams) => typeof judgement(context, params) === 'object',
      isGoodEnough: ({ context }: Args, params: BlockParams) => judgement(context, params) === true,
      mayRepeat: ({ context }: Args, params: { block: string; max: number }) =>
        (ownValue(context.rounds, params.block)?.count ?? 1) < params.max,
      cannotChoose: ({ context }: Args, params: BlockParams) => typeof chosen(context, params) === 'object',
      caseHolds: ({ context }: Args, params: { block: string; index: number }) => chosen(context, params) === params.index,
      answerIs: ({ context }: Args, params: { block: string; answer: string }) =>
        entryOf(context.scope, params.block)?.output === params.answer,
      hasFailed: ({ context }: Args) => context.last.status === 'failed',
      mayGoBack: ({ context }: Args, params: { block: string; max: number }) =>
        context.last.status === 'failed' && (ownValue(context.returns, params.block) ?? 0) < params.max,
    },
    actions: {
      refuseRound: enqueueActions((args: EnqueueArgs, params: BlockParams) => {
        const verdict = judgement(args.context, params)
        if (typeof verdict === 'object') fail(args, params, verdict)
      }),
      /** A loop is skipped only when all of its rounds are. */
      endRounds: assign(({ context }: Args, params: BlockParams) => {
        const { last, rounds } = context
        if (last.status !== 'skipped' || ownValue(rounds, params.block)?.ran !== true) return {}
        return { last: { status: 'completed' as const, output: last.output } }
      }),
      nextRound: assign(({ context }: Args, params: BlockParams) => nextRound(context, index.block(params.block))),
      /** A review's output is the work's, which is what came to the reviewer. */
      approve: assign(({ context }: Args, params: BlockParams) => ({
        last: { status: 'completed' as const, output: ownValue(context.arrived, params.block) ?? null },
      })),
      reject: enqueueActions((args: EnqueueArgs, params: BlockParams) => {
        const { max } = index.block(params.block) as ReviewBlock
        const path = fillPath(params.block, args.context.scope.at)
        const message = `"${path}" was not approved in ${max} ${max === 1 ? 'round' : 'rounds'}: ${toText(args.context.scope.prev)}`
        const details = { rounds: max, feedback: saidSoFar(args.context.scope) }
        fail(args, params, { code: 'REVIEW_NOT_APPROVED', kind: 'terminal', message, details })
      }),
      refuseChoice: enqueueActions((args: EnqueueArgs, params: BlockParams) => {
        const choice = chosen(args.context, params)
        if (typeof choice === 'object') fail(args, params, choice)
      }),
      skipChoice: enqueueActions(({ context, enqueue }: EnqueueArgs, params: BlockParams) => {
        const data = { reason: 'none of its cases holds', output: context.scope.prev }
        enqueue.assign({ last: { status: 'skipped', ...data } })
        enqueue.emit({ type: 'step.skipped', ...label(index.block(params.block), context.scope), data })
      }),
      /** A failed `verify` fails its block; else the block's own outcome stands. */
      takeVerdict: assign(({ context }: Args, params: BlockParams) => {
        const { last, scope } = context
        if (last.status === 'cancelled') return {}
        const entry = entryOf(scope, params.block)
        const output = entry?.output ?? null
        const ended: Outcome = last.status === 'failed' ? { status: 'failed', error: last.error, output } : { status: 'completed', output }
        const outcome = withUsage(ended, addUsage(entry?.usage, usageOf(last)))
        return { last: outcome, scope: recordOutcome(scope, params.block, outcome) }
      }),
      adoptFallback: assign(({ context }: Args, params: BlockParams) => ({
        scope: recordOutcome(
          context.scope, params.block, withUsage(context.last, addUsage(entryOf(context.scope, params.block)?.usage, usageOf(context.last))),
        ),
      })),
      /** What was recorded stays failed; for the list it is as if the block had passed its input on. */
      forgive: assign(({ context }: Args, params: BlockParams) => {
        const scope = rewound(context, params.block)
        return { scope, last: { status: 'completed' as const, output: scope.prev } }
      }),
      /** Of a branch: it stays failed, and its group goes on as if it had not. */
      pardon: assign(({ context }: Args, params: BlockParams) => ({
        last: { ...failureOf(context, params.block), forgiven: true as const },
      })),
      rewind: assign(({ context }: Args, params: BlockParams) => ({ scope: rewound(context, params.block) })),
      remember: assign(({ context }: Args, params: BlockParams) => ({
        arrived: { ...context.arrived, [params.block]: context.scope.prev },
      })),
      /** What went wrong is what comes to the question. */
      askAbout: assign(({ context }: Args, params: BlockParams) => {
        const { last, scope } = context
        const path = fillPath(params.block, scope.at)
        const error = last.status === 'failed' ? last.error.message : ''
        return { scope: { ...forgetOutcomes(scope, [`${params.block}.ask`]), prev: `"${path}" failed: ${error}` } }
      }),
      runAgain: assign(({ context }: Args, params: BlockParams) => {
        const failed = { ...context, last: failureOf(context, params.block) }
        return goBack(failed, { block: params.block, again: [params.block] })
      }),
      /** Nobody wanted to go on: the block's own failure stands. */
      failAfterAll: assign(({ context }: Args, params: BlockParams) => ({ last: failureOf(context, params.block) })),
      goBack: assign(({ context }: Args, params: ReturnParams) => goBack(context, params)),
    },
  }
}

/** The place of the first case that holds. */
function chooseCase(block: Block, scope: Scope, evaluation: Evaluation): number | ErrorData | undefined {
  for (const [place, one] of (block as SwitchBlock).cases.entries()) {
    const verdict = verdictOf(one.when, scope, evaluation, true)
    if (typeof verdict === 'object') return verdict
    if (verdict) return place
  }
  return undefined
}

/** How a block that failed ended, as it was recorded. */
function failureOf({ scope, last }: ChartContext, path: string): Outcome {
  const entry = entryOf(scope, path)
  if (entry?.error == null) return last
  const { error, output, usage } = entry
  return { status: 'failed', error, ...(output == null ? {} : { output }), ...(usage == null ? {} : { usage }) }
}

interface ReturnParams extends BlockParams {
  /** Paths of the blocks that run again: the one gone back to first. */
  readonly again: readonly string[]
}

/** The scope with what came to the block as `prev`: as if it had not begun. */
function rewound({ scope, arrived }: ChartContext, path: string): Scope {
  return { ...scope, prev: ownValue(arrived, path) ?? null }
}

/** The context as a block is entered that repeats, or a list that may be gone back in. */
export function enterRounds(context: ChartContext, block: Block): Partial<ChartContext> {
  const { prev, loop, rounds, feedback } = context.scope
  const before: RoundState['before'] = {
    prev,
    ...(loop === undefined ? {} : { loop }),
    ...(rounds === undefined ? {} : { rounds }),
    ...(feedback === undefined ? {} : { feedback }),
  }
  const isList = block.kind === 'sequence'
  const count = isList ? 0 : 1
  const scope = { ...context.scope, rounds: [...(rounds ?? []), count] }
  const state = { rounds: { ...context.rounds, [block.path]: { count, before } } }
  if (isList) {
    const returns = { ...context.returns }
    for (const { path } of block.blocks) delete returns[path]
    return { ...state, scope, returns }
  }
  const repeating = { ...scope, loop: { iteration: 1 } }
  return { ...state, scope: block.kind === 'review' ? { ...repeating, feedback: '' } : repeating }
}

/** What a reviewer said in all rounds, that of the last one still being `prev`. */
function saidSoFar({ feedback = '', prev }: Scope): string {
  return [feedback, toText(prev)].filter((text) => text !== '').join('\n\n')
}

function nextRound(context: ChartContext, block: Block): Partial<ChartContext> {
  const state = ownValue(context.rounds, block.path)
  if (state === undefined) return {}
  const count = state.count + 1
  const ran = state.ran === true || context.last.status !== 'skipped'
  const inside = innerBlocks(block).map(({ path }) => path)
  const scope = forgetOutcomes(context.scope, inside)
  const next = { ...scope, loop: { iteration: count }, rounds: [...(state.before.rounds ?? []), count] }
  return {
    rounds: { ...context.rounds, [block.path]: { ...state, count, ran } },
    scope: block.kind === 'review' ? { ...next, prev: state.before.prev, feedback: saidSoFar(scope) } : next,
  }
}

/** Back to an earlier block of the list, which gets as `prev` what it got the first time. */
function goBack(context: ChartContext, { block, again }: ReturnParams): Partial<ChartContext> {
  const { last } = context
  const list = block.slice(0, Math.max(0, block.lastIndexOf('.')))
  const state = ownValue(context.rounds, list) ?? { count: 0, before: { prev: context.scope.prev } }
  const count = state.count + 1
  return {
    returns: { ...context.returns, [block]: (ownValue(context.returns, block) ?? 0) + 1 },
    rounds: { ...context.rounds, [list]: { ...state, count } },
    scope: {
      ...forgetOutcomes(rewound(context, again[0] ?? block), again),
      rounds: [...(state.before.rounds ?? []), count],
      feedback: last.status === 'failed' ? last.error.message : '',
    },
  }
}
