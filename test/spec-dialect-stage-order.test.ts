import { describe, expect, it } from 'vitest'
import { blockAt, load, outline, problemsOf, runLoaded, stagesYaml as yaml } from './dialect-reading.ts'

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

  it('leave their files in the folder of the feature', () => {
    const { workflow } = load(yaml({
      SPEC: 'work_agent: ba, review_agent: r, artifacts: [spec.md]', SPEC_REVIEW: `${reviewOf('ba')}, artifacts: [review.md]`,
      T: 'work_agent: a, review_agent: b, is_acceptance_test_stage: true, artifacts: [results.md]', B: 'work_agent: a, parallel_agents: [b], artifacts: [b.md]',
    }))
    const files = (path: string): unknown => Reflect.get(blockAt(workflow.stages, path), 'artifacts')
    const file = (name: string): string[] => [`\${{ input.?feature.orValue("feature") }}/artifacts/${name}`]
    expect(['SPEC.work', 'SPEC_REVIEW.reviewer', 'T.run'].map(files)).toEqual([file('spec.md'), file('review.md'), file('results.md')])
    expect(['SPEC.reviewer', 'SPEC_REVIEW.work', 'T.fix', 'B.a', 'B.b'].map(files)).toEqual(Array.from({ length: 5 }))
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
    const last = 'Not VERIFIED_APPROVED: three'
    expect(run.settlement).toMatchObject({ error: { details: { rounds: 4, feedback: `REJECTED: one\n\nREJECTED: two\n\n${last}\n\n${last}` } } })
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

describe('optional stages', () => {
  it.each([
    ['a stage', 'work_agent: a, optional: true', 'A'],
    ['a stage with a review', 'work_agent: a, review_agent: r, optional: true', 'A.work'],
    ['a stage of several agents', 'work_agent: a, parallel_agents: [b], optional: true', 'A.b'],
  ])('may fail, and what follows is told what there is: %s', async (_, stage, failing) => {
    const prompts: string[] = []
    const run = await runLoaded(load(yaml({ A: stage, B: work('c') })), { objective: 'o' }, (request) => {
      if (request.path === failing) throw new Error('no')
      if (request.kind === 'agent' && request.path === 'B') prompts.push(request.prompt)
      return request.path
    })
    expect(run.settlement).toMatchObject({ status: 'done', output: 'B' })
    expect(prompts).toEqual([expect.stringContaining('## What there is so far\n\n### A')])
  })

  it('that hold the scenarios and fail leave none', async () => {
    const text = yaml({ SPEC: 'work_agent: a, optional: true', T: 'work_agent: a, is_acceptance_test_stage: true' })
    const run = await runLoaded(load(text), { objective: 'o' }, ({ path }) => {
      if (path === 'SPEC') throw new Error('no')
      return 'AT-001: PASSED'
    })
    expect(run.settlement).toMatchObject({ status: 'failed', error: { code: 'REVIEW_NOT_APPROVED', path: 'T' } })
  })
})

describe('stages that are not in the order', () => {
  it('never run, which is said', () => {
    expect(problemsOf(yaml({ A: work('a'), B: work('a') }, 'stage_order: [A]\n'))).toEqual(['3:3 STAGE_NOT_IN_ORDER'])
  })
})
