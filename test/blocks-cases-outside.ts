import { type BlockCase, breaks, late } from './blocks-case.ts'

/** Steps that wait for something from outside, which here is what their work gives. */
export const outsideCases: readonly BlockCase[] = [
  {
    name: 'ask: the answer is the output',
    stages: `
  - { id: a, call: w }
  - { id: q, ask: "Publish \${{ prev }}?" }
  - { id: b, call: w }`,
    work: { q: [{ yes: true }] },
    events: '>a | =a | >q | =q | >b | =b',
    settles: { done: 'b({"yes":true})' },
  },
  {
    name: 'ask: takes no place from others, and holds up only what comes after it',
    oneAtATime: true,
    stages: `
  - id: g
    parallel:
      - { id: s, sequence: [{ id: q, ask: "Now?" }, { id: x, call: w }] }
      - { id: t, call: w }`,
    work: { 'g.s.q': [late(5)], 'g.t': [late(1)] },
    events: '(g | >g.s.q | >g.t | =g.t | =g.s.q | >g.s.x | =g.s.x | )g completed',
    settles: { done: ['g.s.x(g.s.q(in))', 'g.t(in)'] },
  },
  {
    name: 'ask: nobody answered in time',
    stages: '  - { id: q, ask: { message: Now?, expires: 1h } }',
    work: { q: [breaks] },
    events: '>q | !q',
    settles: { failed: 'BROKE q: q broke' },
  },
  {
    name: 'wait for an event: what is sent is the output',
    stages: `
  - { id: e, wait: { event: "paid-\${{ input }}", timeout: 2h } }
  - { id: a, call: w }`,
    work: { e: [{ amount: 3 }] },
    events: '>e | =e | >a | =a',
    settles: { done: 'a({"amount":3})' },
  },
  {
    name: 'on_failure ask: retry runs the block again, with what went wrong as its feedback',
    stages: `
  - { id: a, call: w }
  - { id: b, call: w, on_failure: ask }
  - { id: c, call: w }`,
    work: { b: [breaks, 'mended'], 'b.ask': ['retry'] },
    events: '>a | =a | >b | !b | >b.ask | =b.ask | >b | =b | >c | =c',
    settles: { done: 'c(mended)' },
  },
  {
    name: 'on_failure ask: asks each time',
    stages: '  - { id: b, call: w, on_failure: ask }',
    work: { b: [breaks], 'b.ask': ['retry', 'retry', 'fail'] },
    events: '>b | !b | >b.ask | =b.ask | >b | !b | >b.ask | =b.ask | >b | !b | >b.ask | =b.ask',
    settles: { failed: 'BROKE b: b broke' },
  },
  {
    name: 'on_failure ask: continue goes on with what came before',
    stages: `
  - { id: a, call: w }
  - { id: b, call: w, on_failure: ask }
  - { id: c, call: w, input: '\${{ prev }} \${{ stages.b.status }} \${{ stages.b.ask.output }}' }`,
    work: { b: [breaks], 'b.ask': ['continue'] },
    events: '>a | =a | >b | !b | >b.ask | =b.ask | >c | =c',
    settles: { done: 'c(a(in) failed continue)' },
  },
  {
    name: 'on_failure ask: a question that fails is no answer',
    stages: `
  - { id: b, call: w, on_failure: ask }
  - { id: c, call: w }`,
    work: { b: [breaks], 'b.ask': [breaks] },
    events: '>b | !b | >b.ask | !b.ask',
    settles: { failed: 'BROKE b: b broke' },
  },
  {
    name: 'on_failure ask: of a group, after all of it',
    stages: `
  - id: g
    on_failure: ask
    parallel: [{ id: a, call: w }, { id: b, call: w }]
  - { id: c, call: w }`,
    work: { 'g.a': [breaks, 'a'], 'g.b': ['b', 'b2'], 'g.ask': ['retry'] },
    events: '(g | >g.a | >g.b | !g.a | =g.b | )g failed | >g.ask | =g.ask | (g | >g.a | >g.b | =g.a | =g.b | )g completed | >c | =c',
    settles: { done: 'c(["a","b2"])' },
  },
  {
    name: 'on_failure ask: of a branch, while its siblings go on',
    stages: `
  - id: g
    parallel: [{ id: a, call: w, on_failure: ask }, { id: b, call: w }]`,
    work: { 'g.a': [breaks, 'mended'], 'g.a.ask': ['retry'], 'g.b': [late(9)] },
    events: '(g | >g.a | >g.b | !g.a | >g.a.ask | =g.a.ask | >g.a | =g.a | =g.b | )g completed',
    settles: { done: ['mended', 'g.b(in)'] },
  },
  {
    name: 'on_failure ask: of a block that fails its verify',
    stages: `
  - { id: b, call: w, verify: { call: w }, on_failure: ask }
  - { id: c, call: w }`,
    work: { b: ['first', 'second'], 'b.verify': [breaks, 'fine'], 'b.ask': ['retry'] },
    events: '>b | =b | >b.verify | !b.verify | >b.ask | =b.ask | >b | =b | >b.verify | =b.verify | >c | =c',
    settles: { done: 'c(second)' },
  },
  {
    name: 'on_failure ask: in the items of a map',
    stages: `
  - id: m
    map: { over: [1, 2], do: { id: s, call: w, on_failure: ask } }`,
    work: { 'm.0.s': [breaks, 'x'], 'm.0.s.ask': ['retry'], 'm.1.s': ['y'] },
    events: '(m | >m.0.s | >m.1.s | !m.0.s | >m.0.s.ask | =m.1.s | =m.0.s.ask | >m.0.s | =m.0.s | )m completed',
    settles: { done: ['x', 'y'] },
  },
]
