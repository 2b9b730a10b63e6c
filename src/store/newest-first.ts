import type { RunSummary } from './store.ts'

/** The order of a list of runs; those of the same instant by id, so that the order is always the same. */
export function newestFirst(a: RunSummary, b: RunSummary): number {
  return compare(b.createdAt, a.createdAt) || compare(b.runId, a.runId)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
