import { describe, expect, it } from 'vitest'
import { blockAt, load, outline, problemsOf, runLoaded } from './dialect-reading.ts'

/** A `stages.yaml` of stages in their order; each is given as it is written after its key. */
function yaml(stages: Readonly<Record<string, string>>, rest = ''): string {
  const lines = Object.entries(stages).map(([key, value]) => `  ${key}: { ${value} }\n`).join('')
  const order = /^stage_order:/m.test(rest) ? '' : `stage_order: [${Object.keys(stages).join(', ')}]\n`
  return `stages:\n${lines}${order}${rest}`
}

const work = (agent: string): string => `work_agent: ${agent}`
const reviewOf = (agent: string): string => `is_review_stage: true, work_agent: ${agent}, review_agent: reviewer`
const base = { SPEC: work('ba'), SPEC_REVIEW: reviewOf('ba'), RESEARCH: work('b1'), TEST_STRATEGY: work('b2'), PLAN: work('pm') }

describe('stages and their order', () => {
  const group = 'parallel_groups:\n  post_spec: { after: SPEC_REVIEW, stages: [RESEARCH, TEST_STRATEGY], before: PLAN }\n'
  const blocks = [
    'agent SPEC', 'review SPEC_REVIEW', 'agent SPEC_REVIEW.work', 'agent SPEC_REVIEW.reviewer', 'parallel post_spec',
    'agent post_spec.RESEARCH', 'agent post_spec.TEST_STRATEGY', 'agent PLAN',
  ]

  it('are blocks one after another, groups where their first stage stands', () => {
    const { workflow, dialect } = load(yaml(base, group), { file: '/specs/my stages.yaml' })
    expect(dialect).toBe('stage-order')
    expect(outline(workflow.stages)).toEqual(blocks)
    expect(workflow).toMatchObject({ name: 'my-stages', input: { required: ['objective'] } })
    expect(Object.keys(workflow.agents).toSorted()).toEqual(['b1', 'b2', 'ba', 'pm', 'reviewer'])
    expect(workflow.agents['ba']).toEqual({ uses: 'openai' })
    expect(blockAt(workflow.stages, 'post_spec')).toMatchObject({
      onBranchFailure: 'settle', reduce: 'concat', position: { line: 9, column: 14 },
    })
    expect(blockAt(workflow.stages, 'post_spec.RESEARCH')).toMatchObject({ group: 'post_spec', position: { line: 4, column: 13 } })
  })

  it.each([
    ['a list of { after, stages }', 'parallel_groups: [{ after: SPEC_REVIEW, stages: [RESEARCH, TEST_STRATEGY], name: post_spec }]\n', 'post_spec'],
    ['a list without names', 'parallel_groups: [{ after: SPEC_REVIEW, stages: [RESEARCH, TEST_STRATEGY] }]\n', 'group-1'],
    ['{ trigger, stages, next_stage }', 'parallel_groups: { post_spec: { trigger: SPEC_REVIEW, stages: [RESEARCH, TEST_STRATEGY], next_stage: PLAN } }\n', 'post_spec'],
    ['one group by itself', 'parallel_groups: { trigger: SPEC_REVIEW, stages: [RESEARCH, TEST_STRATEGY], next_stage: PLAN }\n', 'group-1'],
  ])('may have groups as %s', (_, written, id) => {
    expect(outline(load(yaml(base, written)).workflow.stages)).toEqual(blocks.map((line) => line.replace('post_spec', id)))
  })

  it('tell each stage its objective, what came before, when it is done and which files to write', () => {
    const text = yaml({
      SPEC: 'name: Specification, description: Specify it., work_agent: ba, exit_criteria: [it is complete], artifacts: [spec.md]',
      PLAN: 'work_agent: pm, include_objective: false, prompt_template: Plan it.',
    })
    const { workflow } = load(text)
    const prompt = (path: string): unknown => Reflect.get(blockAt(workflow.stages, path), 'prompt')
    expect(prompt('SPEC')).toBe(
      '# Specification\n\nSpecify it.\n\n## Objective\n\n${{ input.objective }}\n\n## Done when\n\n- it is complete\n\n' +
        '## Files to write\n\n- ${{ input.?feature.orValue("feature") }}/artifacts/spec.md',
    )
    expect(prompt('PLAN')).toBe('# PLAN\n\nPlan it.\n\n## What there is so far\n\n### Specification\n\n${{ stages.SPEC.output }}')
  })

  it('may be optional, done by several agents, or reviewed at once, and COMPLETE without an agent is the end', () => {
    const { workflow } = load(yaml({
      A: 'work_agent: a, optional: true', B: 'work_agent: a, parallel_agents: [a, b]', C: 'work_agent: a, review_agent: r', COMPLETE: '',
    }))
    expect(outline(workflow.stages)).toEqual(['agent A', 'parallel B', 'agent B.a', 'agent B.b', 'review C', 'agent C.work', 'agent C.reviewer'])
    expect(blockAt(workflow.stages, 'A')).toMatchObject({ onFailure: 'continue' })
  })

  it('use the agents of the file when it has some, and their personas', () => {
    const agents = 'agents: { ba: { uses: openai, model: m, persona: analyst } }\n'
    const { workflow } = load(yaml({ A: 'work_agent: ba, allowed_personas: [analyst]' }, agents))
    expect(workflow.agents).toEqual({ ba: { uses: 'openai', model: 'm' } })
    expect(problemsOf(yaml({ A: 'work_agent: bb' }, agents))).toEqual(['2:20 UNKNOWN_AGENT'])
    expect(problemsOf(yaml({ A: 'work_agent: b-12, allowed_personas: [b]' }))).toEqual([])
  })
})

describe('reviews', () => {
  const text = yaml({ SPEC: work('ba'), SPEC_REVIEW: reviewOf('ba') }, 'work_to_review_mapping: { SPEC: SPEC_REVIEW }\n')
  const answers = (verdicts: readonly string[]) => ({ path }: { path: string }, count: number) =>
    path.endsWith('reviewer') ? (verdicts[count - 1] ?? verdicts.at(-1) ?? '') : `${path} ${count}`

  it('go on until one is approved outright; the reworked spec is their output', async () => {
    const run = await runLoaded(load(text), { objective: 'o' }, answers(['Looks fine.', 'approved: yes', 'VERIFIED_APPROVED: seen']))
    expect(run.settlement).toMatchObject({ status: 'done', output: 'SPEC_REVIEW.work 3' })
  })

  it('gather what was said, and fail after four rounds', async () => {
    const prompts: string[] = []
    const run = await runLoaded(load(text), { objective: 'o' }, (request, count) => {
      if (request.kind === 'agent' && request.path === 'SPEC_REVIEW.work') prompts.push(request.prompt)
      return answers(['REJECTED: one', 'REJECTED: two', 'Not VERIFIED_APPROVED: three'])(request, count)
    })
    expect(run.settlement).toMatchObject({ status: 'failed', error: { code: 'REVIEW_NOT_APPROVED', path: 'SPEC_REVIEW' } })
    expect(prompts).toHaveLength(4)
    expect(prompts[0]).toContain('SPEC 1')
    expect(prompts[0]).not.toContain('Said in review')
    expect(prompts[2]).toContain('## Said in review\n\nREJECTED: one\n\nREJECTED: two')
  })
})

describe('acceptance tests', () => {
  const text = yaml({
    SPEC: work('ba'), BUILD: work('dev'), ACCEPTANCE_TEST: 'work_agent: dev, review_agent: qa, is_acceptance_test_stage: true',
    POST: `${work('pm')}, requires_acceptance_tests_passed: true`,
  })
  const spec = '### AT-001: one\nsteps\n### AT-002: two\nsteps'
  const run = (specification: string, results: readonly string[]) =>
    runLoaded(load(text), { objective: 'o' }, ({ path }, count) => {
      if (path === 'SPEC') return specification
      return path === 'ACCEPTANCE_TEST.run' ? (results[count - 1] ?? '') : `${path} ${count}`
    })

  it('run, and after a fix again, until every scenario passed', async () => {
    const { settlement, paths } = await run(spec, ['AT-001: PASSED\nAT-002: FAILED - no', 'AT-001: PASSED\nAT-002: PASSED'])
    expect(settlement).toMatchObject({ status: 'done', output: 'POST 1' })
    expect(paths('step.completed')).toEqual(['SPEC', 'BUILD', 'ACCEPTANCE_TEST.run', 'ACCEPTANCE_TEST.fix', 'ACCEPTANCE_TEST.run', 'POST'])
    expect(paths('step.skipped')).toEqual(['ACCEPTANCE_TEST.fix'])
  })

  it.each([
    ['a scenario never passes', spec, ['AT-001: PASSED\nAT-002: SKIPPED - later']],
    ['a scenario has no result', spec, ['AT-001: PASSED']],
    ['there are no scenarios', 'none', ['AT-001: PASSED']],
  ])('fail, and keep what is gated from starting, when %s', async (_, specification, [result = '']) => {
    const { settlement, paths } = await run(specification, [result, result, result, result])
    expect(settlement).toMatchObject({ status: 'failed', error: { code: 'REVIEW_NOT_APPROVED', path: 'ACCEPTANCE_TEST' } })
    expect(paths('step.completed').filter((path) => path === 'ACCEPTANCE_TEST.run')).toHaveLength(4)
    expect(paths('step.completed')).not.toContain('POST')
  })
})

describe('groups of stages', () => {
  const text = yaml(base, 'parallel_groups: [{ after: SPEC_REVIEW, stages: [RESEARCH, TEST_STRATEGY] }]\n')

  it('let every stage end before a failure counts', async () => {
    const { settlement, paths } = await runLoaded(load(text), { objective: 'o' }, ({ path }) => {
      if (path.endsWith('RESEARCH')) throw new Error('no')
      return path.endsWith('reviewer') ? 'VERIFIED_APPROVED: yes' : path
    })
    expect(settlement).toMatchObject({ status: 'failed', error: { path: 'group-1' } })
    expect(paths('step.completed')).toContain('group-1.TEST_STRATEGY')
    expect(paths('step.completed')).not.toContain('PLAN')
  })
})

describe('what cannot work, by name', () => {
  const groups = (list: string): string => yaml(base, `parallel_groups:\n  g: ${list}\n`)
  it.each([
    ['a review in a group', groups('{ stages: [SPEC_REVIEW, RESEARCH] }'), ['9:17 REVIEW_IN_GROUP']],
    ['after against the order', groups('{ after: PLAN, stages: [RESEARCH, TEST_STRATEGY] }'), ['9:15 GROUP_ORDER']],
    ['before against the order', groups('{ stages: [RESEARCH, TEST_STRATEGY], before: SPEC }'), ['9:51 GROUP_ORDER']],
    ['stages that do not stand side by side', groups('{ stages: [RESEARCH, PLAN] }'), ['9:16 GROUP_ORDER']],
    ['an empty group', groups('{ stages: [] }'), ['9:16 EMPTY_GROUP']],
    ['a group of one stage', groups('{ stages: [RESEARCH] }'), ['9:16 SINGLE_STAGE_GROUP']],
    ['a stage in two groups', groups('{ stages: [RESEARCH, TEST_STRATEGY] }\n  h: { stages: [TEST_STRATEGY, PLAN] }'), ['10:17 STAGE_IN_TWO_GROUPS']],
    ['an unknown stage in a group', groups('{ stages: [RESEARCH, TESTING] }'), ['9:27 UNKNOWN_STAGE']],
    ['an unknown stage after which', groups('{ after: SPECS, stages: [RESEARCH, TEST_STRATEGY] }'), ['9:15 UNKNOWN_STAGE']],
    ['an unknown field of a group', groups('{ stages: [RESEARCH, TEST_STRATEGY], mode: x }'), ['9:43 UNKNOWN_KEY']],
    ['an agent twice in a group', groups('{ stages: [RESEARCH, TEST_STRATEGY] }').replace('b2', 'b1'), ['9:27 AGENT_TWICE_IN_GROUP']],
    ['a file written twice in a group', groups('{ stages: [RESEARCH, TEST_STRATEGY] }').replaceAll(/(b[12])/g, '$1, artifacts: [r.md]'), ['5:47 ARTIFACT_CONFLICT']],
    ['an unknown field of a stage', yaml({ A: 'work_agent: a, wrk: b' }), ['2:23 UNKNOWN_KEY']],
    ['an unknown field at the top', yaml({ A: work('a') }, 'stage_oder: []\n'), ['4:1 UNKNOWN_KEY']],
    ['an empty order', yaml({ A: work('a') }, 'stage_order: []\n'), ['3:14 EMPTY_STAGE_ORDER']],
    ['an unknown stage in the order', yaml({ A: work('a') }, 'stage_order: [A, B]\n'), ['3:18 UNKNOWN_STAGE']],
    ['a repeated stage', yaml({ A: work('a') }, 'stage_order: [A, A]\n'), ['3:18 REPEATED_STAGE']],
    ['a stage that is not in the order', yaml({ A: work('a'), B: work('a') }, 'stage_order: [A]\n'), ['3:3 STAGE_NOT_IN_ORDER']],
    ['a stage without an agent', yaml({ A: 'name: x' }), ['2:3 STAGE_WITHOUT_AGENT']],
    ['COMPLETE with work after it', yaml({ COMPLETE: '', A: work('a') }), ['2:3 STAGE_WITHOUT_AGENT']],
    ['a review without a reviewer', yaml({ A: work('a'), R: 'is_review_stage: true' }), ['3:3 STAGE_WITHOUT_AGENT']],
    ['a review of nothing', yaml({ R: reviewOf('a') }), ['2:3 REVIEW_WITHOUT_WORK']],
    ['a mapping to no review', yaml({ A: work('a'), B: work('a') }, 'work_to_review_mapping: { A: B }\n'), ['5:30 NOT_A_REVIEW']],
    ['a mapping of unknown stages', yaml({ A: work('a') }, 'work_to_review_mapping: { B: C }\n'), ['4:27 UNKNOWN_STAGE', '4:30 UNKNOWN_STAGE']],
    ['a review before its work', yaml({ A: work('a'), R: reviewOf('a'), B: work('a') }, 'work_to_review_mapping: { B: R }\n'), ['6:30 REVIEW_BEFORE_WORK']],
    ['a persona that may not', yaml({ A: 'work_agent: a, allowed_personas: [pm]' }), ['2:41 PERSONA_NOT_ALLOWED']],
    ['a reviewer that may not', yaml({ A: work('a'), R: `${reviewOf('a')}, allowed_personas: [pm]` }), ['3:88 PERSONA_NOT_ALLOWED']],
    ['a gate without tests', yaml({ A: 'work_agent: a, requires_acceptance_tests_passed: true' }), ['2:57 GATE_WITHOUT_TESTS']],
    ['a gate on optional tests', yaml({ T: 'work_agent: a, is_acceptance_test_stage: true, optional: true', A: 'work_agent: a, requires_acceptance_tests_passed: true' }), ['2:65 GATE_ON_OPTIONAL']],
    ['a review that is a test', yaml({ A: work('a'), R: `${reviewOf('a')}, is_acceptance_test_stage: true` }), ['3:96 STAGE_KIND']],
    ['a prompt from a file', yaml({ A: 'work_agent: a, prompt_template: prompts/a.prompt.md' }), ['2:40 NOT_YET_AVAILABLE']],
    ['a wrong type', yaml({ A: 'work_agent: a, optional: maybe' }), ['2:33 WRONG_TYPE']],
  ])('%s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems)
  })
})
