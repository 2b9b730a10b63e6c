import { type ErrorData, ForkchartError, interruptedCode, repeatedCode, toErrorData } from '../src/errors.ts'
import type { UnnumberedEvent } from '../src/events.ts'
import type { Json } from '../src/json.ts'
import { checkAgainstSchema, describeIssues } from '../src/schema-check.ts'
import type { StepBlock } from '../src/spec/ir.ts'
import type { Outcome, Scope, UsageTotal } from '../src/spec/outcome.ts'
import { addUsage } from '../src/usage.ts'
import { nextDelay } from './backoff.ts'

/** What a step is and how it can end: the data that the step machine moves between its states. */

export interface StepInput {
  readonly block: StepBlock
  /** What the step's expressions see. */
  readonly scope: Scope
  /** What the step's `when` came to: false skips it, an error fails it. Absent means true. */
  readonly when?: boolean | ErrorData
}

export interface ExecuteInput {
  readonly block: StepBlock
  readonly scope: Scope
  /** Counts from 1, over retries and restarts. */
  readonly attempt: number
  /** The same for every attempt of this step of this run. */
  readonly idempotencyKey: string
}

export interface ExecuteResult {
  readonly output: Json
  readonly usage?: UsageTotal
}

export interface StepContext extends StepInput {
  readonly attempt: number
  readonly failures: number
  /** Time that attempts and waits have taken, in ms; counts against `retry.totalMs`. */
  readonly spentMs: number
  readonly delayMs: number
  /** Of the attempts that failed. */
  readonly used: UsageTotal | null
  readonly outcome: Outcome | null
}

/** `elapsedMs` and `usage` are set by hosts that know how long the attempt took and what it used. */
interface ErrorEvent {
  readonly error: unknown
  readonly elapsedMs?: number
  readonly usage?: UsageTotal
}

export const lostError: ErrorData = {
  code: interruptedCode,
  kind: 'retryable',
  message: 'The attempt was cut off when its process ended.',
}

export const repeatedError: ErrorData = {
  code: repeatedCode,
  kind: 'retryable',
  message: 'Somebody asked for it to be run again.',
}

export function label(context: StepContext) {
  const { block, attempt } = context
  return {
    path: block.path,
    ...(attempt > 0 ? { attempt } : {}),
    ...(block.group === undefined ? {} : { group: block.group }),
    ...(block.branch === undefined ? {} : { branch: block.branch }),
    ...(context.scope.loop === undefined ? {} : { iteration: context.scope.loop.iteration }),
    ...(block.kind === 'agent' ? { agent: block.agent } : {}),
  }
}

/** An event of the step. Those of most steps are made in one go: each has three or four. */
export function stepEvent(context: StepContext, type: UnnumberedEvent['type'], data: object): UnnumberedEvent {
  const { block, attempt, scope } = context
  const { path, group, branch } = block
  const isPlain = attempt > 0 && block.kind !== 'agent' && scope.loop === undefined
  if (isPlain && group !== undefined && branch !== undefined) return { path, attempt, group, branch, type, data } as UnnumberedEvent
  if (isPlain && group === undefined && branch === undefined) return { path, attempt, type, data } as UnnumberedEvent
  return { ...label(context), type, data } as UnnumberedEvent
}

export function outcomeEvent(context: StepContext): UnnumberedEvent {
  const outcome = context.outcome ?? { status: 'cancelled', reason: 'stopped' }
  if (outcome.status === 'completed' && outcome.usage === undefined) {
    return stepEvent(context, 'step.completed', { output: outcome.output })
  }
  const { status, ...data } = outcome
  return stepEvent(context, `step.${status}`, data)
}

export function success({ block, used }: StepContext, result: ExecuteResult): Outcome {
  const verdict = block.output === undefined ? undefined : checkAgainstSchema(block.output, result.output)
  const output = verdict?.ok === true ? verdict.value : result.output
  const usage = addUsage(used, result.usage)
  return { status: 'completed', output, ...(usage === undefined ? {} : { usage }) }
}

export function failure(context: StepContext, error: ErrorData | undefined, last?: UsageTotal): Outcome {
  const usage = addUsage(context.used, last)
  const known = error ?? { code: 'STEP_FAILED', kind: 'terminal', message: 'The step failed.' }
  return {
    status: 'failed',
    error: { ...known, path: context.block.path },
    ...(usage === undefined ? {} : { usage }),
  }
}

export function skip(context: StepContext, reason: string): Outcome {
  return { status: 'skipped', reason, output: context.scope.prev, ...(context.used === null ? {} : { usage: context.used }) }
}

export function whenError(context: StepContext): ErrorData | undefined {
  return typeof context.when === 'object' ? context.when : undefined
}

export function badOutput(block: StepBlock, output: Json): ErrorData | undefined {
  if (block.output === undefined) return undefined
  const verdict = checkAgainstSchema(block.output, output)
  if (verdict.ok) return undefined
  return {
    code: 'OUTPUT_INVALID',
    kind: 'terminal',
    message: `The output does not fit its schema: ${describeIssues(verdict.issues)}.`,
    details: verdict.issues.map((issue) => ({ ...issue })),
  }
}

export function attemptError(event: ErrorEvent): { error: ErrorData; elapsedMs: number; usage: UsageTotal | undefined } {
  const { error, elapsedMs = 0, usage = error instanceof ForkchartError ? error.usage : undefined } = event
  return { error: toErrorData(error), elapsedMs, usage }
}

export function timeoutError(context: StepContext): { error: ErrorData; elapsedMs: number } {
  const elapsedMs = context.block.timeoutMs ?? 0
  return {
    error: { code: 'TIMEOUT', kind: 'retryable', message: `The attempt took longer than ${elapsedMs} ms.` },
    elapsedMs,
  }
}

export function delayAfter(context: StepContext, failed: { error: ErrorData; elapsedMs: number }): number | undefined {
  if (failed.error.kind !== 'retryable') return undefined
  return nextDelay(
    context.block.retry,
    context.failures + 1,
    context.spentMs + failed.elapsedMs,
    `${context.scope.run.id}/${context.block.path}`,
    failed.error.retryAfterMs,
  )
}

/** The same for every attempt of this step, another one in every round of what repeats it. */
export function idempotencyKey({ scope, block }: StepContext): string {
  const rounds = scope.rounds === undefined ? '' : `#${scope.rounds.join('.')}`
  return `${scope.run.id}/${block.path}${rounds}`
}
