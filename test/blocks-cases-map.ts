import { type BlockCase, breaks, late, skips } from './blocks-case.ts'

/** Maps: items, indexes, and all that groups can do. */
export const mapCases: readonly BlockCase[] = [
  {
    name: 'map: one block per item, which is its input, the outputs as a list',
    stages: `
  - { id: m, map: { over: '\${{ input }}', do: { call: w } } }
  - { id: z, call: w, input: '\${{ size(prev) }}' }`,
    input: ['a', 'b'],
    events: '(m | >m.0.do | >m.1.do | =m.0.do | =m.1.do | )m completed | >z | =z',
    settles: { done: 'z(2)' },
  },
  {
    name: 'map: its variable and the index',
    stages: `
  - { id: m, map: { over: [a, b], as: word, do: { id: say, call: w, input: '\${{ index }} \${{ word }}' } } }`,
    events: '(m | >m.0.say | >m.1.say | =m.0.say | =m.1.say | )m completed',
    settles: { done: ['m.0.say(0 a)', 'm.1.say(1 b)'] },
  },
  {
    name: 'map: one item is a list of one',
    stages: `
  - { id: m, map: { over: [a], do: { call: w } } }`,
    events: '(m | >m.0.do | =m.0.do | )m completed',
    settles: { done: ['m.0.do(a)'] },
  },
  {
    name: 'map: no item',
    stages: `
  - { id: m, map: { over: '\${{ input }}', do: { call: w } } }
  - { id: z, call: w }`,
    input: [],
    events: '(m | )m completed | >z | =z',
    settles: { done: 'z([])' },
  },
  {
    name: 'map: over what is no list',
    stages: `
  - { id: m, map: { over: '\${{ input }}', do: { call: w } } }`,
    input: 5,
    events: '!m',
    settles: { failed: 'MAP_NOT_A_LIST m: `over` of "m" gives a number, where a list is needed.' },
  },
  {
    name: 'map: over what cannot be told',
    stages: `
  - { id: m, map: { over: '\${{ input.x }}', do: { call: w } } }`,
    input: {},
    events: '!m',
    settles: { failed: 'EXPRESSION_FAILED m: ' },
  },
  {
    name: 'map: in a map, with lists that read what is done in the same item',
    stages: `
  - id: m
    map:
      over: [[1, 2], [3]]
      as: row
      do:
        sequence:
          - { id: first, call: w, input: '\${{ size(row) }}' }
          - id: in
            map:
              over: '\${{ row }}'
              as: cell
              do: { call: w, input: '\${{ index }} \${{ cell }} \${{ size(row) }} \${{ stages.m.do.first.output }}' }`,
    events: `
      (m | >m.0.do.first | >m.1.do.first | =m.0.do.first | (m.0.do.in | >m.0.do.in.0.do | >m.0.do.in.1.do |
      =m.1.do.first | (m.1.do.in | >m.1.do.in.0.do | =m.0.do.in.0.do | =m.0.do.in.1.do | )m.0.do.in completed |
      =m.1.do.in.0.do | )m.1.do.in completed | )m completed`,
    settles: { done: [['m.0.do.in.0.do(0 1 2 m.0.do.first(2))', 'm.0.do.in.1.do(1 2 2 m.0.do.first(2))'], ['m.1.do.in.0.do(0 3 1 m.1.do.first(1))']] },
  },
  {
    name: 'map: of maps directly',
    stages: `
  - { id: m, map: { over: [[1], [2]], as: row, do: { id: n, map: { over: '\${{ row }}', do: { call: w } } } } }`,
    events: `
      (m | (m.0.n | (m.1.n | >m.0.n.0.do | >m.1.n.0.do | =m.0.n.0.do | )m.0.n completed | =m.1.n.0.do |
      )m.1.n completed | )m completed`,
    settles: { done: [['m.0.n.0.do(1)'], ['m.1.n.0.do(2)']] },
  },
  {
    name: 'map: of groups, loops and graphs',
    stages: `
  - id: m
    map:
      over: [7, 8]
      do:
        id: p
        parallel:
          - { id: l, loop: { do: { call: w, input: '\${{ index }}.\${{ loop.iteration }}' }, max: 2 } }
          - { id: g, graph: [{ id: b, call: w, needs: [a] }, { id: a, call: w }] }`,
    oneAtATime: true,
    events: `
      (m | (m.0.p | (m.0.p.g | (m.1.p | (m.1.p.g | >m.0.p.l.do#1 | =m.0.p.l.do#1 | >m.0.p.g.a | =m.0.p.g.a |
      >m.1.p.l.do#1 | =m.1.p.l.do#1 | >m.1.p.g.a | =m.1.p.g.a | >m.0.p.l.do#2 | =m.0.p.l.do#2 | >m.0.p.g.b |
      =m.0.p.g.b | )m.0.p.g completed | )m.0.p completed | >m.1.p.l.do#2 | =m.1.p.l.do#2 | >m.1.p.g.b | =m.1.p.g.b |
      )m.1.p.g completed | )m.1.p completed | )m completed`,
    settles: { done: [['m.0.p.l.do(0.2)', ['m.0.p.g.b(m.0.p.g.a(7))', 'm.0.p.g.a(7)']], ['m.1.p.l.do(1.2)', ['m.1.p.g.b(m.1.p.g.a(8))', 'm.1.p.g.a(8)']]] },
  },
  {
    name: 'map: of groups wider than a shard',
    stages: `
  - id: m
    map: { over: [7], do: { id: p, reduce: first, parallel: [${steps(9)}] } }`,
    events: `
      (m | (m.0.p | >m.0.p.b0 | >m.0.p.b1 | >m.0.p.b2 | >m.0.p.b3 | >m.0.p.b4 | >m.0.p.b5 | >m.0.p.b6 | >m.0.p.b7 |
      >m.0.p.b8 | =m.0.p.b0 | =m.0.p.b1 | =m.0.p.b2 | =m.0.p.b3 | =m.0.p.b4 | =m.0.p.b5 | =m.0.p.b6 | =m.0.p.b7 |
      =m.0.p.b8 | )m.0.p completed | )m completed`,
    settles: { done: ['m.0.p.b0(7)'] },
  },
  {
    name: 'map: as many items at once as it says, over the items that run now',
    stages: `
  - { id: m, map: { over: [5, 1, 1, 1], do: { call: w }, concurrency: 2 } }`,
    work: { 'm.0.do': [late(5)], 'm.1.do': [late(1)], 'm.2.do': [late(1)], 'm.3.do': [late(1)] },
    events: '(m | >m.0.do | >m.1.do | =m.1.do | >m.2.do | =m.2.do | >m.3.do | =m.3.do | =m.0.do | )m completed',
    settles: { done: ['m.0.do(5)', 'm.1.do(1)', 'm.2.do(1)', 'm.3.do(1)'] },
  },
  {
    name: 'map: items that fail, when all finish',
    stages: `
  - { id: m, map: { over: [a, b, c], do: { call: w } } }`,
    work: { 'm.0.do': [breaks], 'm.2.do': [breaks] },
    events: '(m | >m.0.do | >m.1.do | >m.2.do | !m.0.do | =m.1.do | !m.2.do | )m failed',
    settles: { failed: 'BRANCHES_FAILED m: 2 of 3 branches of "m" failed: 0 (m.0.do broke); 2 (m.2.do broke)' },
  },
  {
    name: 'map: items that fail, when the first one stops the others',
    stages: `
  - { id: m, on_branch_failure: fail_fast, map: { over: [a, b, c], do: { call: w }, concurrency: 2 } }`,
    work: { 'm.0.do': [breaks], 'm.1.do': [late(5)] },
    events: '(m | >m.0.do | >m.1.do | !m.0.do | xm.1.do "m.0.do" failed | )m failed',
    settles: { failed: 'BRANCHES_FAILED m: 1 of 3 branches of "m" failed: 0 (m.0.do broke)' },
  },
  {
    name: 'map: items that fail, when it goes on without them',
    stages: `
  - { id: m, on_branch_failure: continue, map: { over: [a, b, c], do: { call: w } } }`,
    work: { 'm.1.do': [breaks] },
    events: '(m | >m.0.do | >m.1.do | >m.2.do | =m.0.do | !m.1.do | =m.2.do | )m completed',
    settles: { done: ['m.0.do(a)', 'm.2.do(c)'] },
  },
  {
    name: 'map: items that fail, when the body forgives it',
    stages: `
  - { id: m, map: { over: [a, b], do: { call: w, on_failure: continue } } }`,
    work: { 'm.1.do': [breaks] },
    events: '(m | >m.0.do | >m.1.do | =m.0.do | !m.1.do | )m completed',
    settles: { done: ['m.0.do(a)'] },
  },
  {
    name: 'map: a body with a verify and a fallback',
    stages: `
  - id: m
    map: { over: [a, b], do: { call: w, verify: { call: w }, on_failure: { fallback: { call: w } } } }`,
    work: { 'm.1.do.verify': [breaks] },
    events: `
      (m | >m.0.do | >m.1.do | =m.0.do | >m.0.do.verify | =m.1.do | >m.1.do.verify | =m.0.do.verify | !m.1.do.verify |
      >m.1.do.fallback | =m.1.do.fallback | )m completed`,
    settles: { done: ['m.0.do(a)', 'm.1.do.fallback(b)'] },
  },
  {
    name: 'map: items that are skipped are left out, skipped when all are',
    stages: `
  - { id: m, map: { over: [a, b], do: { call: w, when: index > 0 } } }
  - { id: n, map: { over: [a, b], do: { call: w } } }`,
    work: { 'n.0.do': [skips], 'n.1.do': [skips] },
    events: `
      (m | -m.0.do its condition is false: index > 0 | >m.1.do | =m.1.do | )m completed | (n | >n.0.do | >n.1.do |
      -n.0.do nothing to do | -n.1.do nothing to do | )n skipped`,
    settles: { done: ['m.1.do(b)'] },
  },
  {
    name: 'map: the first item that is done is enough',
    stages: `
  - { id: m, join: any, map: { over: [a, b, c, d], do: { sequence: [{ id: x, call: w }] }, concurrency: 3 } }`,
    work: { 'm.0.do.x': [late(9)], 'm.1.do.x': [late(2)], 'm.2.do.x': [late(9)] },
    events: `
      (m | >m.0.do.x | >m.1.do.x | >m.2.do.x | =m.1.do.x | xm.0.do.x "m" is done without it |
      xm.2.do.x "m" is done without it | )m completed`,
    settles: { done: ['m.1.do.x(b)'] },
  },
  {
    name: 'map: reduced, by name and by a step',
    stages: `
  - { id: m, reduce: concat, map: { over: [a, b], do: { call: w } } }
  - { id: n, reduce: { call: w }, map: { over: [a, b], do: { call: w } } }`,
    events: `
      (m | >m.0.do | >m.1.do | =m.0.do | =m.1.do | )m completed | (n | >n.0.do | >n.1.do | =n.0.do | =n.1.do |
      >n.reduce | =n.reduce | )n completed`,
    settles: { done: 'n.reduce(["n.0.do(a)","n.1.do(b)"])' },
  },
  {
    name: 'map: in a loop, over another list in each round',
    stages: `
  - { id: l, loop: { max: 2, do: { map: { over: '\${{ prev }}', do: { call: w } } } } }`,
    input: ['a', 'b', 'c'],
    work: { 'l.do.0.do': [1], 'l.do.1.do': [skips, 2], 'l.do.2.do': [3] },
    events: `
      (l.do#1 | >l.do.0.do#1 | >l.do.1.do#1 | >l.do.2.do#1 | =l.do.0.do#1 | -l.do.1.do#1 nothing to do |
      =l.do.2.do#1 | )l.do#1 completed | (l.do#2 | >l.do.0.do#2 | >l.do.1.do#2 | =l.do.0.do#2 | =l.do.1.do#2 |
      )l.do#2 completed`,
    settles: { done: [1, 2] },
  },
  {
    name: 'map: a group in an item has a time limit of its own',
    stages: `
  - id: m
    on_branch_failure: continue
    map: { over: [a, b], do: { id: s, timeout: 5ms, sequence: [{ id: x, call: w }] } }`,
    work: { 'm.1.s.x': [late(50)] },
    events: '(m | >m.0.s.x | >m.1.s.x | =m.0.s.x | xm.1.s.x "m.1.s" took longer than 5ms | !m.1.s | )m completed',
    settles: { done: ['m.0.s.x(a)'] },
  },
  {
    name: 'map: what fails in an item says where, index and all',
    stages: `
  - id: m
    map:
      over: [[a], 5]
      do:
        id: p
        parallel:
          - { id: r, review: { work: { call: w }, reviewer: { call: w }, approved: prev == 'ok', max: 1 } }
          - { id: n, map: { over: '\${{ item }}', do: { call: w } } }
          - { id: q, join: { quorum: 2 }, parallel: [{ id: a, call: w, when: 'false' }, { id: b, call: w }] }
          - { id: o, output: { type: number }, sequence: [{ id: a, call: w }] }`,
    work: { 'm.0.p.r.reviewer': ['ok'] },
    events: `
      (m | (m.0.p | (m.0.p.n | (m.0.p.q | -m.0.p.q.a its condition is false: false | (m.1.p | !m.1.p.n | (m.1.p.q |
      -m.1.p.q.a its condition is false: false | >m.0.p.r.work#1 | >m.0.p.n.0.do | >m.0.p.q.b | >m.0.p.o.a |
      >m.1.p.r.work#1 | >m.1.p.q.b | >m.1.p.o.a | =m.0.p.r.work#1 | >m.0.p.r.reviewer#1 | =m.0.p.n.0.do |
      )m.0.p.n completed | =m.0.p.q.b | )m.0.p.q failed | =m.0.p.o.a | !m.0.p.o | =m.1.p.r.work#1 | >m.1.p.r.reviewer#1 |
      =m.1.p.q.b | )m.1.p.q failed | =m.1.p.o.a | !m.1.p.o | =m.0.p.r.reviewer#1 | )m.0.p failed | =m.1.p.r.reviewer#1 |
      !m.1.p.r | )m.1.p failed | )m failed`,
    settles: { failed: 'BRANCHES_FAILED m: 2 of 2 branches of "m" failed: 0 (2 of 4 branches of "m.0.p" failed: q ("m.0.p.q" is not done' },
  },
  {
    name: 'map: in a map over the same list',
    stages: `
  - { id: m, map: { over: [1, 2], do: { id: n, map: { over: [7, 8], as: cell, do: { call: w, input: '\${{ index }} \${{ cell }}' } } } } }`,
    oneAtATime: true,
    events: `
      (m | (m.0.n | (m.1.n | >m.0.n.0.do | =m.0.n.0.do | >m.0.n.1.do | =m.0.n.1.do | )m.0.n completed | >m.1.n.0.do |
      =m.1.n.0.do | >m.1.n.1.do | =m.1.n.1.do | )m.1.n completed | )m completed`,
    settles: { done: [['m.0.n.0.do(0 7)', 'm.0.n.1.do(1 8)'], ['m.1.n.0.do(0 7)', 'm.1.n.1.do(1 8)']] },
  },
  {
    name: 'map: time limit',
    stages: `
  - { id: m, timeout: 5ms, map: { over: [a, b, c], do: { call: w }, concurrency: 1 } }`,
    work: { 'm.1.do': [late(50)] },
    events: '(m | >m.0.do | =m.0.do | >m.1.do | xm.1.do "m" took longer than 5ms | )m failed',
    settles: { failed: 'TIMEOUT m: "m" took longer than 5ms' },
  },
]

function steps(count: number): string {
  return Array.from({ length: count }, (_, n) => `{ id: b${n}, call: w }`).join(', ')
}
