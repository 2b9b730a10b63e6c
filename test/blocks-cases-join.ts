import { type BlockCase, breaks, breaksLate, late } from './blocks-case.ts'

/** When a group is done, how many of its branches run at once, what its output is, and how long it may take. */
export const joinCases: readonly BlockCase[] = [
  {
    name: 'join any: the first that completes, whatever failed before',
    stages: `
  - { id: g, join: any, parallel: [{ id: a, call: w }, { id: b, call: w }, { id: c, call: w }] }`,
    work: { 'g.a': [late(9)], 'g.b': [breaks], 'g.c': [late(2)] },
    events: '(g | >g.a | >g.b | >g.c | !g.b | =g.c | xg.a "g" is done without it | )g completed',
    settles: { done: 'g.c(in)' },
  },
  {
    name: 'join any: in a wide group',
    stages: `
  - { id: g, join: any, parallel: [${steps(9)}] }`,
    work: slow(9, { 'g.b4': [late(1)] }),
    events: `
      (g | >g.b0 | >g.b1 | >g.b2 | >g.b3 | >g.b4 | >g.b5 | >g.b6 | >g.b7 | >g.b8 | =g.b4 |
      xg.b0 "g" is done without it | xg.b1 "g" is done without it | xg.b2 "g" is done without it |
      xg.b3 "g" is done without it | xg.b5 "g" is done without it | xg.b6 "g" is done without it |
      xg.b7 "g" is done without it | xg.b8 "g" is done without it | )g completed`,
    settles: { done: 'g.b4(in)' },
  },
  {
    name: 'join any: none completes',
    stages: `
  - { id: g, join: any, parallel: [{ id: a, call: w }, { id: b, call: w, when: 'false' }] }`,
    work: { 'g.a': [breaks] },
    events: '(g | -g.b its condition is false: false | >g.a | !g.a | )g failed',
    settles: { failed: 'BRANCHES_FAILED g: 1 of 2 branches of "g" failed: a (g.a broke)' },
  },
  {
    name: 'join quorum: in a narrow group, outputs in the order of the branches',
    stages: `
  - { id: g, join: { quorum: 2 }, parallel: [{ id: a, call: w }, { id: b, call: w }, { id: c, call: w }] }`,
    work: { 'g.a': [late(2)], 'g.b': [late(9)], 'g.c': [late(1)] },
    events: '(g | >g.a | >g.b | >g.c | =g.c | =g.a | xg.b "g" is done without it | )g completed',
    settles: { done: ['g.a(in)', 'g.c(in)'] },
  },
  {
    name: 'join quorum: in a wide group',
    stages: `
  - { id: g, join: { quorum: 2 }, parallel: [${steps(10)}] }`,
    work: slow(10, { 'g.b0': [breaks], 'g.b7': [late(1)], 'g.b3': [late(2)] }),
    events: `
      (g | >g.b0 | >g.b1 | >g.b2 | >g.b3 | >g.b4 | >g.b5 | >g.b6 | >g.b7 | >g.b8 | >g.b9 | !g.b0 | =g.b7 | =g.b3 |
      xg.b1 "g" is done without it | xg.b2 "g" is done without it | xg.b4 "g" is done without it |
      xg.b5 "g" is done without it | xg.b6 "g" is done without it | xg.b8 "g" is done without it |
      xg.b9 "g" is done without it | )g completed`,
    settles: { done: ['g.b3(in)', 'g.b7(in)'] },
  },
  {
    name: 'join quorum: not reached, though nothing failed',
    stages: `
  - { id: g, join: { quorum: 2 }, parallel: [{ id: a, call: w }, { id: b, call: w, when: 'false' }] }`,
    events: '(g | -g.b its condition is false: false | >g.a | =g.a | )g failed',
    settles: { failed: 'JOIN_NOT_REACHED g: "g" is not done as its `join` asks, and all of its branches have ended: a gave "g.a(in)"; b was skipped.' },
  },
  {
    name: 'join when: in a narrow group',
    stages: `
  - { id: g, join: { when: 'outputs.exists(it, it == 2)' }, parallel: [{ id: a, call: w }, { id: b, call: w }, { id: c, call: w }] }`,
    work: { 'g.a': [1], 'g.b': [2], 'g.c': [late(9)] },
    events: '(g | >g.a | >g.b | >g.c | =g.a | =g.b | xg.c "g" is done without it | )g completed',
    settles: { done: [1, 2] },
  },
  {
    name: 'join when: in a wide group',
    stages: `
  - { id: g, join: { when: size(outputs) >= 3 }, parallel: [${steps(10)}] }`,
    work: slow(10, { 'g.b1': [1], 'g.b5': [2], 'g.b9': [3] }),
    events: `
      (g | >g.b0 | >g.b1 | >g.b2 | >g.b3 | >g.b4 | >g.b5 | >g.b6 | >g.b7 | >g.b8 | >g.b9 | =g.b1 | =g.b5 | =g.b9 |
      xg.b0 "g" is done without it | xg.b2 "g" is done without it | xg.b3 "g" is done without it |
      xg.b4 "g" is done without it | xg.b6 "g" is done without it | xg.b7 "g" is done without it |
      xg.b8 "g" is done without it | )g completed`,
    settles: { done: [1, 2, 3] },
  },
  {
    name: 'join when: a condition that cannot be told fails the group once all have ended',
    stages: `
  - { id: g, join: { when: outputs.nope }, parallel: [{ id: a, call: w }, { id: b, call: w }] }`,
    events: '(g | >g.a | >g.b | =g.a | =g.b | )g failed',
    settles: { failed: 'EXPRESSION_FAILED g: ' },
  },
  {
    name: 'join any: of branches that are lists and groups, which are stopped inside',
    stages: `
  - id: g
    join: any
    parallel:
      - { id: s, sequence: [{ id: x, call: w }, { id: y, call: w }] }
      - { id: p, parallel: [{ id: x, call: w }, { id: y, call: w }] }
      - { id: q, call: w }`,
    work: { 'g.s.y': [late(9)], 'g.p.x': [late(9)], 'g.p.y': [late(9)], 'g.q': [late(2)] },
    events: `
      (g | (g.p | >g.s.x | >g.p.x | >g.p.y | >g.q | =g.s.x | >g.s.y | =g.q | xg.s.y "g" is done without it |
      xg.p.x "g" is done without it | xg.p.y "g" is done without it | )g.p cancelled | )g completed`,
    settles: { done: 'g.q(in)' },
  },
  {
    name: 'join any: then the reducer',
    stages: `
  - { id: g, join: any, reduce: { call: w }, parallel: [{ id: a, call: w }, { id: b, call: w }] }`,
    work: { 'g.b': [late(2)] },
    events: '(g | >g.a | >g.b | =g.a | xg.b "g" is done without it | >g.reduce | =g.reduce | )g completed',
    settles: { done: 'g.reduce(["g.a(in)"])' },
  },
  {
    name: 'concurrency: so many branches at once',
    stages: `
  - { id: g, concurrency: 2, parallel: [{ id: a, call: w }, { id: b, sequence: [{ id: x, call: w }] }, { id: c, call: w }] }`,
    work: { 'g.a': [late(3)] },
    events: '(g | >g.a | >g.b.x | =g.b.x | >g.c | =g.c | =g.a | )g completed',
    settles: { done: ['g.a(in)', 'g.b.x(in)', 'g.c(in)'] },
  },
  {
    name: 'concurrency: with failures that stop the others',
    stages: `
  - id: g
    concurrency: 2
    on_branch_failure: fail_fast
    parallel: [{ id: a, call: w }, { id: b, call: w }, { id: c, call: w }]`,
    work: { 'g.a': [breaksLate(1)], 'g.b': [late(9)] },
    events: '(g | >g.a | >g.b | !g.a | xg.c "g.a" failed | xg.b "g.a" failed | )g failed',
    settles: { failed: 'BRANCHES_FAILED g: 1 of 3 branches of "g" failed: a (g.a broke)' },
  },
  {
    name: 'reduce dedupe: outputs without repeats',
    stages: `
  - { id: g, reduce: dedupe, parallel: [{ id: a, call: w }, { id: b, call: w }, { id: c, call: w }] }`,
    work: { 'g.a': ['x'], 'g.b': [' x '], 'g.c': ['y'] },
    events: '(g | >g.a | >g.b | >g.c | =g.a | =g.b | =g.c | )g completed',
    settles: { done: ['x', 'y'] },
  },
  {
    name: 'reduce dedupe: lists end to end',
    stages: `
  - { id: g, reduce: dedupe, parallel: [{ id: a, call: w }, { id: b, call: w }] }`,
    work: { 'g.a': [[1, { p: 1, q: 2 }]], 'g.b': [[{ q: 2, p: 1 }, 3, [3]]] },
    events: '(g | >g.a | >g.b | =g.a | =g.b | )g completed',
    settles: { done: [1, { p: 1, q: 2 }, 3, [3]] },
  },
  {
    name: 'reduce synthesize: an agent gets the list of outputs',
    stages: `
  - { id: g, reduce: { synthesize: writer }, parallel: [{ id: a, call: w }, { id: b, call: w }] }
  - { id: z, call: w }`,
    events: '(g | >g.a | >g.b | =g.a | =g.b | >g.reduce | =g.reduce | )g completed | >z | =z',
    settles: { done: 'z(g.reduce(["g.a(in)","g.b(in)"]))' },
  },
  {
    name: 'reduce synthesize: an agent that fails fails the group',
    stages: `
  - { id: g, reduce: { synthesize: writer }, map: { over: [a, b], do: { call: w } } }`,
    work: { 'g.reduce': [breaks] },
    events: '(g | >g.0.do | >g.1.do | =g.0.do | =g.1.do | >g.reduce | !g.reduce | )g failed',
    settles: { failed: 'BROKE g.reduce: g.reduce broke' },
  },
  {
    name: 'timeout: of a list, which fails and is passed by',
    stages: `
  - { id: a, call: w }
  - { id: s, timeout: 5ms, on_failure: continue, sequence: [{ id: x, call: w }, { id: y, call: w }] }
  - { id: c, call: w }`,
    work: { 's.y': [late(50)] },
    events: '>a | =a | >s.x | =s.x | >s.y | xs.y "s" took longer than 5ms | !s | >c | =c',
    settles: { done: 'c(a(in))' },
  },
  {
    name: 'timeout: of a loop is for all of its rounds',
    stages: `
  - { id: l, timeout: 5ms, loop: { do: { call: w }, max: 9 } }`,
    work: { 'l.do': [late(3)] },
    events: '>l.do#1 | =l.do#1 | >l.do#2 | xl.do#2 "l" took longer than 5ms | !l',
    settles: { failed: 'TIMEOUT l: "l" took longer than 5ms' },
  },
]

function steps(count: number): string {
  return Array.from({ length: count }, (_, n) => `{ id: b${n}, call: w }`).join(', ')
}

/** All of a wide group's steps late, but for some. */
function slow(count: number, but: NonNullable<BlockCase['work']>): NonNullable<BlockCase['work']> {
  return { ...Object.fromEntries(Array.from({ length: count }, (_, n) => [`g.b${n}`, [late(9)]])), ...but }
}
