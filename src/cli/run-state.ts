import { resolve } from 'node:path'
import { UsageError } from '../errors.ts'
import { applyEvent, createRunView, markInterrupted, type RunView } from '../runtime/run-view.ts'
import { createFileStore } from '../store/file-store.ts'
import type { RunContents, RunSummary, Store } from '../store/store.ts'

/** The store that `--store` names, relative to the caller's folder. */
export function storeAt(dir: string, cwd: string): Store {
  return createFileStore(resolve(cwd, dir))
}

/** A run as its files tell it now. */
export interface RunState {
  readonly contents: RunContents
  readonly view: RunView
  /** What the store says of it: whether some process works on it. */
  readonly summary: RunSummary | undefined
}

/** Reads a run without touching it. Throws RUN_NOT_FOUND, RUN_DAMAGED. */
export async function readRun(store: Store, runId: string): Promise<RunState> {
  // The owner first: one that lets go of the run in between has written its last event by then.
  const summary = await store.status(runId)
  const contents = await store.read(runId)
  const view = createRunView(contents.spec.workflow)
  for (const event of contents.events) applyEvent(view, event)
  if (summary.owner === null) markInterrupted(view)
  return { contents, view, summary }
}

/**
 * The run to go on with when none is named: the newest that has not settled, else the newest; no child, which its parent
 * goes on with. Throws RUN_NOT_FOUND.
 */
export async function lastRun(store: Store, dir: string): Promise<string> {
  const runs = (await store.list()).filter(({ parent }) => parent == null)
  const open = runs.find(isOpen)
  const run = open ?? runs[0]
  if (run === undefined) throw new UsageError('RUN_NOT_FOUND', `there is no run in ${dir}; start one with \`run SPEC\``)
  return run.runId
}

/** The run that somebody has to go on with so that this one does: of a child its parent, as long as that has not ended. */
export async function runToResume(store: Store, runId: string): Promise<string> {
  const { parent } = await store.status(runId)
  if (parent == null) return runId
  const above = await store.status(parent.runId).catch(() => undefined)
  return above === undefined || !isOpen(above) ? runId : runToResume(store, parent.runId)
}

function isOpen({ status }: RunSummary): boolean {
  return status === 'interrupted' || status === 'waiting' || status === 'running'
}
