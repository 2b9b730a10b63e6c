import type { Json, JsonSchema } from '../json.ts'
import type { Block, FailureRule, Reducer, RetryPolicy, Workflow } from '../spec/ir.ts'

interface DraftBase {
  readonly id: string
  readonly title?: string
  readonly when?: string
  readonly input?: Json
  readonly output?: JsonSchema
  readonly timeoutMs?: number
}

/** A block without what follows from where it stands. A step calls `work` unless it says otherwise. */
export type Draft = DraftBase &
  (
    | { readonly call?: string; readonly retry?: Partial<RetryPolicy> }
    | { readonly agent: string; readonly prompt?: string; readonly retry?: Partial<RetryPolicy> }
    | { readonly sequence: readonly Draft[] }
    | { readonly parallel: readonly Draft[]; readonly rule?: FailureRule; readonly reduce?: Reducer }
  )

const once: RetryPolicy = { attempts: 1, initialMs: 0, factor: 1, maxMs: 60_000, jitter: 0, totalMs: 300_000 }

interface Surroundings {
  readonly path: string
  readonly group?: string
  readonly branch?: string
}

/** A workflow in the IR, for tests: paths, groups and branches are set, all else is as drafted. */
export function draftWorkflow(stages: readonly Draft[], extra: Partial<Workflow> = {}): Workflow {
  return {
    format: 1,
    name: 'draft',
    agents: {},
    limits: { concurrency: 1000, agents: 20 },
    env: [],
    stages: stages.map((draft) => blockOf(draft, { path: '' })),
    ...extra,
  }
}

function blockOf(draft: Draft, around: Surroundings): Block {
  const path = around.path === '' ? draft.id : `${around.path}.${draft.id}`
  const { group, branch } = around
  const labels = { ...(group === undefined ? {} : { group }), ...(branch === undefined ? {} : { branch }) }
  if ('sequence' in draft) {
    const { sequence, ...base } = draft
    return { ...base, ...labels, path, kind: 'sequence', blocks: sequence.map((inner) => blockOf(inner, { ...around, path })) }
  }
  if ('parallel' in draft) {
    const { parallel, rule = 'settle', reduce = 'auto', ...base } = draft
    const branches = parallel.map((inner) => blockOf(inner, { path, group: path, branch: inner.id }))
    return { ...base, ...labels, path, kind: 'parallel', branches, onBranchFailure: rule, reduce }
  }
  const retry = { ...once, ...draft.retry }
  if ('agent' in draft) {
    return { ...draft, ...labels, path, kind: 'agent', prompt: draft.prompt ?? '${{ prev }}', retry }
  }
  const { call = 'work', ...base } = draft
  return { ...base, ...labels, path, kind: 'call', target: call, retry }
}
