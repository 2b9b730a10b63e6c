import { toErrorData, UsageError } from '../../errors.ts'
import type { RunEvent } from '../../events.ts'
import type { Json } from '../../json.ts'
import { isStepCell } from '../../runtime/cell.ts'
import { replay } from '../../runtime/replay.ts'
import type { RunTree } from '../../runtime/run-tree.ts'
import { isAtOrIn, isEnd, undoEnds } from '../../runtime/undo-ends.ts'
import type { Scope } from '../../spec/outcome.ts'
import { type RunAction, runActionSchema } from '../../run-action.ts'
import type { EmbeddedRun } from './embedded-run.ts'
import type { Again } from './run-parts.ts'

/** Does what somebody wants done with a run under way. Throws as `RunHandle.act` rejects. */
export function actOn(run: EmbeddedRun, action: RunAction): void {
  switch (action.type) {
    case 'pause':
      return run.pause('paused')
    case 'cancel': {
      const reason = run.options.redactor.text(action.reason)
      return action.path === undefined ? run.cancel(reason) : cancelSteps(run, action.path, reason)
    }
    case 'answer':
      return run.asks.answer(action)
    case 'send':
      return run.asks.send(action)
    case 'retry': {
      const { host: { clock }, options: { scope } } = run
      const again = planAgain(run.engine.tree.anew(), run.events.all(), action.again, { scope, now: clock.now() })
      return run.runAgain({ ...again, live: true, ...named(action) })
    }
  }
}

/** For the event that says that it was done. */
export function named({ id }: { readonly id?: string | undefined }): { readonly action?: string } {
  return id === undefined ? {} : { action: id }
}

/** Does what a message of another process wants; what cannot be done is the reply, too. */
export async function replyTo(run: EmbeddedRun, message: Json): Promise<Json> {
  try {
    await run.act(runActionSchema.parse(message))
    return { ok: true }
  } catch (error) {
    return { ok: false, error: { ...toErrorData(error) } as unknown as Json }
  }
}

/** Stops the step, or those in the group, at `path`; the run goes on without them. */
function cancelSteps({ engine, runId }: EmbeddedRun, path: string, reason: string): void {
  const next = (): string | undefined => {
    for (const cell of engine.tree.cells()) if (isStepCell(cell) && isAtOrIn(cell.id, path)) return cell.id
    return undefined
  }
  let id = next()
  if (id === undefined) {
    throw new UsageError('STEP_NOT_ACTIVE', `No step of the run ${runId} is under way at "${path}": \`show ${runId}\` tells which are.`)
  }
  // One by one: in a group with few branches at once another one begins when one ends.
  for (; id !== undefined && !engine.isClosed; id = next()) {
    const by = id
    engine.take((now) => engine.tree.deliver(by, { type: 'cancel', reason, by }, now))
  }
}

/**
 * What a run goes on with when these steps are to run again, or all that failed. Throws UsageError NOTHING_TO_RETRY.
 * `events` are all of the run's; `empty` is a tree of its program.
 */
export function planAgain(
  empty: RunTree,
  events: readonly RunEvent[],
  wanted: readonly string[] | 'failed',
  { scope, now }: { readonly scope: Scope; readonly now: number },
): Again {
  const { causes, tree } = replay(empty, events, scope)
  if (wanted !== 'failed') {
    for (const path of wanted) {
      if (causes.some(({ event }) => isAtOrIn(event.path ?? '', path))) continue
      throw new UsageError('NOTHING_TO_RETRY', `No step at "${path}" has run: there is nothing to run again.`)
    }
  }
  let again = wanted === 'failed' ? failedSteps(events) : [...new Set(wanted)]
  while (again.length > 0) {
    const undone = undoEnds(tree.anew(), causes, again, { scope, now, before: tree })
    const idle = again.filter((path) => !isAtWork(undone.tree, path) && !isAtWork(undone.tree, blockAround(path)))
    if (idle.length === 0) return { ...undone, again }
    if (wanted !== 'failed') {
      throw new UsageError('NOTHING_TO_RETRY', `"${idle.join('", "')}" cannot run again: its group has ended without it, and would again.`)
    }
    const without = new Set(idle)
    again = again.filter((path) => !without.has(path))
  }
  throw new UsageError('NOTHING_TO_RETRY', 'No step of the run failed, or was cancelled with it, that could run again: name one with its path.')
}

/** Whether something at or in the block is at work, or about to be; of the whole run when there is no path. */
function isAtWork(tree: RunTree, path: string | undefined): boolean {
  for (const cell of tree.cells()) if (isStepCell(cell) && (path === undefined || isAtOrIn(cell.id, path))) return true
  return false
}

/** What is not at work in a block that is comes after what is. */
function blockAround(path: string): string | undefined {
  const end = path.lastIndexOf('.')
  return end < 0 ? undefined : path.slice(0, end)
}

/**
 * Paths of what ended badly: by a failure, or by a cancel that was not its group's business. What failed before anything of
 * it began would do so again.
 */
function failedSteps(events: readonly RunEvent[]): string[] {
  const failed = new Set<string>()
  const begun = new Set<string>()
  const stopped = new Set<string>()
  for (const event of events) {
    const { path } = event
    if (path === undefined) continue
    if (event.type === 'step.started') for (const around of blocksAround(path)) begun.add(around)
    if (event.type === 'step.failed' && !begun.has(path)) continue
    if (isEnd(event)) begun.delete(path)
    if (event.type === 'step.cancelled' && event.data.by !== undefined) stopped.add(event.data.by)
    // Of a group that took too long those run again that it stopped; else all of it, until something of it begins anew.
    if (event.type === 'step.failed' && stopped.delete(path)) continue
    // A question about a failure takes nothing of it back.
    if (event.type === 'step.queued') for (const one of path.endsWith('.ask') ? [path] : blocksAround(path)) failed.delete(one)
    if (event.type === 'step.failed' || (event.type === 'step.cancelled' && event.data.by !== undefined)) failed.add(path)
    else if (event.type === 'step.completed' || event.type === 'step.skipped') failed.delete(path)
  }
  return [...failed]
}

/** The path of a step, and of all blocks that have begun when it does: one has not by its fallback. */
function blocksAround(path: string): string[] {
  const keys = path.split('.')
  return keys.flatMap((_, index) => (keys[index + 1] === 'fallback' ? [] : [keys.slice(0, index + 1).join('.')]))
}
