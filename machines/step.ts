import { assign, cancel, emit, fromCallback, fromPromise, raise, setup } from 'xstate'
import { type ErrorData, TerminalError } from '../src/errors.ts'
import type { UnnumberedEvent } from '../src/events.ts'
import type { Json } from '../src/json.ts'
import type { StepBlock } from '../src/spec/ir.ts'
import type { Outcome, UsageTotal } from '../src/spec/outcome.ts'
import { addUsage } from '../src/usage.ts'
import {
  attemptError,
  badOutput,
  delayAfter,
  type ExecuteInput,
  type ExecuteResult,
  failure,
  idempotencyKey,
  lostError,
  repeatedError,
  outcomeEvent,
  skip,
  stepEvent,
  type StepContext,
  type StepInput,
  success,
  timeoutError,
  whenError,
} from './step-outcome.ts'

export type { ExecuteInput, ExecuteResult, StepInput } from './step-outcome.ts'

export type StepEvent =
  | { readonly type: 'slot.granted' }
  /** `by` is the path of the group whose time limit it was, if one's. */
  | { readonly type: 'cancel'; readonly reason: string; readonly by?: string }
  /** The attempt under way is gone with the process that ran it: start another one. */
  | { readonly type: 'step.lost' }
  /** Whoever runs it wants another attempt in place of the one that is under way: its retries begin anew. */
  | { readonly type: 'step.again' }
  | { readonly type: 'step.timedOut' }

/**
 * The life of one step, written once. Every leaf of every workflow is an actor of this machine.
 *
 *     deciding ──▶ active.queued ──▶ active.running ──▶ completed
 *        │              ▲                 │  │
 *        ├─▶ skipped    └─── backingOff ◀─┘  ├─▶ skipped
 *        └─▶ failed                          └─▶ failed          any ──cancel──▶ cancelled
 *
 * The actor always ends as `done` with an `Outcome`: a failure is data, never a thrown error.
 *
 * It invokes two actors, to be provided by whoever runs it:
 * - `execute` does the work of one attempt: `ExecuteInput` in, `ExecuteResult` out; what it throws decides by its kind
 *   whether the step is retried (see `toErrorData`). Stopped on cancel and when the attempt times out.
 * - `slot` stands for the right to run. It sends `slot.granted` once there is room, and lives until the step no
 *   longer wants or has a place. The default grants at once.
 *
 * It emits `step.queued | started | retrying | skipped | completed | failed | cancelled` (see `src/events.ts`).
 */
export const stepMachine = setup({
  types: {} as {
    context: StepContext
    input: StepInput
    events: StepEvent
    output: Outcome
    emitted: UnnumberedEvent
  },
  actors: {
    execute: fromPromise<ExecuteResult, ExecuteInput>(({ input }) =>
      Promise.reject(
        new TerminalError('NO_EXECUTOR', `Nothing was provided to run step "${input.block.path}".`, {
          details: 'Provide an `execute` actor: machine.provide({ actors: { execute } }).',
        }),
      ),
    ),
    slot: fromCallback<StepEvent, { block: StepBlock }>(({ sendBack }) => sendBack({ type: 'slot.granted' })),
  },
  actions: {
    tell: emit(({ context }: { context: StepContext }, params: { type: 'step.queued' | 'step.started' }) =>
      stepEvent(context, params.type, {}),
    ),
    tellRetry: emit(({ context }, params: { error: ErrorData; usage?: UsageTotal | undefined }) =>
      stepEvent(context, 'step.retrying', {
        error: params.error,
        delayMs: context.delayMs,
        ...(params.usage === undefined ? {} : { usage: params.usage }),
      }),
    ),
    tellOutcome: emit(({ context }) => outcomeEvent(context)),
    countAttempt: assign({ attempt: ({ context }) => context.attempt + 1 }),
    countFailure: assign(({ context }, params: { error: ErrorData; elapsedMs: number; usage?: UsageTotal | undefined }) => {
      const spentMs = context.spentMs + params.elapsedMs
      const delayMs = delayAfter(context, params) ?? 0
      const used = addUsage(context.used, params.usage) ?? null
      return { failures: context.failures + 1, spentMs: spentMs + delayMs, delayMs, used }
    }),
    settle: assign((_, params: { outcome: Outcome }) => ({ outcome: params.outcome })),
    startTimer: raise({ type: 'step.timedOut' }, { id: 'timeout', delay: 'attempt' }),
  },
  guards: {
    isLimited: ({ context }) => context.block.timeoutMs !== undefined,
    isSkipped: ({ context }) => context.when === false,
    isInvalid: ({ context }) => typeof context.when === 'object',
    hasBadOutput: ({ context }, params: { output: Json }) => badOutput(context.block, params.output) !== undefined,
    saysSkip: (_, params: { error: ErrorData }) => params.error.code === 'STEP_SKIPPED',
    mayRetry: ({ context }, params: { error: ErrorData; elapsedMs: number }) => delayAfter(context, params) !== undefined,
  },
  delays: {
    backoff: ({ context }) => context.delayMs,
    attempt: ({ context }) => context.block.timeoutMs ?? 0,
  },
}).createMachine({
  id: 'step',
  context: ({ input }) => ({ ...input, attempt: 0, failures: 0, spentMs: 0, delayMs: 0, used: null, outcome: null }),
  initial: 'deciding',
  on: {
    cancel: {
      target: '.cancelled',
      actions: {
        type: 'settle',
        params: ({ context: { used }, event: { type: _, ...why } }) => ({
          outcome: { status: 'cancelled', ...why, ...(used === null ? {} : { usage: used }) },
        }),
      },
    },
  },
  states: {
    /** Is there anything to do at all? */
    deciding: {
      always: [
        {
          guard: 'isInvalid',
          target: 'failed',
          actions: { type: 'settle', params: ({ context }) => ({ outcome: failure(context, whenError(context)) }) },
        },
        {
          guard: 'isSkipped',
          target: 'skipped',
          actions: {
            type: 'settle',
            params: ({ context }) => ({ outcome: skip(context, `its condition is false: ${context.block.when ?? ''}`) }),
          },
        },
        { target: 'active' },
      ],
    },
    /** Wants or has a place among the steps that run at once. */
    active: {
      invoke: { src: 'slot', id: 'slot', input: ({ context }) => ({ block: context.block }) },
      initial: 'queued',
      states: {
        queued: {
          entry: { type: 'tell', params: { type: 'step.queued' } },
          on: {
            'slot.granted': [
              { guard: 'isLimited', target: 'running', actions: 'startTimer' },
              { target: 'running' },
            ],
          },
        },
        running: {
          entry: ['countAttempt', { type: 'tell', params: { type: 'step.started' } }],
          exit: cancel('timeout'),
          invoke: {
            src: 'execute',
            id: 'execute',
            input: ({ context }) => ({
              block: context.block,
              scope: context.scope,
              attempt: context.attempt,
              idempotencyKey: idempotencyKey(context),
            }),
            onDone: [
              {
                guard: { type: 'hasBadOutput', params: ({ event }) => ({ output: event.output.output }) },
                target: '#step.failed',
                actions: {
                  type: 'settle',
                  params: ({ context, event }) => ({
                    outcome: failure(context, badOutput(context.block, event.output.output), event.output.usage),
                  }),
                },
              },
              {
                target: '#step.completed',
                actions: {
                  type: 'settle',
                  params: ({ context, event }) => ({ outcome: success(context, event.output) }),
                },
              },
            ],
            onError: [
              {
                guard: { type: 'saysSkip', params: ({ event }) => attemptError(event) },
                target: '#step.skipped',
                actions: {
                  type: 'settle',
                  params: ({ context, event }) => ({ outcome: skip(context, attemptError(event).error.message) }),
                },
              },
              {
                guard: { type: 'mayRetry', params: ({ event }) => attemptError(event) },
                target: '#step.backingOff',
                actions: [
                  { type: 'countFailure', params: ({ event }) => attemptError(event) },
                  { type: 'tellRetry', params: ({ event }) => attemptError(event) },
                ],
              },
              {
                target: '#step.failed',
                actions: {
                  type: 'settle',
                  params: ({ context, event }) => {
                    const { error, usage } = attemptError(event)
                    return { outcome: failure(context, error, usage) }
                  },
                },
              },
            ],
          },
          on: {
            'step.timedOut': [
              {
                guard: { type: 'mayRetry', params: ({ context }) => timeoutError(context) },
                target: '#step.backingOff',
                actions: [
                  { type: 'countFailure', params: ({ context }) => timeoutError(context) },
                  { type: 'tellRetry', params: ({ context }) => timeoutError(context) },
                ],
              },
              {
                target: '#step.failed',
                actions: {
                  type: 'settle',
                  params: ({ context }) => ({ outcome: failure(context, timeoutError(context).error) }),
                },
              },
            ],
            'step.lost': {
              target: '#step.active',
              reenter: true,
              actions: [assign({ delayMs: 0 }), { type: 'tellRetry', params: { error: lostError } }],
            },
            'step.again': {
              target: '#step.active',
              reenter: true,
              actions: [
                assign({ delayMs: 0, failures: 0, spentMs: 0 }),
                { type: 'tellRetry', params: { error: repeatedError } },
              ],
            },
          },
        },
      },
    },
    /** Waits before the next attempt, without a place. */
    backingOff: {
      after: { backoff: 'active' },
    },
    completed: { type: 'final', entry: 'tellOutcome' },
    skipped: { type: 'final', entry: 'tellOutcome' },
    failed: { type: 'final', entry: 'tellOutcome' },
    cancelled: { type: 'final', entry: 'tellOutcome' },
  },
  output: ({ context }) => context.outcome ?? { status: 'cancelled', reason: 'stopped' },
})
