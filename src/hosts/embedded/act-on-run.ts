import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { CancelledError, type ErrorKind, RetryableError, TerminalError, UsageError } from '../../errors.ts'
import type { Redactor } from '../../redact.ts'
import { actionReplySchema, type RunAction } from '../../run-action.ts'
import type { RunContents, RunWriter, Store } from '../../store/store.ts'
import { actionOf } from './done-actions.ts'
import type { EmbeddedRun } from './embedded-run.ts'

export interface ActOptions {
  readonly store: Store
  readonly redactor: Redactor
  /** The run that this process works on, if it does. */
  readonly live: () => EmbeddedRun | undefined
  /** Acts on the run while nobody works on it. Throws UsageError. */
  readonly actOnSaved: (contents: RunContents, writer: RunWriter, action: RunAction) => Promise<void>
}

/** How often whoever works on the run may change while somebody wants to act on it, and how long it is to settle each time, in ms. */
const mostChanges = 50
const changeMs = 100

/** See `Host.act`. */
export async function actOnRun(runId: string, action: RunAction, options: ActOptions): Promise<'taken' | 'saved'> {
  const once = identified(action)
  for (let changes = 0; ; changes += 1) {
    try {
      return await actOnce(runId, once, options)
    } catch (error) {
      if (!isChanging(error) || changes === mostChanges) throw error
      // Whoever had the run is letting go of it, or somebody else has just taken it.
      await delay(changeMs)
    }
  }
}

/** With an id: whoever takes it may die before that is heard of, and the next one is asked again. */
function identified(action: RunAction): RunAction {
  return action.type === 'pause' || action.type === 'cancel' ? action : { ...action, id: action.id ?? randomUUID() }
}

async function actOnce(runId: string, action: RunAction, { store, redactor, live, actOnSaved }: ActOptions): Promise<'taken' | 'saved'> {
  const here = live()
  if (here !== undefined) {
    await here.act(action)
    return 'taken'
  }
  const opened = await openUnlessTaken(store, runId)
  if (opened === undefined) {
    const reply = actionReplySchema.parse(await store.post(runId, postable(action, redactor)))
    if (reply.ok) return 'taken'
    throw asThrown(reply.error)
  }
  const { writer, contents } = opened
  try {
    // It may have been done by somebody who died before saying so.
    if ('id' in action && action.id !== undefined && contents.events.some((event) => actionOf(event) === action.id)) return 'taken'
    if (contents.events.at(-1)?.type === 'run.settled') throw new UsageError('RUN_SETTLED', `The run ${runId} is over.`)
    if (action.type === 'pause' || action.type === 'retry' || contents.events.length === 0) {
      throw new UsageError('RUN_NOT_WRITTEN', `No process works on the run ${runId}.`, { details: { runId } })
    }
    await actOnSaved(contents, writer, action)
    return 'saved'
  } finally {
    await writer.close()
  }
}

/** A message lies in the run's folder until it is taken, and whoever takes it redacts it anyway. */
function postable(action: RunAction, { json, text }: Redactor): RunAction {
  switch (action.type) {
    case 'answer':
      return { ...action, value: json(action.value) }
    case 'send':
      return { ...action, payload: json(action.payload) }
    case 'cancel':
      return { ...action, reason: text(action.reason) }
    default:
      return action
  }
}

/** Undefined when somebody else works on the run. */
async function openUnlessTaken(store: Store, runId: string): Promise<Awaited<ReturnType<Store['open']>> | undefined> {
  try {
    return await store.open(runId)
  } catch (error) {
    if (error instanceof UsageError && error.code === 'RUN_LOCKED') return undefined
    throw error
  }
}

/** Whether the run was let go of while it was asked for: it is to be looked at once more. */
function isChanging(error: unknown): boolean {
  return error instanceof UsageError && (error.code === 'RUN_STOPPING' || (error.code === 'RUN_NOT_WRITTEN' && error.details === undefined))
}

function asThrown({ kind, code, message }: { readonly kind: ErrorKind; readonly code: string; readonly message: string }): Error {
  switch (kind) {
    case 'usage':
      return new UsageError(code, message)
    case 'terminal':
      return new TerminalError(code, message)
    case 'retryable':
      return new RetryableError(code, message)
    case 'cancelled':
      return new CancelledError(code, message)
  }
}
