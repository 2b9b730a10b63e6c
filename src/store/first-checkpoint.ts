import type { Checkpoint, RunSpec } from './store.ts'

/** The checkpoint that a run has from the start: it holds nothing yet. */
export function firstCheckpoint({ runId, createdAt }: RunSpec): Checkpoint {
  return { format: 1, runId, lastSeq: 0, savedAt: createdAt, status: 'running', tree: null }
}
