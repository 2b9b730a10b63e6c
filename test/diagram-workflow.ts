import fc from 'fast-check'
import type { Block, Workflow } from '../src/spec/ir.ts'

const once = { attempts: 1, initialMs: 0, factor: 1, maxMs: 0, jitter: 0, totalMs: 0 }

/** A block without its path: what `workflowOf` fills in from where it stands. */
type Draft = { id: string; when?: string } & (
  | { agent: string }
  | { command: string }
  | { call: string }
  | { sequence: Draft[] }
  | { parallel: Draft[] }
)

/** A workflow in the IR out of nested drafts, its paths set. */
export function workflowOf(name: string, drafts: readonly Draft[], extra: Partial<Workflow> = {}): Workflow {
  return {
    format: 1,
    name,
    agents: {},
    limits: { concurrency: 4, agents: 20 },
    env: [],
    stages: drafts.map((draft) => blockOf(draft, '')),
    ...extra,
  }
}

function blockOf(draft: Draft, parent: string): Block {
  const path = parent === '' ? draft.id : `${parent}.${draft.id}`
  const base = { id: draft.id, path, ...(draft.when === undefined ? {} : { when: draft.when }) }
  if ('agent' in draft) return { ...base, kind: 'agent', agent: draft.agent, prompt: '${{ prev }}', retry: once }
  if ('command' in draft) return { ...base, kind: 'run', command: draft.command, parse: 'text', retry: once }
  if ('call' in draft) return { ...base, kind: 'call', target: draft.call, retry: once }
  if ('sequence' in draft) {
    return { ...base, kind: 'sequence', blocks: draft.sequence.map((inner) => blockOf(inner, path)) }
  }
  return {
    ...base,
    kind: 'parallel',
    branches: draft.parallel.map((inner) => blockOf(inner, path)),
    onBranchFailure: 'settle',
    reduce: 'list',
  }
}

const idText = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_-]{0,8}$/)
const anyText = fc.string({ unit: 'grapheme', maxLength: 60 })

const { draft } = fc.letrec<{ draft: Draft; list: Draft[] }>((tie) => ({
  list: fc.uniqueArray(tie('draft'), { minLength: 1, maxLength: 4, selector: (inner) => inner.id }),
  draft: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ id: idText, agent: idText }),
    fc.record({ id: idText, command: anyText, when: anyText }),
    fc.record({ id: idText, sequence: tie('list') }),
    fc.record({ id: idText, parallel: tie('list') }),
  ),
}))

/** Any nesting of steps, sequences and groups, with awkward commands and conditions. */
export const anyWorkflow: fc.Arbitrary<Workflow> = fc
  .tuple(idText, fc.uniqueArray(draft, { minLength: 1, maxLength: 4, selector: (inner) => inner.id }))
  .map(([name, drafts]) => workflowOf(name, drafts))
