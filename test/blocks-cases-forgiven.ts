import { type BlockCase, breaks, late } from './blocks-case.ts'

/** Branches that fail and are forgiven, by a person or by `on_failure: continue`. */
export const forgivenCases: readonly BlockCase[] = [
  {
    name: 'ask: going on without a branch leaves it out of what the group gives',
    stages: `
  - { id: g, reduce: list, parallel: [{ id: a, call: w, on_failure: ask }, { id: b, call: w }] }
  - { id: c, call: w, input: '\${{ prev }} \${{ stages.g.a.status }} \${{ stages.g.a.error.code }}' }`,
    work: { 'g.a': [breaks], 'g.a.ask': ['continue'] },
    events: '(g | >g.a | >g.b | !g.a | >g.a.ask | =g.b | =g.a.ask | )g completed | >c | =c',
    settles: { done: 'c(["g.b(in)"] failed BROKE)' },
  },
  {
    name: 'ask: a branch that is gone on without stops nobody where failures do, with a verify too',
    stages: `
  - id: g
    on_branch_failure: fail_fast
    parallel: [{ id: a, call: w, verify: { call: w }, on_failure: ask }, { id: b, call: w }]`,
    work: { 'g.a.verify': [breaks], 'g.a.ask': ['continue'], 'g.b': [late(3)] },
    events: '(g | >g.a | >g.b | =g.a | >g.a.verify | !g.a.verify | >g.a.ask | =g.a.ask | =g.b | )g completed',
    settles: { done: 'g.b(in)' },
  },
  {
    name: 'ask: what needs a node that is gone on without begins without it',
    stages: `
  - id: g
    reduce: list
    graph:
      - { id: s, on_failure: ask, sequence: [{ id: x, call: w }, { id: y, call: w }] }
      - { id: b, call: w, needs: [s] }`,
    work: { 'g.s.y': [breaks], 'g.s.ask': ['continue'] },
    events: '(g | >g.s.x | =g.s.x | >g.s.y | !g.s.y | >g.s.ask | =g.s.ask | >g.b | =g.b | )g completed',
    settles: { done: ['g.b()'] },
  },
  {
    name: 'ask: an item that is gone on without is not in the list; one that is not fails it alone',
    stages: `
  - { id: g, map: { over: [1, 2, 3], as: n, do: { id: a, call: w, on_failure: ask } } }`,
    work: { 'g.0.a': [breaks], 'g.0.a.ask': ['continue'], 'g.1.a': [breaks], 'g.1.a.ask': ['fail'] },
    events: '(g | >g.0.a | >g.1.a | >g.2.a | !g.0.a | >g.0.a.ask | !g.1.a | >g.1.a.ask | =g.2.a | =g.0.a.ask | =g.1.a.ask | )g failed',
    settles: { failed: 'BRANCHES_FAILED g: 1 of 3 branches of "g" failed: 1 (g.1.a broke)' },
  },
  {
    name: 'continue: only branches that are not forgiven are named when the group fails',
    stages: `
  - { id: g, parallel: [{ id: a, call: w, on_failure: continue }, { id: b, call: w }] }`,
    work: { 'g.a': [breaks], 'g.b': [breaks] },
    events: '(g | >g.a | >g.b | !g.a | !g.b | )g failed',
    settles: { failed: 'BRANCHES_FAILED g: 1 of 2 branches of "g" failed: b (g.b broke)' },
  },
]
