import { type BlockCase, late } from './blocks-case.ts'

/** Groups without branches that fail by themselves: at their time limit, or by their output. */
export const endedCases: readonly BlockCase[] = [
  {
    name: 'timeout: a list that takes too long says so itself',
    stages: `
  - { id: s, timeout: 5ms, sequence: [{ id: x, call: w }, { id: y, call: w }] }`,
    work: { 's.y': [late(50)] },
    events: '>s.x | =s.x | >s.y | xs.y "s" took longer than 5ms | !s',
    settles: { failed: 'TIMEOUT s: "s" took longer than 5ms' },
  },
  {
    name: 'timeout: a switch in a loop, which goes on without it',
    stages: `
  - id: l
    loop:
      max: 2
      do: { id: c, timeout: 5ms, on_failure: continue, switch: [{ else: { id: x, call: w } }] }`,
    work: { 'l.c.x': [late(7), 'fine'] },
    events: '>l.c.x#1 | xl.c.x#1 "l.c" took longer than 5ms | !l.c#1 | >l.c.x#2 | =l.c.x#2',
    settles: { done: 'fine' },
  },
  {
    name: 'output: a list whose output does not fit its schema says so itself, and its group joins without it',
    stages: `
  - id: g
    reduce: list
    parallel:
      - { id: s, output: { type: number }, on_failure: continue, sequence: [{ id: x, call: w }] }
      - { id: b, call: w }`,
    work: { 'g.s.x': ['text'] },
    events: '(g | >g.s.x | >g.b | =g.s.x | !g.s | =g.b | )g completed',
    settles: { done: ['g.b(in)'] },
  },
  {
    name: 'output: a step that failed already is the only one to say so',
    stages: `
  - { id: s, output: { type: number }, sequence: [{ id: x, call: w }] }`,
    work: { 's.x': [{ act: 'break', ms: 0 }] },
    events: '>s.x | !s.x',
    settles: { failed: 'BROKE s.x: s.x broke' },
  },
]
