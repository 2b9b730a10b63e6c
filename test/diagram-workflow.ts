import fc from 'fast-check'
import type { Block, Workflow } from '../src/spec/ir.ts'

const once = { attempts: 1, initialMs: 0, factor: 1, maxMs: 0, jitter: 0, totalMs: 0 }

/** A block without its path: what `workflowOf` fills in from where it stands. */
type Draft = { id: string; when?: string; needs?: string[]; verify?: Draft; fallback?: Draft; goto?: string } & (
  | { agent: string }
  | { command: string }
  | { call: string }
  | { sequence: Draft[] }
  | { parallel: Draft[] }
  | { graph: Draft[] }
  | { over: string; do: Draft }
  | { until: string; do: Draft }
  | { work: Draft; reviewer: Draft }
  | { cases: { when?: string; do: Draft }[] }
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
  const { id, when, needs, verify, fallback, goto: target } = draft
  const path = parent === '' ? id : `${parent}.${id}`
  const inside = (inner: Draft): Block => blockOf(inner, path)
  const reaction = target !== undefined ? { goto: target, max: 2 } : fallback && { fallback: inside(fallback) }
  const base = {
    id,
    path,
    ...(when === undefined ? {} : { when }),
    ...(needs === undefined ? {} : { needs }),
    ...(verify === undefined ? {} : { verify: inside(verify) }),
    ...(reaction === undefined ? {} : { onFailure: reaction }),
  }
  const group = { ...base, onBranchFailure: 'settle', reduce: 'list' } as const
  if ('agent' in draft) return { ...base, kind: 'agent', agent: draft.agent, prompt: '${{ prev }}', retry: once }
  if ('command' in draft) return { ...base, kind: 'run', command: draft.command, parse: 'text', retry: once }
  if ('call' in draft) return { ...base, kind: 'call', target: draft.call, retry: once }
  if ('sequence' in draft) return { ...base, kind: 'sequence', blocks: draft.sequence.map(inside) }
  if ('parallel' in draft) return { ...group, kind: 'parallel', branches: draft.parallel.map(inside) }
  if ('graph' in draft) return { ...group, kind: 'graph', branches: draft.graph.map(inside) }
  if ('over' in draft) return { ...group, kind: 'map', over: draft.over, as: 'item', do: blockOf(draft.do, `${path}.[]`) }
  if ('until' in draft) return { ...base, kind: 'loop', until: draft.until, max: 3, do: inside(draft.do) }
  if ('work' in draft) {
    return { ...base, kind: 'review', work: inside(draft.work), reviewer: inside(draft.reviewer), approved: 'prev.ok', max: 4 }
  }
  return { ...base, kind: 'switch', cases: draft.cases.map((one) => ({ ...one, do: inside(one.do) })) }
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
    tie('list').map((list): Draft => {
      const graph = list.map((node, index) => ({ ...node, needs: list.slice(0, index).map((other) => other.id) }))
      return { id: 'graph', graph }
    }),
    fc.record({ id: idText, over: anyText, do: tie('draft') }),
    fc.record({ id: idText, until: anyText, do: tie('draft') }),
    fc.record({ id: idText, work: tie('draft'), reviewer: tie('draft') }).map((review): Draft => {
      return { ...review, work: { ...review.work, id: 'work' }, reviewer: { ...review.reviewer, id: 'reviewer' } }
    }),
    fc.tuple(tie('list'), anyText).map(([list, when]): Draft => ({
      id: 'choice', cases: list.map((inner, index) => (index === 0 ? { do: inner } : { when, do: inner })),
    })),
    fc.record({ id: idText, agent: idText, verify: tie('draft'), fallback: tie('draft') }).map((step): Draft => {
      return { ...step, verify: { ...step.verify, id: 'verify' }, fallback: { ...step.fallback, id: 'fallback' } }
    }),
  ),
}))

/** Any nesting of all kinds of blocks, with awkward commands and conditions. */
export const anyWorkflow: fc.Arbitrary<Workflow> = fc
  .tuple(idText, fc.uniqueArray(draft, { minLength: 1, maxLength: 4, selector: (inner) => inner.id }))
  .map(([name, drafts]) => workflowOf(name, drafts))
