import type { ErrorData } from '../errors.ts'
import type { Json } from '../json.ts'
import type { Usage } from './ir.ts'

/** Tokens and money of one or more attempts; `costUsd` is null when nobody reported it. */
export interface UsageTotal extends Usage {
  readonly costUsd: number | null
}

/** How a block ended. `output` of a skipped block is what was passed through it. Plain JSON. */
export type Outcome =
  | { readonly status: 'completed'; readonly output: Json; readonly usage?: UsageTotal }
  | {
      readonly status: 'failed'
      readonly error: ErrorData
      readonly output?: Json
      readonly usage?: UsageTotal
      /** Of a branch: a person who was asked said to go on without it, so it fails no group. */
      readonly forgiven?: true
    }
  /** What ran in it, and failed, before there was nothing to do has its usage all the same. */
  | { readonly status: 'skipped'; readonly reason: string; readonly output: Json; readonly usage?: UsageTotal }
  | {
      readonly status: 'cancelled'
      readonly reason: string
      /** Path of the group whose time limit it was, or `workflow:<name>` when the run was cancelled. */
      readonly by?: string
      /** Of the attempts that had ended by then. */
      readonly usage?: UsageTotal
    }

/**
 * What expressions see of finished blocks: `stages.<id>.output`, and nested blocks under their ids. How it is kept is the
 * affair of `stage-tree.ts`.
 */
export interface StageTree {
  readonly [id: string]: StageEntry
}
export type StageEntry = StageFields & { readonly [childId: string]: unknown }
export interface StageFields {
  readonly status?: Outcome['status']
  readonly output?: Json
  readonly error?: ErrorData | null
  readonly usage?: UsageTotal | null
}

/** Ids that a block must not have: they are fields of every entry of `stages`. */
export const reservedIds = ['status', 'output', 'error', 'usage'] as const

/** The names in scope of an expression. `env` is added where it is evaluated and never stored. */
export interface Scope {
  readonly input: Json
  readonly run: { readonly id: string; readonly workflow: string }
  readonly stages: StageTree
  readonly prev: Json
  /** Variables of the maps around: each one's item under its name, and the innermost one's `index`. */
  readonly vars?: Readonly<Record<string, Json>>
  /** Indexes of the items of the maps around, outermost first. */
  readonly at?: readonly number[]
  /** The round of the innermost loop or review around, from 1. */
  readonly loop?: { readonly iteration: number }
  /** Rounds of everything around that repeats: tells one repetition of a step from another. */
  readonly rounds?: readonly number[]
  /** What was said against earlier rounds of a review, or the error that sent the run back here. */
  readonly feedback?: string
  /** Only for a reducer's step: how every branch ended, in branch order. */
  readonly branches?: readonly BranchResult[]
}

/** How one branch of a group ended, as a reducer function is told. */
export interface BranchResult {
  readonly id: string
  readonly status: Outcome['status']
  readonly output: Json
  readonly error: ErrorData | null
  /** Why it was skipped or cancelled. */
  readonly reason: string | null
}
