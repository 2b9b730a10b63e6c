import { type BlockCase, breaks, skips } from './blocks-case.ts'

/** Loops, reviews and switches. */
export const roundCases: readonly BlockCase[] = [
  {
    name: 'loop: until its condition holds, each round with the output of the one before',
    stages: `
  - { id: l, loop: { do: { call: w }, until: prev >= 3, max: 5 } }`,
    work: { 'l.do': [1, 2, 3] },
    events: '>l.do#1 | =l.do#1 | >l.do#2 | =l.do#2 | >l.do#3 | =l.do#3',
    settles: { done: 3 },
  },
  {
    name: 'loop: to reach its cap is no failure',
    stages: `
  - { id: l, loop: { do: { call: w }, max: 2 } }
  - { id: z, call: w }`,
    events: '>l.do#1 | =l.do#1 | >l.do#2 | =l.do#2 | >z | =z',
    settles: { done: 'z(l.do(l.do(in)))' },
  },
  {
    name: 'loop: a round that fails ends it as failed',
    stages: `
  - { id: l, loop: { do: { call: w }, max: 3 } }`,
    work: { 'l.do': ['a', breaks] },
    events: '>l.do#1 | =l.do#1 | >l.do#2 | !l.do#2',
    settles: { failed: 'BROKE l.do: l.do broke' },
  },
  {
    name: 'loop: a condition that cannot be told fails it',
    stages: `
  - { id: l, loop: { do: { call: w }, until: prev.size > 3, max: 3 } }`,
    events: '>l.do#1 | =l.do#1 | !l',
    settles: { failed: 'EXPRESSION_FAILED l: ' },
  },
  {
    name: 'loop: iteration counts from 1, rounds that are skipped too',
    stages: `
  - { id: l, loop: { do: { call: w, when: loop.iteration != 2, input: '\${{ loop.iteration }}' }, max: 3 } }`,
    events: '>l.do#1 | =l.do#1 | -l.do#2 its condition is false: loop.iteration != 2 | >l.do#3 | =l.do#3',
    settles: { done: 'l.do(3)' },
  },
  {
    name: 'loop: whose last round is skipped is done all the same',
    stages: `
  - { id: l, loop: { do: { call: w, when: loop.iteration == 1 }, max: 2 }, verify: { call: w } }
  - { id: z, call: w, input: '\${{ stages.l.status }}' }`,
    events: '>l.do#1 | =l.do#1 | -l.do#2 its condition is false: loop.iteration == 1 | >l.verify | =l.verify | >z | =z',
    settles: { done: 'z(completed)' },
  },
  {
    name: 'loop: skipped as a whole',
    stages: `
  - { id: l, when: 'false', loop: { do: { call: w }, max: 3 } }
  - { id: z, call: w }`,
    events: '-l its condition is false: false | >z | =z',
    settles: { done: 'z(in)' },
  },
  {
    name: 'loop: sees the stages of its own round only',
    stages: `
  - id: l
    loop:
      max: 3
      until: stages.l.do.?one.?status.orValue('none') == 'none'
      do: { switch: [{ when: loop.iteration == 1, do: { id: one, call: w } }, { else: { call: w } }] }`,
    events: '>l.do.one#1 | =l.do.one#1 | >l.do.else#2 | =l.do.else#2',
    settles: { done: 'l.do.else(l.do.one(in))' },
  },
  {
    name: 'loop: inside a loop counts anew, also after a round in which it was skipped',
    stages: `
  - id: outer
    loop:
      max: 3
      do:
        sequence:
          - { id: inner, when: prev != 'stop', loop: { do: { call: w }, max: 2 } }
          - { id: after, call: w, input: '\${{ loop.iteration }}' }`,
    work: { 'outer.do.after': ['again', 'stop', 'end'] },
    events: `
      >outer.do.inner.do#1 | =outer.do.inner.do#1 | >outer.do.inner.do#2 | =outer.do.inner.do#2 | >outer.do.after#1 |
      =outer.do.after#1 | >outer.do.inner.do#1 | =outer.do.inner.do#1 | >outer.do.inner.do#2 | =outer.do.inner.do#2 |
      >outer.do.after#2 | =outer.do.after#2 | -outer.do.inner#3 its condition is false: prev != 'stop' |
      >outer.do.after#3 | =outer.do.after#3`,
    settles: { done: 'end' },
  },
  {
    name: 'loop: that fails itself says so as a block of the round around it',
    stages: `
  - id: outer
    loop: { max: 2, do: { loop: { do: { call: w }, until: prev.nope, max: 3 }, on_failure: continue } }`,
    events: '>outer.do.do#1 | =outer.do.do#1 | !outer.do#1 | >outer.do.do#1 | =outer.do.do#1 | !outer.do#2',
    settles: { done: 'in' },
  },
  {
    name: 'loop: in a branch, while the others go on',
    stages: `
  - id: g
    parallel:
      - { id: l, loop: { do: { call: w }, max: 2 } }
      - { id: x, call: w }`,
    events: '(g | >g.l.do#1 | >g.x | =g.l.do#1 | >g.l.do#2 | =g.x | =g.l.do#2 | )g completed',
    settles: { done: ['g.l.do(g.l.do(in))', 'g.x(in)'] },
  },
  {
    name: 'loop: around a group',
    stages: `
  - id: l
    loop: { max: 2, do: { parallel: [{ id: a, call: w }, { id: b, sequence: [{ id: c, call: w }] }] } }`,
    events: `
      (l.do#1 | >l.do.a#1 | >l.do.b.c#1 | =l.do.a#1 | =l.do.b.c#1 | )l.do#1 completed | (l.do#2 | >l.do.a#2 |
      >l.do.b.c#2 | =l.do.a#2 | =l.do.b.c#2 | )l.do#2 completed`,
    settles: { done: ['l.do.a(["l.do.a(in)","l.do.b.c(in)"])', 'l.do.b.c(["l.do.a(in)","l.do.b.c(in)"])'] },
  },
  {
    name: 'review: approved in the third round, the work gets all that was said so far',
    stages: `
  - id: r
    review: { work: { call: w, input: 'after <\${{ feedback }}>' }, reviewer: { call: w }, approved: prev == 'ok' }
  - { id: z, call: w }`,
    work: { 'r.reviewer': ['no 1', 'no 2', 'ok'] },
    events: `
      >r.work#1 | =r.work#1 | >r.reviewer#1 | =r.reviewer#1 | >r.work#2 | =r.work#2 | >r.reviewer#2 | =r.reviewer#2 |
      >r.work#3 | =r.work#3 | >r.reviewer#3 | =r.reviewer#3 | >z | =z`,
    settles: { done: 'z(r.work(after <no 1\n\nno 2>))' },
  },
  {
    name: 'review: approved at once, its output is the work',
    stages: `
  - { id: r, review: { work: { call: w }, reviewer: { call: w }, approved: prev.good } }`,
    work: { 'r.reviewer': [{ good: true }] },
    events: '>r.work#1 | =r.work#1 | >r.reviewer#1 | =r.reviewer#1',
    settles: { done: 'r.work(in)' },
  },
  {
    name: 'review: not approved in all of its rounds',
    stages: `
  - { id: r, review: { work: { call: w }, reviewer: { call: w }, approved: prev == 'ok', max: 2 } }
  - { id: z, call: w }`,
    work: { 'r.reviewer': ['no 1', 'no 2'] },
    events: `
      >r.work#1 | =r.work#1 | >r.reviewer#1 | =r.reviewer#1 | >r.work#2 | =r.work#2 | >r.reviewer#2 | =r.reviewer#2 |
      !r`,
    settles: { failed: 'REVIEW_NOT_APPROVED r: "r" was not approved in 2 rounds: no 2' },
  },
  {
    name: 'review: a reviewer that fails ends it',
    stages: `
  - { id: r, review: { work: { call: w }, reviewer: { call: w }, approved: prev == 'ok' } }`,
    work: { 'r.reviewer': ['no', breaks] },
    events: `
      >r.work#1 | =r.work#1 | >r.reviewer#1 | =r.reviewer#1 | >r.work#2 | =r.work#2 | >r.reviewer#2 | !r.reviewer#2`,
    settles: { failed: 'BROKE r.reviewer: r.reviewer broke' },
  },
  {
    name: 'review: work that fails ends it, unreviewed',
    stages: `
  - { id: r, review: { work: { call: w }, reviewer: { call: w }, approved: prev == 'ok' } }`,
    work: { 'r.work': [breaks] },
    events: '>r.work#1 | !r.work#1',
    settles: { failed: 'BROKE r.work: r.work broke' },
  },
  {
    name: 'review: a condition that cannot be told fails it',
    stages: `
  - { id: r, review: { work: { call: w }, reviewer: { call: w }, approved: prev.good } }`,
    events: '>r.work#1 | =r.work#1 | >r.reviewer#1 | =r.reviewer#1 | !r',
    settles: { failed: 'EXPRESSION_FAILED r: ' },
  },
  {
    name: 'review: what was said to it is its own, whatever goes back inside its work',
    stages: `
  - id: r
    review:
      approved: prev == 'ok'
      reviewer: { call: w }
      work:
        sequence:
          - { id: a, call: w, input: '<\${{ feedback }}>' }
          - { id: b, call: w, on_failure: { goto: a, max: 1 } }`,
    work: { 'r.reviewer': ['no', 'ok'], 'r.work.b': [breaks, 'b1', breaks, 'b2'] },
    events: `
      >r.work.a#1 | =r.work.a#1 | >r.work.b#1 | !r.work.b#1 | >r.work.a#1 | =r.work.a#1 | >r.work.b#1 | =r.work.b#1 |
      >r.reviewer#1 | =r.reviewer#1 | >r.work.a#2 | =r.work.a#2 | >r.work.b#2 | !r.work.b#2 | >r.work.a#2 |
      =r.work.a#2 | >r.work.b#2 | =r.work.b#2 | >r.reviewer#2 | =r.reviewer#2`,
    settles: { done: 'b2' },
  },
  {
    name: 'switch: the first case that holds',
    stages: `
  - id: s
    switch:
      - { when: input == 'one', do: { id: one, call: w } }
      - { when: input == 'in', do: { id: two, call: w } }
      - { when: 'true', do: { id: three, call: w } }`,
    events: '>s.two | =s.two',
    settles: { done: 's.two(in)' },
  },
  {
    name: 'switch: else',
    stages: `
  - { id: s, switch: [{ when: input == 'one', do: { id: one, call: w } }, { else: { call: w } }] }`,
    events: '>s.else | =s.else',
    settles: { done: 's.else(in)' },
  },
  {
    name: 'switch: no case holds',
    stages: `
  - { id: s, switch: [{ when: input == 'one', do: { id: one, call: w } }] }
  - { id: z, call: w }`,
    events: '-s none of its cases holds | >z | =z',
    settles: { done: 'z(in)' },
  },
  {
    name: 'switch: a condition that cannot be told fails it',
    stages: `
  - { id: s, switch: [{ when: input.x == 1, do: { id: one, call: w } }, { else: { call: w } }] }`,
    events: '!s',
    settles: { failed: 'EXPRESSION_FAILED s: ' },
  },
  {
    name: 'switch: a case may fail, or be skipped',
    stages: `
  - { id: s, on_failure: continue, switch: [{ else: { call: w } }] }
  - { id: t, switch: [{ else: { call: w } }] }
  - { id: z, call: w }`,
    work: { 's.else': [breaks], 't.else': [skips] },
    events: '>s.else | !s.else | >t.else | -t.else nothing to do | >z | =z',
    settles: { done: 'z(in)' },
  },
]
