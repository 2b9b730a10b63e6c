import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { JsonObject } from '../src/json.ts'
import { translate } from '../src/spec/dialects/dialect.ts'
import { workflowSchema } from '../src/spec/ir.ts'
import { parseSpec } from '../src/spec/load.ts'
import { SpecError } from '../src/spec/spec-error.ts'

function load(text: string) {
  const loaded = parseSpec(text, { file: '/specs/a.yaml', format: 'yaml' })
  expect(workflowSchema.parse(loaded.workflow)).toEqual(loaded.workflow)
  return loaded
}

function problemsOf(text: string): string[] {
  try {
    load(text)
    return []
  } catch (error) {
    if (!(error instanceof SpecError)) throw error
    return error.problems.map(({ line, column, code, path }) => `${line}:${column} ${code} ${path}`)
  }
}

const analysisCode = `key: analysis_code
display_name: Analyst, then code
description: Two agents in a row.
agents:
  analyst: { uses: scripted, replies: [A plan.] }
  coder: { uses: scripted, replies: [Some code.] }
steps:
  - agent_key: analyst
    name: Data analyst
  - agent_key: coder
    guard: prev != ""
    guard_type: expression
    input_mapper: '{"plan": prev, "first": stages.stage-1.Data-analyst.output}'
    max_turns: 3
    output_schema: { type: string }
  - agent_key: coder
    input_mapper: "Again: \${{ prev }}"
output_schema: { type: string }
`

describe('flat steps that name agents', () => {
  it('are one sequential stage, guards conditions and mappers inputs', () => {
    const { workflow, dialect } = load(analysisCode)
    expect(dialect).toBe('steps')
    expect(workflow).toMatchObject({
      name: 'analysis_code', title: 'Analyst, then code', description: 'Two agents in a row.', output: { type: 'string' },
    })
    const [stage, ...others] = workflow.stages
    expect(others).toEqual([])
    expect(stage).toMatchObject({ id: 'stage-1', kind: 'sequence', path: 'stage-1' })
    expect(stage?.kind === 'sequence' && stage.blocks).toMatchObject([
      { id: 'Data-analyst', title: 'Data analyst', agent: 'analyst', prompt: '${{ prev }}', position: { line: 8, column: 5 } },
      {
        id: 'coder', agent: 'coder', when: 'prev != ""', maxTurns: 3, output: { type: 'string' },
        input: '${{ {"plan": prev, "first": stages.stage-1.Data-analyst.output} }}',
      },
      { id: 'coder-2', path: 'stage-1.coder-2', input: 'Again: ${{ prev }}' },
    ])
  })

  it('are refused where they are wrong, in the terms they are written in', () => {
    const wrong = analysisCode
      .replace('guard: prev', 'guard: later == 1 || prev')
      .replace('    name: Data analyst', '    name: Data analyst\n    max_turns: 0\n    gaurd: x')
      .replace('agent_key: coder\n    input_mapper', 'agent_key: codr\n    input_mapper')
    expect(problemsOf(wrong)).toEqual([
      '10:16 WRONG_VALUE steps.0.max_turns',
      '11:5 UNKNOWN_KEY steps.0.gaurd',
      '13:12 UNKNOWN_NAME stage-1.coder',
      '18:16 UNKNOWN_AGENT stage-1.codr',
    ])
    expect(problemsOf('key: x\nsteps:\n  - name: y\n')).toEqual(['3:5 MISSING_KEY steps.0'])
    expect(problemsOf('key: x\nsteps: []\n')).toContain('2:8 EMPTY_GROUP steps')
  })

  it('may be the default, and must not name functions that are nowhere', () => {
    const text = `key: x
default: true
allow_handoff_agents: false
agents: { a: { uses: openai } }
steps:
  - { agent_key: a, guard: app.guards.ok, guard_type: function }
  - { agent_key: a, guard: "app.guards:ok" }
  - { agent_key: a, input_mapper: "app.mappers:to_text" }
`
    expect(problemsOf(text).map((problem) => problem.split(' ').slice(0, 2).join(' '))).toEqual([
      '6:28 HOOK_NOT_FOUND', '7:28 HOOK_NOT_FOUND', '8:35 HOOK_NOT_FOUND',
    ])
  })
})

describe('steps in our own spelling', () => {
  const text = 'forkchart: 1\nname: x\nsteps:\n  - run: ls\n  - { id: two, run: "echo ${{ stages.stage-1.step-1.output }}" }\n'

  it('are one stage of blocks', () => {
    const { workflow, dialect } = load(text)
    expect(dialect).toBe('forkchart')
    expect(workflow.stages).toMatchObject([
      { id: 'stage-1', kind: 'sequence', blocks: [{ path: 'stage-1.step-1', kind: 'run' }, { path: 'stage-1.two', position: { line: 5, column: 5 } }] },
    ])
  })

  it('are checked where they stand', () => {
    expect(problemsOf(text.replace('step-1', 'step-9').replace('run: ls', 'rnu: ls'))).toEqual(['4:5 BLOCK_KIND stage-1.step-1', '5:46 UNKNOWN_STAGE stage-1.two'])
    expect(problemsOf(`${text}stages: [{ run: ls }]\n`)).toEqual(['3:1 STEPS_AND_STAGES steps'])
  })
})

describe('the form of a spec', () => {
  it.each([
    ['steps', 'key: x\nsteps: []'],
    ['steps', 'steps: [{ agent_key: a }]'],
    ['stages', 'key: x\nstages: []'],
    ['stages', 'stages: [{ mode: parallel }]'],
    ['stage-order', 'stage_order: []'],
    ['stage-order', 'stages: { A: {} }'],
    ['stage-groups', 'stageGroups: []'],
    ['stage-groups', 'stages: [{ id: a, dependsOn: [] }]'],
    ['forkchart', 'stages: [{ run: ls }]'],
    ['forkchart', 'forkchart: 1\nstages: { A: {} }'],
    ['forkchart', 'forkchart: 1\nkey: x\nstages: []'],
  ])('%s is told by its shape: %s', (dialect, text) => {
    const data = parse(text) as JsonObject
    expect(translate(data, { file: '/specs/a.yaml' }).dialect).toBe(dialect)
  })
})
