import type { JsonObject } from '../json.ts'

/** What the state files of file-based orchestration say of a run, whichever of their formats they have. */

export const oldFormats = [
  'orchestration_state v0',
  'orchestration_state v1',
  'orchestration_state v2',
  'orchestration_state as proposed',
  'workflow_state',
] as const
export type OldFormat = (typeof oldFormats)[number]

export const oldStatuses = [
  'in_progress', 'complete', 'cancelled', 'timeout', 'review_failed', 'acceptance_test_failed', 'error',
] as const
export type OldStatus = (typeof oldStatuses)[number]

/** What is said of one stage by itself. Times are ms since the epoch. */
export interface OldStage {
  readonly status: 'completed' | 'failed' | 'skipped' | 'open'
  readonly error?: string
  readonly startedAt?: number
  readonly endedAt?: number
}

/** One round of acceptance tests: they ran, and what did not pass was fixed or not. */
export interface OldTestRound {
  readonly iteration: number
  readonly passed: number
  readonly failed: number
  readonly total: number
  readonly all_passed: boolean
  readonly fix_applied: boolean
  readonly fix_summary?: string | null | undefined
}

export interface OldState {
  readonly format: OldFormat
  /** The file's content as it was, with what no version of it is known to mean. */
  readonly document: JsonObject
  /** Keys of the document that mean nothing here. */
  readonly unknownKeys: readonly string[]
  readonly status: OldStatus
  /** Key of the stage it stands at, or of the group when it says `PARALLEL_GROUP:<name>`. */
  readonly position: { readonly stage: string } | { readonly group: string }
  /** By the keys of the stages. */
  readonly outputs: ReadonlyMap<string, string>
  readonly stages: ReadonlyMap<string, OldStage>
  /** The groups that it names, and the stages that it says are in them. */
  readonly groups: ReadonlyMap<string, readonly string[]>
  readonly objective: string | null
  readonly objectiveFile: string | null
  readonly feature: string | null
  /** The `stages.yaml` that it was run with, as it was written there. */
  readonly specFile: string | null
  readonly startedAt: number | null
  /** Null when it does not say. */
  readonly elapsedMs: number | null
  readonly testRounds: readonly OldTestRound[]
}

/** What a file begins the name of a group with where the name of a stage belongs. */
export const groupMark = 'PARALLEL_GROUP:'
