import { describe, expect, it } from 'vitest'
import { parseSpec } from '../src/spec/load.ts'
import { isError, type Problem } from '../src/spec/problem.ts'
import { SpecError } from '../src/spec/spec-error.ts'
import { stagesYaml } from './dialect-reading.ts'

/** What is refused in specs of older forms: each case in a file that is as small as can be, with what the message teaches. */
type Case = readonly [name: string, text: string, problems: readonly string[], teaches: string]

function errorsOf(text: string): readonly Problem[] {
  try {
    parseSpec(text, { file: '/specs/a.yaml', format: 'yaml' })
    return []
  } catch (error) {
    if (!(error instanceof SpecError)) throw error
    return error.problems.filter(isError)
  }
}

function places(text: string): string[] {
  return errorsOf(text).map(({ line, column, code, path }) => `${line}:${column} ${code} ${path}`)
}

function refuses(cases: readonly Case[]): void {
  it.each(cases)('%s', (_, text, problems, teaches) => {
    expect(places(text)).toEqual(problems)
    const [first] = errorsOf(text)
    expect(first).toMatchObject({ file: '/specs/a.yaml', severity: 'error', message: expect.stringContaining(teaches) })
  })
}

const agents = 'agents: { a: { uses: openai }, b: { uses: openai } }\n'
const step = '{ agent_key: a }'

describe('workflows of steps that name agents', () => {
  const hands = (agent: string): string => `key: x\nagents: { a: { uses: openai, ${agent} } }\nsteps: [${step}]\n`
  refuses([
    ['a mode that is none', `key: x\n${agents}stages: [{ mode: race, steps: [${step}] }]`, ['3:18 STAGE_MODE stages.0.mode'], 'expected sequential or parallel, got "race".'],
    ['an empty stage', `key: x\n${agents}stages: [{ steps: [] }]`, ['3:19 EMPTY_GROUP stages.0.steps'], 'it needs at least one step.'],
    ['no stages at all', `key: x\n${agents}`, ['1:1 MISSING_KEY '], 'the list of what the workflow does.'],
    ['an unknown agent', `key: x\n${agents}stages: [{ steps: [${step}, { agent_key: c }] }]`, ['3:51 UNKNOWN_AGENT stage-1.c'], 'declared are a, b.'],
    ['a reducer of a sequence', `key: x\n${agents}stages: [{ steps: [${step}], reducer: vote }]`, ['3:39 NEEDS_PARALLEL_MODE stages.0.reducer'], 'a sequential stage has one output only.'],
    ['a hook that is nowhere', `key: x\n${agents}steps: [{ agent_key: a, guard: app.g:ok }, { agent_key: b, input_mapper: m, input_mapper_type: function }]`, ['3:32 HOOK_NOT_FOUND steps.0.guard', '3:74 HOOK_NOT_FOUND steps.1.input_mapper'], 'or give it a place under `functions`.'],
    ['a reducer that is nowhere', `key: x\n${agents}stages: [{ mode: parallel, steps: [${step}], reducer: r.x:y }]`, ['3:64 HOOK_NOT_FOUND stages.0.reducer'], 'or give it a place under `functions`.'],
    ['a schema that is none', `key: x\n${agents}steps: [{ agent_key: a, output_schema: { type: thing } }]`, ['3:40 SCHEMA_INVALID stage-1.a'], 'type must match a schema in anyOf.'],
    ['an unknown key', `key: x\n${agents}steps: [{ agent_key: a, gaurd: x }]`, ['3:25 UNKNOWN_KEY steps.0.gaurd'], 'Did you mean `guard`?'],
    ['a wrong expression', `key: x\n${agents}stages: [{ mode: parallel, steps: [${step}, ${step}], reducer: "prev[" }]`, ['3:82 EXPRESSION_SYNTAX stage-1.reduce'], 'Unexpected token: EOF.'],
    ['functions that name nothing', `key: x\n${agents}functions: { f: hooks.ts }\nsteps: [${step}]`, ['3:17 CALL_TARGET functions.f'], 'relative to the spec.'],
    ['two workflows with one key', `${agents}workflows:\n  - { key: x, steps: [${step}], default: true }\n  - { key: x, steps: [${step}] }`, ['4:12 DUPLICATE_WORKFLOW workflows.1.key'], 'give each its own'],
    ['two defaults', `${agents}workflows:\n  - { key: x, default: true, steps: [${step}] }\n  - { key: y, default: true, steps: [${step}] }`, ['4:24 MANY_DEFAULTS workflows.1.default'], 'write `default: true` in one workflow only'],
    ['no default of several', `${agents}workflows:\n  - { key: x, steps: [${step}] }\n  - { key: y, steps: [${step}] }`, ['3:3 WORKFLOW_NOT_CHOSEN workflows'], 'name one as `<file>#x` (there are x, y), or write `default: true` in one'],
    ['an empty list of workflows', 'workflows: []', ['1:12 WRONG_VALUE workflows'], 'a list that is not empty'],
    ['an unknown key beside a list', `${agents}worklows: 1\nworkflows: [{ key: x, steps: [${step}] }]`, ['2:1 UNKNOWN_KEY worklows'], 'Did you mean `workflows`?'],
    ['agents that hand off', hands('handoffs: [a]'), ['2:30 HANDOFF_NOT_ALLOWED agents.a.handoffs'], 'write `allow_handoff_agents: true` at the top'],
    ['agents that may hand off', hands('allow_handoffs: true'), ['2:30 HANDOFF_NOT_ALLOWED agents.a.allow_handoffs'], 'write `allow_handoff_agents: true` at the top'],
  ])

  it('have agents that hand off where that is allowed', () => {
    expect(errorsOf(`${hands('handoffs: [a]')}allow_handoff_agents: true\n`)).toEqual([])
  })

  it('are told of everything at once', () => {
    const text = `workflows:
  - key: x
    default: true
    stages:
      - { mode: race, steps: [{ agent_key: c }] }
      - { steps: [] }
      - { mode: parallel, steps: [{ agent_key: a, gaurd: x }], reducer: app.r:y }
  - { key: x, default: true, steps: [{ agent_key: a, output_schema: { type: thing } }] }
${agents}`
    expect(places(text)).toEqual([
      '5:17 STAGE_MODE stages.0.mode', '5:44 UNKNOWN_AGENT stage-1.c', '6:18 EMPTY_GROUP stages.1.steps', '7:51 UNKNOWN_KEY stages.2.steps.0.gaurd',
      '7:73 HOOK_NOT_FOUND stages.2.reducer', '8:12 DUPLICATE_WORKFLOW workflows.1.key', '8:24 MANY_DEFAULTS workflows.1.default',
      '8:69 SCHEMA_INVALID stage-1.a',
    ])
  })
})

describe('agents of our own form', () => {
  const hands = (agent: string): string => `forkchart: 1\nname: x\nagents: { a: { uses: openai, ${agent} } }\nstages: [{ agent: a }]\n`
  it('hand off only where that is allowed, and to agents that there are', () => {
    expect(places(hands('handoffs: [a]'))).toEqual(['3:30 HANDOFF_NOT_ALLOWED agents.a.handoffs'])
    expect(places(hands('handoffs: []'))).toEqual([])
    expect(places(hands('handoffs: [b], allow_handoffs: true'))).toEqual(['3:41 UNKNOWN_AGENT agents.a.handoffs.0'])
    expect(places(hands('handoffs: [b], allow_handoffs: true }, b: { uses: openai'))).toEqual([])
    expect(errorsOf(hands('handoffs: [a]'))[0]?.message).toContain('takes `allow_handoffs: true` on it')
  })
})

describe('stages and their order', () => {
  const yaml = stagesYaml
  const work = (agent: string): string => `work_agent: ${agent}`
  const reviewOf = (agent: string): string => `is_review_stage: true, work_agent: ${agent}, review_agent: reviewer`
  const base = { SPEC: work('ba'), SPEC_REVIEW: reviewOf('ba'), RESEARCH: work('b1'), TEST_STRATEGY: work('b2'), PLAN: work('pm') }
  const groups = (list: string): string => yaml(base, `parallel_groups:\n  g: ${list}\n`)
  refuses([
    ['a review in a group', groups('{ stages: [SPEC_REVIEW, RESEARCH] }'), ['9:17 REVIEW_IN_GROUP parallel_groups.g.stages.0'], 'so it cannot run in a group. Take it out.'],
    ['after against the order', groups('{ after: PLAN, stages: [RESEARCH, TEST_STRATEGY] }'), ['9:15 GROUP_ORDER parallel_groups.g.after'], 'or change the order.'],
    ['before against the order', groups('{ stages: [RESEARCH, TEST_STRATEGY], before: SPEC }'), ['9:51 GROUP_ORDER parallel_groups.g.before'], 'or change the order.'],
    ['stages that do not stand side by side', groups('{ stages: [RESEARCH, PLAN] }'), ['9:16 GROUP_ORDER parallel_groups.g.stages'], 'or add it to the group.'],
    ['an empty group', groups('{ stages: [] }'), ['9:16 EMPTY_GROUP parallel_groups.g.stages'], 'TEST_STRATEGY]`.'],
    ['a group of one stage', groups('{ stages: [RESEARCH] }'), ['9:16 SINGLE_STAGE_GROUP parallel_groups.g.stages'], 'or add a stage.'],
    ['a stage in two groups', groups('{ stages: [RESEARCH, TEST_STRATEGY] }\n  h: { stages: [TEST_STRATEGY, PLAN] }'), ['10:17 STAGE_IN_TWO_GROUPS parallel_groups.h.stages.0'], 'Take it out of one of them.'],
    ['a stage twice in a group', groups('{ stages: [RESEARCH, RESEARCH, TEST_STRATEGY] }'), ['9:27 REPEATED_STAGE parallel_groups.g.stages.1'], 'Remove it here.'],
    ['an unknown stage in a group', groups('{ stages: [RESEARCH, TESTING] }'), ['9:27 UNKNOWN_STAGE parallel_groups.g.stages.1'], 'TEST_STRATEGY, PLAN.'],
    ['an unknown stage after which', groups('{ after: SPECS, stages: [RESEARCH, TEST_STRATEGY] }'), ['9:15 UNKNOWN_STAGE parallel_groups.g.after'], 'Did you mean `SPEC`?'],
    ['an unknown field of a group', groups('{ stages: [RESEARCH, TEST_STRATEGY], mode: x }'), ['9:43 UNKNOWN_KEY parallel_groups.g.mode'], 'after, before.'],
    ['an agent twice in a group', groups('{ stages: [RESEARCH, TEST_STRATEGY] }').replace('b2', 'b1'), ['9:27 AGENT_TWICE_IN_GROUP parallel_groups.g.stages.1'], 'Name another as `work_agent` of `TEST_STRATEGY`.'],
    ['a file written twice in a group', groups('{ stages: [RESEARCH, TEST_STRATEGY] }').replaceAll(/(b[12])/g, '$1, artifacts: [r.md]'), ['5:47 ARTIFACT_CONFLICT stages.TEST_STRATEGY.artifacts'], 'each stage of a group writes files of its own.'],
    ['an unknown field of a stage', yaml({ A: 'work_agent: a, wrk: b' }), ['2:23 UNKNOWN_KEY stages.A.wrk'], 'include_objective.'],
    ['an unknown field at the top', yaml({ A: work('a') }, 'stage_oder: []\n'), ['4:1 UNKNOWN_KEY stage_oder'], 'Did you mean `stage_order`?'],
    ['an empty order', yaml({ A: work('a') }, 'stage_order: []\n'), ['3:14 EMPTY_STAGE_ORDER stage_order'], 'name the stages in the order they run in.'],
    ['an unknown stage in the order', yaml({ A: work('a') }, 'stage_order: [A, B]\n'), ['3:18 UNKNOWN_STAGE stage_order.1'], 'under `stages` there are A.'],
    ['a repeated stage', yaml({ A: work('a') }, 'stage_order: [A, A]\n'), ['3:18 REPEATED_STAGE stage_order.1'], 'Remove it here.'],
    ['a stage without an agent', yaml({ A: 'name: x' }), ['2:3 STAGE_WITHOUT_AGENT stages.A'], 'name one as `work_agent`.'],
    ['COMPLETE with work after it', yaml({ COMPLETE: '', A: work('a') }), ['2:3 STAGE_WITHOUT_AGENT stages.COMPLETE'], 'name one as `work_agent`.'],
    ['a review without a reviewer', yaml({ A: work('a'), R: 'is_review_stage: true' }), ['3:3 STAGE_WITHOUT_AGENT stages.R'], 'name one as `review_agent`.'],
    ['a review of nothing', yaml({ R: reviewOf('a') }), ['2:3 REVIEW_WITHOUT_WORK stages.R'], 'or name it under `work_to_review_mapping`.'],
    ['a mapping to no review', yaml({ A: work('a'), B: work('a') }, 'work_to_review_mapping: { A: B }\n'), ['5:30 NOT_A_REVIEW work_to_review_mapping.A'], 'or map `A` to another.'],
    ['a mapping of unknown stages', yaml({ A: work('a') }, 'work_to_review_mapping: { B: C }\n'), ['4:27 UNKNOWN_STAGE work_to_review_mapping.B', '4:30 UNKNOWN_STAGE work_to_review_mapping.B'], 'under `stages` there are A.'],
    ['a review before its work', yaml({ A: work('a'), R: reviewOf('a'), B: work('a') }, 'work_to_review_mapping: { B: R }\n'), ['6:30 REVIEW_BEFORE_WORK work_to_review_mapping.B'], 'move it behind.'],
    ['a persona that may not', yaml({ A: 'work_agent: a, allowed_personas: [pm]' }), ['2:41 PERSONA_NOT_ALLOWED stages.A.allowed_personas'], 'or add `a` to the list.'],
    ['a reviewer that may not', yaml({ A: work('a'), R: `${reviewOf('a')}, allowed_personas: [pm]` }), ['3:88 PERSONA_NOT_ALLOWED stages.R.allowed_personas'], 'or add `reviewer` to the list.'],
    ['a gate without tests', yaml({ A: 'work_agent: a, requires_acceptance_tests_passed: true' }), ['2:57 GATE_WITHOUT_TESTS stages.A.requires_acceptance_tests_passed'], 'or remove this.'],
    ['a gate on optional tests', yaml({ T: 'work_agent: a, is_acceptance_test_stage: true, optional: true', A: 'work_agent: a, requires_acceptance_tests_passed: true' }), ['2:65 GATE_ON_OPTIONAL stages.T.optional'], 'so they cannot be optional: remove this.'],
    ['a review that is a test', yaml({ A: work('a'), R: `${reviewOf('a')}, is_acceptance_test_stage: true` }), ['3:96 STAGE_KIND stages.R.is_acceptance_test_stage'], 'make two stages of it.'],
    ['a prompt from a file', yaml({ A: 'work_agent: a, prompt_template: prompts/a.prompt.md' }), ['2:40 PROMPT_FILE_MISSING stages.A.prompt_template'], 'or make the file.'],
    ['a wrong type', yaml({ A: 'work_agent: a, optional: maybe' }), ['2:33 WRONG_TYPE stages.A.optional'], 'expected boolean, got "maybe".'],
  ])

  it('are told of everything at once', () => {
    const all = 'parallel_groups:\n  g: { after: PLAN, stages: [SPEC_REVIEW] }\n  h: { stages: [], mode: x }\nstage_order: [SPEC, SPEC, SPEC_REVIEW, DONE]\n'
    expect(places(yaml({ ...base, SPEC: 'artifact: [a]' }, all))).toEqual([
      '2:3 STAGE_WITHOUT_AGENT stages.SPEC', '2:11 UNKNOWN_KEY stages.SPEC.artifact', '8:15 GROUP_ORDER parallel_groups.g.after',
      '8:29 SINGLE_STAGE_GROUP parallel_groups.g.stages', '8:30 REVIEW_IN_GROUP parallel_groups.g.stages.0',
      '9:16 EMPTY_GROUP parallel_groups.h.stages', '9:20 UNKNOWN_KEY parallel_groups.h.mode', '10:21 REPEATED_STAGE stage_order.1',
      '10:40 UNKNOWN_STAGE stage_order.3',
    ])
  })
})

describe('groups of stages', () => {
  const one = (stage: string, group = ''): string => `groups:\n  - { id: a, stages: [{ name: A, agent: x }] }\n  - { id: b, dependsOn: [a], stages: [{ name: B, agent: x${stage} }]${group} }\n`
  refuses([
    ['no list of groups', 'groups: {}', ['1:9 WRONG_TYPE groups'], 'expected a list of groups that is not empty.'],
    ['no groups', 'groups: []', ['1:9 EMPTY_GROUP groups'], 'expected a list of groups that is not empty.'],
    ['two lists', 'groups: [{ id: a, stages: [{ name: A, agent: x }] }]\nstageGroups: []', ['2:1 GROUPS_TWICE stageGroups'], 'Write `groups` or `stageGroups`, not both.'],
    ['an empty group', 'groups: [{ id: a, stages: [] }]', ['1:27 EMPTY_GROUP groups.0.stages'], 'it needs at least one stage.'],
    ['a group twice', one('').replace('id: b', 'id: a'), ['3:11 DUPLICATE_ID groups.1.id'], 'give this one another.'],
    ['an unknown group', one('').replace('dependsOn: [a]', 'dependsOn: [c]'), ['3:26 UNKNOWN_GROUP groups.1.dependsOn.0'], 'there are a, b.'],
    ['a ring', one('').replace('id: a,', 'id: a, dependsOn: [b],'), ['2:25 CYCLE groups.0.dependsOn'], '`a` depends on `b`, which depends on `a`: none of them could ever start. Take one out of `dependsOn`.'],
    ['a group that depends on itself', one('').replace('dependsOn: [a]', 'dependsOn: [b]'), ['3:25 CYCLE groups.1.dependsOn'], '`b` depends on `b`'],
    ['an unknown key of a stage', one(', time: 3'), ['3:60 UNKNOWN_KEY groups.1.stages.0.time'], 'conditional, verify.'],
    ['an unknown key of a group', one('', ', depends: []'), ['3:63 UNKNOWN_KEY groups.1.depends'], 'Did you mean `dependsOn`?'],
    ['a stage without an agent', 'groups: [{ id: a, stages: [{ name: A }] }]', ['1:28 MISSING_KEY groups.0.stages.0'], '`agent` is missing.'],
    ['an unknown agent', `agents: { y: { uses: openai } }\n${one('')}`, ['3:41 UNKNOWN_AGENT groups.a.A.work', '4:57 UNKNOWN_AGENT groups.b.B.work'], 'declared are y.'],
    ['an unknown reaction', one(', onFailure: explode'), ['3:71 WRONG_VALUE groups.1.stages.0.onFailure'], 'got "explode".'],
    ['a retry without retries', one(', onFailure: retry'), ['3:71 RETRY_WITHOUT_RETRIES groups.1.stages.0.onFailure'], 'to stop at the first failure write `onFailure: block`.'],
    ['a flag that is no flag', one(', conditional: load'), ['3:73 WRONG_VALUE groups.1.stages.0.conditional'], 'needs_…, got "load".'],
    ['a conditional group without flags', one('', ', conditional: true'), ['3:39 CONDITION_MISSING groups.1.stages.0'], '`conditional: needs_…`.'],
    ['a flag against the group', one(', conditional: needs_x', ', conditional: false'), ['3:73 CONDITION_AGAINST_GROUP groups.1.stages.0.conditional'], 'remove one of the two.'],
    ['a flag that nobody can raise', 'groups: [{ id: a, stages: [{ name: A, agent: x, conditional: needs_x }] }]', ['1:62 CONDITION_NEVER groups.0.stages.0.conditional'], 'with `dependsOn`.'],
    ['an end that is none', 'groups:\n  - { id: a, stages: [{ name: A, agent: x, onSuccess: complete }, { name: B, agent: x }] }', ['2:55 COMPLETE_NOT_LAST groups.0.stages.0.onSuccess'], 'write `onSuccess: next`.'],
    ['an end before another group', one('').replace('agent: x }', 'agent: x, onSuccess: complete }'), ['2:55 COMPLETE_NOT_LAST groups.0.stages.0.onSuccess'], 'write `onSuccess: next`.'],
    ['a wrong block to verify with', one(', verify: { rn: x }'), ['3:68 BLOCK_KIND groups.b.B.verify'], '`review`, `switch`.'],
    ['affinity', `${one('')}affinity: []\n`, ['4:1 NOT_YET_AVAILABLE affinity'], '`affinity` is not available in this version yet.'],
    ['priorities', `${one('')}priority: catastrophic\n`, ['4:1 NOT_YET_AVAILABLE priority'], '`priority` is not available in this version yet.'],
  ])

  it('are told of everything at once', () => {
    const text = one(', onFailure: retry, retrys: 1, conditional: load').replace('[a]', '[c]').replace('id: b', 'id: a')
    expect(places(text)).toEqual([
      '3:11 DUPLICATE_ID groups.1.id', '3:26 UNKNOWN_GROUP groups.1.dependsOn.0', '3:71 RETRY_WITHOUT_RETRIES groups.1.stages.0.onFailure',
      '3:78 UNKNOWN_KEY groups.1.stages.0.retrys', '3:102 WRONG_VALUE groups.1.stages.0.conditional',
    ])
  })
})
