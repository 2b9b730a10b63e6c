import { describe, expect, it } from 'vitest'
import { checkAgainstSchema } from '../src/schema-check.ts'
import { workflowBlocks } from '../src/spec/blocks.ts'
import { type Block, type Workflow, workflowSchema } from '../src/spec/ir.ts'
import { workflowJsonSchema } from '../src/spec/json-schema.ts'
import { parseDefinition, parseSpec } from '../src/spec/load.ts'
import { reducerStep } from '../src/spec/reducer-step.ts'
import { readText } from '../src/spec/source.ts'

const head = 'forkchart: 1\nname: x\nagents: { a: { uses: scripted, replies: [hi] } }\n'
const editorSchema = workflowJsonSchema()

function workflowOf(rest: string): Workflow {
  const text = head + rest
  const { workflow } = parseSpec(text, { file: '/a.yaml', format: 'yaml' })
  expect(workflowSchema.parse(workflow)).toEqual(workflow)
  expect(checkAgainstSchema(editorSchema, readText(text, '/a.yaml', 'yaml').data as never)).toMatchObject({ ok: true })
  return workflow
}

/** The one stage of a spec in the IR. */
function blockOf(stage: string): Block | undefined {
  return workflowOf(`stages:\n  - ${stage.replaceAll('\n', '\n    ')}\n`).stages[0]
}

const once = { attempts: 1 }
const thrice = { attempts: 3 }

describe('a block in its one form', () => {
  it.each<[string, string, object]>([
    ['agent', 'agent: a', { kind: 'agent', path: 'stage-1', agent: 'a', prompt: '${{ prev }}', retry: thrice }],
    ['run', 'run: ls', { kind: 'run', command: 'ls', parse: 'text', retry: once }],
    ['call', 'call: ./a.ts#b', { kind: 'call', target: './a.ts#b', retry: once }],
    ['http', 'http: { url: "http://127.0.0.1/a" }', { kind: 'http', method: 'GET', url: 'http://127.0.0.1/a', headers: {}, retry: thrice }],
    ['http, all', 'http: { method: POST, url: "${{ input }}", headers: { n: 1 }, body: { a: 1 } }\nretry: { attempts: 1 }', { method: 'POST', url: '${{ input }}', headers: { n: '1' }, body: { a: 1 }, retry: once }],
    ['wait, a duration', 'wait: 1m30s', { kind: 'wait', until: '1m30s', retry: once }],
    ['wait, an instant', 'wait: 2026-12-01T08:00:00+01:00', { until: '2026-12-01T08:00:00+01:00' }],
    ['wait, a template', 'wait: "${{ input.when }}"', { until: '${{ input.when }}' }],
    ['sequence', 'sequence: [run: ls, { id: b, run: ls }]', { kind: 'sequence', blocks: [{ path: 'stage-1.step-1' }, { path: 'stage-1.b' }] }],
    ['parallel', 'parallel: [run: ls]', { kind: 'parallel', onBranchFailure: 'settle', reduce: 'auto', branches: [{ path: 'stage-1.branch-1', group: 'stage-1', branch: 'branch-1' }] }],
    ['graph', 'graph: [{ id: a, run: ls }, { run: ls, needs: [a] }]', { kind: 'graph', onBranchFailure: 'settle', reduce: 'auto', branches: [{ path: 'stage-1.a', group: 'stage-1', branch: 'a' }, { path: 'stage-1.node-2', needs: ['a'], branch: 'node-2' }] }],
    ['map', 'map: { over: "${{ input }}", do: { run: ls } }', { kind: 'map', over: '${{ input }}', as: 'item', onBranchFailure: 'settle', reduce: 'list', do: { path: 'stage-1.[].do', id: 'do', group: 'stage-1' } }],
    ['map, all', 'map: { over: [1, 2], as: file, do: { id: see, run: ls }, concurrency: 2 }\nreduce: merge', { over: [1, 2], as: 'file', concurrency: 2, reduce: 'merge', do: { path: 'stage-1.[].see' } }],
    ['loop', 'loop: { do: { run: ls }, max: 3 }', { kind: 'loop', max: 3, do: { path: 'stage-1.do' } }],
    ['loop, all', 'loop: { do: { run: ls }, until: "${{ prev == 1 }}", max: 3 }', { until: 'prev == 1' }],
    ['review', 'review: { work: { agent: a }, reviewer: { agent: a }, approved: prev.ok }', { kind: 'review', approved: 'prev.ok', max: 4, work: { path: 'stage-1.work' }, reviewer: { path: 'stage-1.reviewer' } }],
    ['review, all', 'review: { work: { id: w, run: ls }, reviewer: { run: ls }, approved: true, max: 2 }', { approved: 'true', max: 2, work: { path: 'stage-1.w' } }],
    ['switch', 'switch: [{ when: input == 1, do: { run: ls } }, { when: "${{ false }}", do: { id: b, run: ls } }, { else: { run: ls } }]', { kind: 'switch', cases: [{ when: 'input == 1', do: { path: 'stage-1.case-1' } }, { when: 'false', do: { path: 'stage-1.b' } }, { do: { path: 'stage-1.else' } }] }],
  ])('%s', (_name, stage, expected) => {
    expect(blockOf(stage)).toMatchObject(expected)
  })

  it.each<[string, string, object]>([
    ['join: all', 'parallel: [run: ls]\njoin: all', { join: 'all' }],
    ['join: any', 'graph: [run: ls]\njoin: any', { join: 'any' }],
    ['join: quorum', 'parallel: [run: ls, run: ls]\njoin: { quorum: 2 }', { join: { quorum: 2 } }],
    ['join: when', 'map: { over: [], do: { run: ls } }\njoin: { when: "${{ outputs.size() > 1 }}" }', { join: { when: 'outputs.size() > 1' } }],
    ['on_branch_failure', 'graph: [run: ls]\non_branch_failure: continue', { onBranchFailure: 'continue' }],
    ['reduce: dedupe', 'parallel: [run: ls]\nreduce: dedupe', { reduce: 'dedupe' }],
    ['reduce: call', 'graph: [run: ls]\nreduce: { call: ./a.ts#b }', { reduce: { call: './a.ts#b' } }],
    ['reduce: synthesize', 'parallel: [run: ls]\nreduce: { synthesize: a }', { reduce: { synthesize: 'a' } }],
    ['concurrency', 'parallel: [run: ls]\nconcurrency: 2', { concurrency: 2 }],
    ['concurrency beside map', 'map: { over: [], do: { run: ls } }\nconcurrency: 2', { concurrency: 2 }],
    ['on_failure: continue', 'run: ls\non_failure: continue', { onFailure: 'continue' }],
    ['on_failure: fallback', 'run: ls\non_failure: { fallback: { run: ls } }', { onFailure: { fallback: { path: 'stage-1.fallback', kind: 'run' } } }],
    ['verify', 'run: ls\nverify: { run: ls }', { verify: { path: 'stage-1.verify' } }],
    ['verify, of a group', 'parallel: [run: ls]\nverify: { id: v, sequence: [run: ls] }', { verify: { path: 'stage-1.v', blocks: [{ path: 'stage-1.v.step-1' }] } }],
  ])('with %s', (_name, stage, expected) => {
    expect(blockOf(stage)).toMatchObject(expected)
  })

  it.each([
    ['an agent that synthesizes like every agent step', '{ synthesize: a }', 3],
    ['a function once', '{ call: ./a.ts#b }', 1],
  ])('tries %s', (_name, reduce, attempts) => {
    const group = blockOf(`parallel: [run: ls]\nreduce: ${reduce}`)
    expect(group?.kind === 'parallel' && reducerStep(group)?.retry.attempts).toBe(attempts)
  })

  it('goes back to an earlier block of its list', () => {
    const { stages } = workflowOf('stages:\n  - { id: a, run: ls }\n  - { id: b, run: ls, on_failure: { goto: a, max: 2 } }\n')
    expect(stages[1]).toMatchObject({ onFailure: { goto: 'a', max: 2 } })
  })

  it('fails its list unless told otherwise', () => {
    expect(blockOf('run: ls\non_failure: fail')).not.toHaveProperty('onFailure')
  })

  it('may hold others to any depth, each with the group and the branch that it is in', () => {
    const workflow = workflowOf(`stages:
  - id: m
    map:
      over: [1]
      do:
        graph:
          - { id: n, loop: { do: { run: ls, verify: { run: ls } }, max: 2 } }
          - { id: o, needs: [n], map: { over: [2], do: { sequence: [run: ls] } }, on_failure: { fallback: { run: ls } } }
    verify: { run: ls }
`)
    expect([...workflowBlocks(workflow)].map(({ path, group, branch }) => [path, group, branch])).toEqual([
      ['m', undefined, undefined],
      ['m.[].do', 'm', undefined],
      ['m.[].do.n', 'm.[].do', 'n'],
      ['m.[].do.n.do', 'm.[].do', 'n'],
      ['m.[].do.n.do.verify', 'm.[].do', 'n'],
      ['m.[].do.o', 'm.[].do', 'o'],
      ['m.[].do.o.[].do', 'm.[].do.o', undefined],
      ['m.[].do.o.[].do.step-1', 'm.[].do.o', undefined],
      ['m.[].do.o.fallback', 'm.[].do', 'o'],
      ['m.verify', undefined, undefined],
    ])
  })

  it('is read in time however deep it is nested', () => {
    const deep = (depth: number): string => (depth === 0 ? '{ run: ls }' : `{ run: ls, verify: { loop: { do: ${deep(depth - 1)}, max: 1 } } }`)
    const { stages } = parseSpec(`${head}stages: [${deep(12)}]`, { file: '/a.yaml', format: 'yaml' }).workflow
    expect(stages).toHaveLength(1)
  })
})

describe('groups one branch at a time', () => {
  const groups = 'stages: [{ parallel: [run: ls], concurrency: 3 }, { graph: [run: ls] }, { map: { over: [], do: { run: ls }, concurrency: 3 } }]'

  it.each<[string, (number | undefined)[]]>([
    ['parallel: off', [1, 1, 1]],
    ['parallel: false', [1, 1, 1]],
    ['parallel: on', [3, undefined, 3]],
  ])('by %s', (switchText, expected) => {
    const { stages } = workflowOf(`${switchText}\n${groups}`)
    expect(stages.map((block) => ('concurrency' in block ? block.concurrency : undefined))).toEqual(expected)
  })
})

it('a workflow in TypeScript has the same blocks, and functions in all of them', () => {
  const list = (outputs: readonly unknown[]): number => outputs.length
  const text = (input: string): string => input
  const { workflow, functions } = parseDefinition(
    {
      forkchart: 1,
      name: 'x',
      parallel: 'off',
      stages: [
        { id: 'g', graph: [{ id: 'a', call: text }, { needs: ['a'], wait: '1s' }], reduce: { call: list }, join: 'any' },
        { id: 'm', map: { over: [1], do: { call: text, verify: { call: text } } }, reduce: 'dedupe' },
        { id: 'l', loop: { do: { call: text }, max: 2, until: true } },
        { id: 'r', review: { work: { call: text }, reviewer: { call: text }, approved: 'prev == ""' } },
        { id: 's', switch: [{ when: 'true', do: { call: text } }], on_failure: { goto: 'g', max: 1 } },
        { id: 'h', http: { url: 'http://127.0.0.1/' }, on_failure: { fallback: { call: text } } },
      ],
    },
    { file: '/x/spec.ts' },
  )
  expect(workflowSchema.parse(workflow)).toEqual(workflow)
  expect(Object.keys(functions)).toEqual([
    'g.a', 'g:reduce', 'm.[].do.verify', 'm.[].do', 'l.do', 'r.work', 'r.reviewer', 's.case-1', 'h.fallback',
  ])
})
