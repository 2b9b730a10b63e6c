import { resolve } from 'node:path'

/** What the engine hands to a step function, as far as these functions use it. */
export interface StepContext {
  /** Aborted on cancel, timeout and interruption. */
  readonly signal: AbortSignal
  readonly runId: string
  /** Shows a line of progress and keeps it in the step's log. */
  readonly log: (text: string) => void
  /** Ends the step as skipped, for this reason. */
  readonly skip: (reason: string) => never
  /** Folder for files that outlive the run. */
  readonly artifactsDir: string
  /** Only for a reducer: how every branch of the group ended, in branch order. */
  readonly branches?: readonly BranchResult[]
}

export interface BranchResult {
  readonly id: string
  readonly status: string
  readonly output: unknown
  readonly error: { readonly message: string } | null
  /** Why it was skipped or cancelled. */
  readonly reason: string | null
}

export type Fact = null | boolean | number | string | readonly Fact[] | { readonly [key: string]: Fact }

/** `high`: act now. `medium`: plan it. `low`: tidy up when there. `info`: good to know, costs no points. */
export const severities = ['high', 'medium', 'low', 'info'] as const
export type Severity = (typeof severities)[number]

export interface Finding {
  readonly severity: Severity
  /** Relative to the reviewed folder, with `/`. */
  readonly file?: string
  /** Counts from 1. */
  readonly line?: number
  readonly message: string
}

/** What every check gives: plain JSON. `score` is 0..100, or null when the check has nothing to score. */
export interface CheckResult {
  readonly check: string
  readonly title: string
  readonly score: number | null
  readonly summary: string
  readonly findings: readonly Finding[]
  readonly facts: { readonly [key: string]: Fact }
}

/** What the checks are told. */
export interface ReviewInput {
  /** Absolute path of the reviewed folder. */
  readonly path: string
  /** `run` also runs the repository's own tests; `inspect` only reads them. */
  readonly tests: 'inspect' | 'run'
  /** `installed` lets checks run the repository's own tools; with `none` nothing of the repository is executed. */
  readonly tools: 'installed' | 'none'
}

/** Reads a check's input; a relative path counts from the folder the caller is in. Throws on a wrong one. */
export function readInput(input: unknown): ReviewInput {
  const given: Record<string, unknown> = isRecord(input) ? input : { path: input }
  const path = given.path ?? '.'
  if (typeof path !== 'string')
    throw new Error(`path must be a text, the folder to review; got ${JSON.stringify(path)}`)
  return {
    path: resolve(path),
    tests: given.tests === 'run' ? 'run' : 'inspect',
    tools: given.tools === 'none' ? 'none' : 'installed',
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value when it is an object, else an empty one: for walking through foreign JSON. */
export function recordOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {}
}

/** A text on one line, cut at `most` characters with a mark that says so. */
export function brief(text: string, most: number): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > most ? `${line.slice(0, most - 1)}…` : line
}

/** `1 file`, `3 files`. */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount.toLocaleString('en-US')} ${amount === 1 ? one : many}`
}
