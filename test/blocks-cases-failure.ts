import { type BlockCase, breaks, late, skips } from './blocks-case.ts'

/** What a failure leads to: `on_failure` and `verify`. */
export const failureCases: readonly BlockCase[] = [
  {
    name: 'continue: the list goes on with what came before',
    stages: `
  - { id: a, call: w }
  - { id: b, call: w, on_failure: continue }
  - { id: c, call: w, input: '\${{ prev }} \${{ stages.b.status }} \${{ stages.b.error.code }}' }`,
    work: { b: [breaks] },
    events: '>a | =a | >b | !b | >c | =c',
    settles: { done: 'c(a(in) failed BROKE)' },
  },
  {
    name: 'continue: last in its list',
    stages: `
  - { id: a, call: w }
  - { id: b, call: w, on_failure: continue }`,
    work: { b: [breaks] },
    events: '>a | =a | >b | !b',
    settles: { done: 'a(in)' },
  },
  {
    name: 'continue: of a list passes on what came into it, not what it had made',
    stages: `
  - { id: a, call: w }
  - { id: s, on_failure: continue, input: { x: 1 }, sequence: [{ id: x, call: w }, { id: y, call: w }] }
  - { id: c, call: w }`,
    work: { 's.y': [breaks] },
    events: '>a | =a | >s.x | =s.x | >s.y | !s.y | >c | =c',
    settles: { done: 'c(a(in))' },
  },
  {
    name: 'continue: and then nothing but skipped is not skipped as a whole',
    stages: `
  - id: g
    parallel:
      - { id: s, sequence: [{ id: x, call: w, on_failure: continue }, { id: y, call: w }] }
      - { id: t, sequence: [{ id: y, call: w }] }`,
    work: { 'g.s.x': [breaks], 'g.s.y': [skips], 'g.t.y': [skips] },
    events: '(g | >g.s.x | >g.t.y | !g.s.x | >g.s.y | -g.t.y nothing to do | -g.s.y nothing to do | )g completed',
    settles: { done: 'in' },
  },
  {
    name: 'continue: forgives a branch',
    stages: `
  - { id: g, parallel: [{ id: a, call: w, on_failure: continue }, { id: b, call: w }] }`,
    work: { 'g.a': [breaks] },
    events: '(g | >g.a | >g.b | !g.a | =g.b | )g completed',
    settles: { done: 'g.b(in)' },
  },
  {
    name: 'continue: a forgiven branch stops nobody where failures do',
    stages: `
  - id: g
    on_branch_failure: fail_fast
    parallel: [{ id: a, call: w, on_failure: continue }, { id: b, call: w }]`,
    work: { 'g.a': [breaks], 'g.b': [late(3)] },
    events: '(g | >g.a | >g.b | !g.a | =g.b | )g completed',
    settles: { done: 'g.b(in)' },
  },
  {
    name: 'continue: a forgiven branch stops nobody in a wide group either',
    stages: `
  - id: g
    on_branch_failure: fail_fast
    reduce: first
    parallel: [{ id: a, call: w, on_failure: continue }, ${ids('b', 9)}]`,
    work: { 'g.a': [breaks], ...Object.fromEntries(range(9).map((n) => [`g.b${n}`, [late(2)]])) },
    events: `
      (g | >g.a | >g.b0 | >g.b1 | >g.b2 | >g.b3 | >g.b4 | >g.b5 | >g.b6 | >g.b7 | >g.b8 | !g.a | =g.b0 | =g.b1 |
      =g.b2 | =g.b3 | =g.b4 | =g.b5 | =g.b6 | =g.b7 | =g.b8 | )g completed`,
    settles: { done: 'g.b0(in)' },
  },
  {
    name: 'goto: back to an earlier block, with the error as its feedback',
    stages: `
  - { id: a, call: w }
  - { id: b, call: w, input: '\${{ prev }} <\${{ feedback }}>' }
  - { id: c, call: w, on_failure: { goto: b, max: 2 } }
  - { id: d, call: w }`,
    work: { c: [breaks, breaks, 'c'] },
    events: '>a | =a | >b | =b | >c | !c | >b | =b | >c | !c | >b | =b | >c | =c | >d | =d',
    settles: { done: 'd(c)' },
  },
  {
    name: 'goto: back to the first block, until it is used up',
    stages: `
  - { id: a, call: w }
  - { id: b, call: w, on_failure: { goto: a, max: 1 } }`,
    work: { b: [breaks] },
    events: '>a | =a | >b | !b | >a | =a | >b | !b',
    settles: { failed: 'BROKE b: b broke' },
  },
  {
    name: 'goto: to a block behind one that failed and was forgiven',
    stages: `
  - { id: a, call: w }
  - { id: b, call: w, on_failure: continue }
  - { id: c, call: w }
  - { id: d, call: w, on_failure: { goto: c, max: 1 } }`,
    work: { b: [breaks], d: [breaks, late(0)] },
    events: '>a | =a | >b | !b | >c | =c | >d | !d | >c | =c | >d | =d',
    settles: { done: 'd(c(a(in)))' },
  },
  {
    name: 'goto: of a loop counts apart from its rounds',
    stages: `
  - { id: a, call: w }
  - { id: l, loop: { do: { call: w }, max: 2 }, on_failure: { goto: a, max: 2 } }`,
    work: { 'l.do': [1, breaks, 2, breaks, 3, breaks] },
    events: `
      >a | =a | >l.do#1 | =l.do#1 | >l.do#2 | !l.do#2 | >a | =a | >l.do#1 | =l.do#1 | >l.do#2 | !l.do#2 | >a | =a |
      >l.do#1 | =l.do#1 | >l.do#2 | !l.do#2`,
    settles: { failed: 'BROKE l.do: l.do broke' },
  },
  {
    name: 'goto: in a list in a loop may be used in every round',
    stages: `
  - id: l
    loop:
      max: 2
      do: { sequence: [{ id: a, call: w }, { id: b, call: w, on_failure: { goto: a, max: 1 } }] }`,
    work: { 'l.do.b': [breaks, 1, breaks, 2] },
    events: `
      >l.do.a#1 | =l.do.a#1 | >l.do.b#1 | !l.do.b#1 | >l.do.a#1 | =l.do.a#1 | >l.do.b#1 | =l.do.b#1 | >l.do.a#2 |
      =l.do.a#2 | >l.do.b#2 | !l.do.b#2 | >l.do.a#2 | =l.do.a#2 | >l.do.b#2 | =l.do.b#2`,
    settles: { done: 2 },
  },
  {
    name: 'goto: what ran before it is forgotten',
    stages: `
  - { id: a, call: w }
  - id: s
    switch: [{ when: prev == 1, do: { id: one, call: w } }, { else: { call: w } }]
  - { id: b, call: w, on_failure: { goto: a, max: 1 }, input: '\${{ stages.s.?one.?status.orValue("none") }}' }`,
    work: { a: [1, 2], b: [breaks, late(0)] },
    events: '>a | =a | >s.one | =s.one | >b | !b | >a | =a | >s.else | =s.else | >b | =b',
    settles: { done: 'b(none)' },
  },
  {
    name: 'fallback: runs instead, with what the block got',
    stages: `
  - { id: a, call: w }
  - { id: b, call: w, on_failure: { fallback: { call: w } } }
  - { id: c, call: w }`,
    work: { b: [breaks] },
    events: '>a | =a | >b | !b | >b.fallback | =b.fallback | >c | =c',
    settles: { done: 'c(b.fallback(a(in)))' },
  },
  {
    name: 'fallback: of a list gets what the list got',
    stages: `
  - { id: a, call: w }
  - { id: s, sequence: [{ id: x, call: w }, { id: y, call: w }], on_failure: { fallback: { call: w } } }`,
    work: { 's.y': [breaks] },
    events: '>a | =a | >s.x | =s.x | >s.y | !s.y | >s.fallback | =s.fallback',
    settles: { done: 's.fallback(a(in))' },
  },
  {
    name: 'fallback: that fails too',
    stages: `
  - { id: b, call: w, on_failure: { fallback: { call: w } } }
  - { id: c, call: w }`,
    work: { b: [breaks], 'b.fallback': [breaks] },
    events: '>b | !b | >b.fallback | !b.fallback',
    settles: { failed: 'BROKE b.fallback: b.fallback broke' },
  },
  {
    name: 'fallback: has one of its own',
    stages: `
  - { id: b, call: w, on_failure: { fallback: { call: w, on_failure: { fallback: { call: w } } } } }
  - { id: c, call: w }`,
    work: { b: [breaks], 'b.fallback': [breaks] },
    events: '>b | !b | >b.fallback | !b.fallback | >b.fallback.fallback | =b.fallback.fallback | >c | =c',
    settles: { done: 'c(b.fallback.fallback(in))' },
  },
  {
    name: 'fallback: of a branch',
    stages: `
  - id: g
    parallel: [{ id: a, call: w, on_failure: { fallback: { call: w } } }, { id: b, call: w }]`,
    work: { 'g.a': [breaks] },
    events: '(g | >g.a | >g.b | !g.a | >g.a.fallback | =g.b | =g.a.fallback | )g completed',
    settles: { done: ['g.a.fallback(in)', 'g.b(in)'] },
  },
  {
    name: 'verify: the output stays that of the block',
    stages: `
  - { id: a, call: w, verify: { call: w } }
  - { id: c, call: w }`,
    events: '>a | =a | >a.verify | =a.verify | >c | =c',
    settles: { done: 'c(a(in))' },
  },
  {
    name: 'verify: that fails is the failure of the block',
    stages: `
  - { id: a, call: w, verify: { call: w } }
  - { id: c, call: w }`,
    work: { 'a.verify': [breaks] },
    events: '>a | =a | >a.verify | !a.verify',
    settles: { failed: 'BROKE a.verify: a.verify broke' },
  },
  {
    name: 'verify: that is a list',
    stages: `
  - { id: a, call: w, verify: { sequence: [{ id: x, call: w }, { id: y, call: w }] } }
  - { id: c, call: w }`,
    events: '>a | =a | >a.verify.x | =a.verify.x | >a.verify.y | =a.verify.y | >c | =c',
    settles: { done: 'c(a(in))' },
  },
  {
    name: 'verify: of a block that failed or was skipped does not run',
    stages: `
  - { id: a, call: w, verify: { call: w } }
  - { id: b, call: w, verify: { call: w } }`,
    work: { a: [skips], b: [breaks] },
    events: '>a | -a nothing to do | >b | !b',
    settles: { failed: 'BROKE b: b broke' },
  },
  {
    name: 'verify: that fails sends back',
    stages: `
  - { id: p, call: w, input: '<\${{ feedback }}>' }
  - { id: a, call: w, verify: { call: w }, on_failure: { goto: p, max: 3 } }
  - { id: c, call: w }`,
    work: { 'a.verify': [breaks, 'fine'] },
    events: '>p | =p | >a | =a | >a.verify | !a.verify | >p | =p | >a | =a | >a.verify | =a.verify | >c | =c',
    settles: { done: 'c(a(p(<a.verify broke>)))' },
  },
  {
    name: 'verify: that fails is passed by with what came before',
    stages: `
  - { id: p, call: w }
  - { id: a, call: w, verify: { call: w }, on_failure: continue }
  - { id: c, call: w }`,
    work: { 'a.verify': [breaks] },
    events: '>p | =p | >a | =a | >a.verify | !a.verify | >c | =c',
    settles: { done: 'c(p(in))' },
  },
  {
    name: 'verify: that fails makes way for the fallback, in a branch',
    stages: `
  - id: g
    parallel:
      - { id: a, call: w, verify: { call: w }, on_failure: { fallback: { call: w } } }
      - { id: b, call: w }`,
    work: { 'g.a.verify': [breaks] },
    events: '(g | >g.a | >g.b | =g.a | >g.a.verify | =g.b | !g.a.verify | >g.a.fallback | =g.a.fallback | )g completed',
    settles: { done: ['g.a.fallback(in)', 'g.b(in)'] },
  },
  {
    name: 'verify: of a group, the group as one output',
    stages: `
  - { id: g, parallel: [{ id: a, call: w }, { id: b, call: w }], verify: { call: w, input: '\${{ size(prev) }}' } }`,
    events: '(g | >g.a | >g.b | =g.a | =g.b | )g completed | >g.verify | =g.verify',
    settles: { done: ['g.a(in)', 'g.b(in)'] },
  },
  {
    name: 'verify: of a group whose output does not fit does not run',
    stages: `
  - { id: s, output: { type: number }, sequence: [{ id: a, call: w }], verify: { call: w }, on_failure: continue }
  - { id: z, call: w, input: '\${{ stages.s.error.code }}' }`,
    events: '>s.a | =s.a | !s | >z | =z',
    settles: { done: 'z(OUTPUT_INVALID)' },
  },
  {
    name: 'verify: has a verify and a continue of its own',
    stages: `
  - { id: a, call: w, verify: { call: w, verify: { call: w }, on_failure: continue } }`,
    work: { 'a.verify.verify': [breaks] },
    events: '>a | =a | >a.verify | =a.verify | >a.verify.verify | !a.verify.verify',
    settles: { done: 'a(in)' },
  },
]

function range(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n)
}

function ids(prefix: string, count: number): string {
  return range(count).map((n) => `{ id: ${prefix}${n}, call: w }`).join(', ')
}
