import { type BlockCase, breaks, breaksLate, late, skips } from './blocks-case.ts'

/** Graphs: who waits for whom, and what a failure does to those that need it. */
export const graphCases: readonly BlockCase[] = [
  {
    name: 'graph: a diamond; who needs several gets their outputs by id',
    stages: `
  - id: g
    reduce: { call: w }
    graph:
      - { id: d, call: w, needs: [b, c] }
      - { id: a, call: w }
      - { id: b, call: w, needs: [a] }
      - { id: c, call: w, needs: [a], input: '\${{ stages.g.a.status }} \${{ prev }}' }`,
    events: '(g | >g.a | =g.a | >g.b | >g.c | =g.b | =g.c | >g.d | =g.d | >g.reduce | =g.reduce | )g completed',
    settles: { done: 'g.reduce(["g.d({\\"b\\":\\"g.b(g.a(in))\\",\\"c\\":\\"g.c(completed g.a(in))\\"})","g.a(in)","g.b(g.a(in))","g.c(completed g.a(in))"])' },
  },
  {
    name: 'graph: a node starts the moment that what it needs is done',
    stages: `
  - id: g
    graph:
      - { id: slow, call: w }
      - { id: quick, call: w }
      - { id: next, call: w, needs: [quick] }
      - { id: last, call: w, needs: [slow, next] }`,
    work: { 'g.slow': [late(3)] },
    events: '(g | >g.slow | >g.quick | =g.quick | >g.next | =g.next | =g.slow | >g.last | =g.last | )g completed',
    settles: { done: ['g.slow(in)', 'g.quick(in)', 'g.next(g.quick(in))', 'g.last({"slow":"g.slow(in)","next":"g.next(g.quick(in))"})'] },
  },
  {
    name: 'graph: fan-in wider than a shard',
    stages: `
  - id: g
    reduce: first
    graph: [{ id: all, call: w, needs: [${names(10)}], input: '\${{ size(prev) }}' }, ${steps(10)}]`,
    events: `
      (g | >g.n0 | >g.n1 | >g.n2 | >g.n3 | >g.n4 | >g.n5 | >g.n6 | >g.n7 | >g.n8 | >g.n9 | =g.n0 | =g.n1 | =g.n2 |
      =g.n3 | =g.n4 | =g.n5 | =g.n6 | =g.n7 | =g.n8 | =g.n9 | >g.all | =g.all | )g completed`,
    settles: { done: 'g.all(10)' },
  },
  {
    name: 'graph: what is skipped passes on what came to it',
    stages: `
  - { id: g, graph: [{ id: a, call: w }, { id: b, call: w, needs: [a] }, { id: c, call: w, needs: [b] }] }`,
    work: { 'g.b': [skips] },
    events: '(g | >g.a | =g.a | >g.b | -g.b nothing to do | >g.c | =g.c | )g completed',
    settles: { done: ['g.a(in)', 'g.c(g.a(in))'] },
  },
  {
    name: 'graph: a list that is skipped is skipped, though what it needs is done',
    stages: `
  - id: g
    graph: [{ id: a, call: w }, { id: b, when: 'false', needs: [a], sequence: [{ id: x, call: w }] }]`,
    events: '(g | >g.a | =g.a | -g.b its condition is false: false | )g completed',
    settles: { done: 'g.a(in)' },
  },
  {
    name: 'graph: who needs what failed is skipped, the others finish',
    stages: `
  - id: g
    graph:
      - { id: a, call: w }
      - { id: b, call: w, needs: [a] }
      - { id: c, call: w, needs: [b] }
      - { id: d, call: w, needs: [a] }
      - { id: e, call: w, needs: [d, c] }`,
    work: { 'g.b': [breaks] },
    events: `
      (g | >g.a | =g.a | >g.b | >g.d | !g.b | -g.c it needs "b", which failed | =g.d |
      -g.e it needs "c", which could not run | )g failed`,
    settles: { failed: 'BRANCHES_FAILED g: 1 of 5 branches of "g" failed: b (g.b broke)' },
  },
  {
    name: 'graph: continue succeeds without what failed',
    stages: `
  - id: g
    on_branch_failure: continue
    graph: [{ id: a, call: w }, { id: b, call: w, needs: [a] }, { id: c, call: w }]`,
    work: { 'g.a': [breaks] },
    events: '(g | >g.a | >g.c | !g.a | -g.b it needs "a", which failed | =g.c | )g completed',
    settles: { done: 'g.c(in)' },
  },
  {
    name: 'graph: fail_fast stops what runs and what waits',
    stages: `
  - id: g
    on_branch_failure: fail_fast
    graph: [{ id: a, call: w }, { id: b, call: w, needs: [a] }, { id: c, call: w }, { id: d, call: w, needs: [c] }]`,
    work: { 'g.a': [breaks], 'g.c': [late(5)] },
    events: '(g | >g.a | >g.c | !g.a | xg.b "g.a" failed | xg.d "g.a" failed | xg.c "g.a" failed | )g failed',
    settles: { failed: 'BRANCHES_FAILED g: 1 of 4 branches of "g" failed: a (g.a broke)' },
  },
  {
    name: 'graph: who needs what failed and is forgiven runs, without its output',
    stages: `
  - id: g
    graph: [{ id: a, call: w, on_failure: continue }, { id: b, call: w, needs: [a] }, { id: c, call: w, needs: [a, b] }]`,
    work: { 'g.a': [breaks] },
    events: '(g | >g.a | !g.a | >g.b | =g.b | >g.c | =g.c | )g completed',
    settles: { done: ['g.b()', 'g.c({"a":null,"b":"g.b()"})'] },
  },
  {
    name: 'graph: who needs what was found wanting and is forgiven gets none of it',
    stages: `
  - { id: g, graph: [{ id: a, call: w, verify: { call: w }, on_failure: continue }, { id: b, call: w, needs: [a] }] }`,
    work: { 'g.a.verify': [breaks] },
    events: '(g | >g.a | =g.a | >g.a.verify | !g.a.verify | >g.b | =g.b | )g completed',
    settles: { done: 'g.b()' },
  },
  {
    name: 'graph: join any',
    stages: `
  - id: g
    join: any
    graph: [{ id: a, call: w }, { id: b, call: w }, { id: c, call: w, needs: [a] }]`,
    work: { 'g.a': [breaks], 'g.b': [late(2)] },
    events: '(g | >g.a | >g.b | !g.a | -g.c it needs "a", which failed | =g.b | )g completed',
    settles: { done: 'g.b(in)' },
  },
  {
    name: 'graph: nodes that are lists, loops and steps with a verify',
    stages: `
  - id: g
    graph:
      - { id: s, needs: [l], sequence: [{ id: x, call: w }, { id: y, call: w, input: '\${{ stages.g.l.do.output }}' }] }
      - { id: l, loop: { do: { call: w }, max: 2 } }
      - { id: v, call: w, needs: [s], verify: { call: w } }`,
    events: `
      (g | >g.l.do#1 | =g.l.do#1 | >g.l.do#2 | =g.l.do#2 | >g.s.x | =g.s.x | >g.s.y | =g.s.y | >g.v | =g.v |
      >g.v.verify | =g.v.verify | )g completed`,
    settles: { done: ['g.s.y(g.l.do(g.l.do(in)))', 'g.l.do(g.l.do(in))', 'g.v(g.s.y(g.l.do(g.l.do(in))))'] },
  },
  {
    name: 'graph: concurrency of the group',
    stages: `
  - id: g
    concurrency: 1
    graph: [{ id: a, call: w, needs: [c] }, { id: b, call: w }, { id: c, call: w }]`,
    events: '(g | >g.b | =g.b | >g.c | =g.c | >g.a | =g.a | )g completed',
    settles: { done: ['g.a(g.c(in))', 'g.b(in)', 'g.c(in)'] },
  },
  {
    name: 'graph: time limit',
    stages: `
  - id: g
    timeout: 5ms
    graph: [{ id: a, call: w }, { id: b, call: w, needs: [a] }, { id: c, call: w, needs: [b] }]`,
    work: { 'g.b': [breaksLate(50)] },
    events: '(g | >g.a | =g.a | >g.b | xg.b "g" took longer than 5ms | xg.c "g" took longer than 5ms | )g failed',
    settles: { failed: 'TIMEOUT g: "g" took longer than 5ms' },
  },
]

function names(count: number): string {
  return Array.from({ length: count }, (_, n) => `n${n}`).join(', ')
}

function steps(count: number): string {
  return Array.from({ length: count }, (_, n) => `{ id: n${n}, call: w }`).join(', ')
}
