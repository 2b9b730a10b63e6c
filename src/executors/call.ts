import { ForkchartError, RetryableError, StepSkipped, TerminalError } from '../errors.ts'
import type { CallContext, StepFunction } from '../step-function.ts'
import { findFunction } from './call-target.ts'
import { orCancelled } from './cancellation.ts'
import type { CallRequest, ExecutionContext, StepResult } from './executor.ts'
import { toJson } from './json-value.ts'

/**
 * Calls a function with a copy of the step's input; its result must be JSON (see `toJson`). What the function throws
 * comes through: a ForkchartError and StepSkipped as they are, a passed `AbortSignal.timeout` as RetryableError TIMEOUT,
 * network errors stay recognisable, all else means terminal. After an abort it settles at once, and what the
 * function does later has no effect on the step.
 */
export async function executeCall(
  request: CallRequest,
  context: ExecutionContext,
  functions: Readonly<Record<string, StepFunction>>,
): Promise<StepResult> {
  const { signal } = context
  let settled = false
  const callContext: CallContext = {
    signal,
    runId: request.runId,
    path: request.path,
    attempt: request.attempt,
    idempotencyKey: request.idempotencyKey,
    log(text) {
      if (!settled) context.log(String(text))
    },
    skip(reason) {
      throw new StepSkipped(reason)
    },
    // Asked for only by functions that want them: they are made then.
    get artifactsDir() {
      return context.artifactsDir
    },
    get traceparent() {
      return context.traceparent
    },
    ...(context.requestId === undefined ? {} : { requestId: context.requestId }),
    ...(request.branches === undefined ? {} : { branches: structuredClone(request.branches) }),
  }
  const work = async (): Promise<unknown> => {
    const fn = await findFunction(request.target, functions)
    signal.throwIfAborted()
    return fn(structuredClone(request.input), callContext)
  }
  try {
    const value = await orCancelled(work(), signal)
    return { output: toJson(value, shortName(request.target)) }
  } catch (error) {
    throw explained(error, context)
  } finally {
    settled = true
  }
}

/** What a function threw, with its stack in the log and the errors of its own timers told from ours. */
function explained(error: unknown, context: ExecutionContext): unknown {
  if (error instanceof ForkchartError || error instanceof StepSkipped || !(error instanceof Error)) return error
  for (const line of (error.stack ?? error.message).split('\n')) context.log(line, 'stderr')
  if (error.name === 'TimeoutError') return new RetryableError('TIMEOUT', error.message, { cause: error })
  if (error.name === 'AbortError') return new TerminalError('STEP_FAILED', error.message, { cause: error })
  return error
}

function shortName(target: string): string {
  return target.slice(target.lastIndexOf('/') + 1)
}
