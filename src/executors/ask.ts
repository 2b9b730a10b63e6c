import { TerminalError } from '../errors.ts'
import type { AskRequest, EventRequest, ExecutionContext, StepResult } from './executor.ts'

/** Waits for a person's answer, or for what a program sends: that is the output. */
export async function executeAsk(request: AskRequest | EventRequest, context: ExecutionContext): Promise<StepResult> {
  if (context.ask === undefined) {
    throw new TerminalError('NO_HOST', `"${request.path}" waits for ${request.kind === 'ask' ? 'a person' : 'an event'}, and there is no host that could be told.`)
  }
  if (request.kind === 'ask') {
    const { message, schema, options, expiresMs } = request
    return { output: await context.ask(present({ message, schema, options, expiresMs })) }
  }
  const { event, expiresMs } = request
  return { output: await context.ask(present({ message: `waits for the event ${event}`, event, expiresMs })) }
}

/** Without the fields that are undefined. */
function present<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as never
}
