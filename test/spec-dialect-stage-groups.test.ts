import { describe, expect, it } from 'vitest'
import { TerminalError } from '../src/errors.ts'
import type { Json } from '../src/json.ts'
import { blockAt, load, outline, problemsOf, runLoaded } from './dialect-reading.ts'

const complete = (summary: string, more: Record<string, Json> = {}): Json => ({ status: 'COMPLETE', summary, ...more })

describe('groups of stages', () => {
  const text = `name: d
maxParallelStages: 3
groups:
  - { id: 1, name: Plan, stages: [{ name: Plan, agent: sylvia, timeout: 30, onSuccess: decision, onFailure: block }] }
  - id: 2
    name: Build both
    dependsOn: [1]
    parallel: true
    stages:
      - { name: Backend, agent: roy, timeout: 60, retries: 2, onFailure: notify, verify: make backend }
      - { name: Frontend, agent: jen, retries: 1, onFailure: retry }
  - id: last
    dependsOn: [2]
    conditional: true
    stages:
      - { name: Load test, agent: todd, conditional: needs_load }
      - { name: Tell, agent: todd, conditional: needs_load, onSuccess: complete }
`

  it('are a graph of groups, their stages at once or one after another', () => {
    const { workflow, dialect } = load(text)
    expect(dialect).toBe('stage-groups')
    expect(outline(workflow.stages)).toEqual([
      'graph groups',
      'sequence groups.Plan', 'sequence groups.Plan.Plan', 'agent groups.Plan.Plan.work',
      'parallel groups.Build-both needs Plan', 'sequence groups.Build-both.Backend', 'sequence groups.Build-both.Backend.deliver',
      'agent groups.Build-both.Backend.deliver.work', 'run groups.Build-both.Backend.verify', 'wait groups.Build-both.Backend.deliverable',
      'sequence groups.Build-both.Frontend', 'agent groups.Build-both.Frontend.work',
      'sequence groups.last needs Build-both', 'sequence groups.last.Load-test', 'agent groups.last.Load-test.work',
      'sequence groups.last.Tell', 'agent groups.last.Tell.work',
    ])
    expect(workflow).toMatchObject({ name: 'd', limits: { concurrency: 3 }, agents: { roy: { uses: 'openai' } } })
    const at = (path: string) => blockAt(workflow.stages, `groups.${path}`)
    expect(at('Build-both')).toMatchObject({ title: 'Build both', onBranchFailure: 'settle', position: { line: 5, column: 5 } })
    expect(at('Build-both.Backend.deliver.work')).toMatchObject({
      timeoutMs: 3_600_000, retry: { attempts: 3 }, onFailure: 'continue', position: { line: 10, column: 9 },
    })
    expect(at('Build-both.Backend.verify')).toMatchObject({ command: 'make backend', onFailure: { goto: 'deliver', max: 2 } })
    expect(at('Build-both.Frontend.work')).toMatchObject({ retry: { attempts: 2 } })
    expect(at('Build-both.Frontend.work')).not.toHaveProperty('onFailure')
    expect(at('last.Load-test').when).toContain('"needs_load"')
    expect(at('Plan.Plan.work').output).toMatchObject({ required: ['status', 'summary', 'verdict'] })
  })

  it('may be called stageGroups, or stages', () => {
    const paths = outline(load(text).workflow.stages)
    expect(outline(load(text.replace('groups:', 'stageGroups:')).workflow.stages)).toEqual(paths)
    expect(outline(load(text.replace('groups:', 'stages:')).workflow.stages)).toEqual(paths)
  })

  it('are told only of what was delivered before them', () => {
    const { workflow } = load(text)
    const prompt = Reflect.get(blockAt(workflow.stages, 'groups.Build-both.Frontend.work'), 'prompt')
    expect(prompt).toBe(
      '# Frontend\n\n## What is asked for\n\n${{ input }}\n\n## What was delivered before\n\n' +
        '### Plan\n\n${{ stages.groups.Plan.Plan.?work.?output.orValue(null) }}',
    )
  })
})

describe('deliverables', () => {
  const groups = (stage: string): string => `groups:
  - { id: a, stages: [{ name: A, agent: x, ${stage} }, { name: B, agent: y }] }
  - { id: b, dependsOn: [a], stages: [{ name: C, agent: z }] }
`
  const run = (text: string, first: Json) => runLoaded(load(text), null, ({ path }) => (path === 'groups.a.A.work' ? first : complete(path)))

  it.each([
    ['is rejected', 'onFailure: block', { verdict: 'REJECTED' }],
    ['is rejected, though failures are only told', 'onFailure: notify', { verdict: 'REJECTED' }],
    ['has failing tests', 'onFailure: notify', { testResult: { passed: 3, failed: 1 } }],
    ['has failed tests', 'onFailure: block', { testResult: 'FAILED' }],
    ['is blocked', 'onFailure: block', { status: 'BLOCKED' }],
  ])('stop the delivery when one %s', async (_, stage, more) => {
    const { settlement, paths } = await run(groups(stage), complete('no', more))
    expect(settlement).toMatchObject({ status: 'failed' })
    expect(JSON.stringify(settlement)).toContain('OUTPUT_INVALID')
    expect(JSON.stringify(settlement)).toContain('groups.a.A')
    expect(paths('step.completed')).toEqual(['groups.a.A.work'])
  })

  it.each([
    ['approved with conditions', 'onSuccess: decision', { verdict: 'APPROVED_WITH_CONDITIONS' }],
    ['with passing tests', 'onFailure: block', { testResult: { passed: 3, failed: 0 } }],
    ['failed, where failures are only told', 'onFailure: notify', { status: 'FAILED' }],
  ])('let it go on when %s', async (_, stage, more) => {
    const { settlement, paths } = await run(groups(stage), complete('yes', more))
    expect(settlement).toMatchObject({ status: 'done' })
    expect(paths('step.completed')).toEqual(['groups.a.A.work', 'groups.a.B.work', 'groups.b.C.work'])
  })

  it('stand in for stages that failed where failures are only told', async () => {
    const spec = load('groups: [{ id: a, stages: [{ name: A, agent: x, onFailure: notify }] }]')
    const { settlement } = await runLoaded(spec, null, () => {
      throw new TerminalError('BROKEN', 'no')
    })
    expect(settlement).toMatchObject({ status: 'done', output: { status: 'FAILED' } })
  })

  it('need a verdict where there is a decision', async () => {
    const { settlement } = await run(groups('onSuccess: decision'), complete('yes'))
    expect(JSON.stringify(settlement)).toMatch(/OUTPUT_INVALID.*verdict/)
  })
})

describe('conditional stages', () => {
  const text = `groups:
  - { id: plan, stages: [{ name: Plan, agent: a }] }
  - { id: build, dependsOn: [plan], stages: [{ name: Build, agent: a }] }
  - { id: other, dependsOn: [plan], stages: [{ name: Other, agent: a }] }
  - id: special
    dependsOn: [build]
    parallel: true
    conditional: true
    stages: [{ name: Load, agent: a, conditional: needs_load }, { name: Security, agent: a, conditional: needs_security }]
`
  const run = async (flags: Readonly<Record<string, Json>>) => {
    const { paths } = await runLoaded(load(text), null, ({ path }) => {
      const raised = flags[path.split('.')[1] ?? '']
      return complete(path, raised === undefined ? {} : { flags: raised })
    })
    return paths('step.completed').filter((path) => path.startsWith('groups.special')).map((path) => path.split('.')[2])
  }

  it('run each by its own flag, raised by any earlier deliverable', async () => {
    expect(await run({})).toEqual([])
    expect(await run({ plan: { needs_load: true, needs_security: false } })).toEqual(['Load'])
    expect(await run({ build: ['needs_security'] })).toEqual(['Security'])
    expect(await run({ plan: { needs_load: true }, build: { needs_security: true } })).toEqual(['Load', 'Security'])
    // Not one that need not have ended.
    expect(await run({ other: { needs_load: true } })).toEqual([])
  })
})

describe('verification', () => {
  const text = `groups:
  - id: build
    parallel: true
    stages:
      - { name: Back, agent: roy, retries: 1, onFailure: notify, verify: { run: make back } }
      - { name: Front, agent: jen, verify: { run: make front } }
  - { id: qa, dependsOn: [build], stages: [{ name: QA, agent: liz }] }
`
  const run = async (brokenBuilds: number) => {
    const prompts: string[] = []
    const made = await runLoaded(load(text), null, (request, count) => {
      if (request.path === 'groups.build.Back.verify' && count <= brokenBuilds) throw new TerminalError('EXIT', 'line 3: missing ;')
      if (request.kind === 'agent' && request.agentName === 'roy') prompts.push(request.prompt)
      return request.kind === 'agent' ? complete(request.path) : 'built'
    })
    return { ...made, prompts }
  }

  it('sends a failing build back to whoever broke it, with the errors; what comes next waits for both', async () => {
    const { settlement, prompts, paths } = await run(1)
    expect(settlement).toMatchObject({ status: 'done' })
    expect(prompts).toHaveLength(2)
    expect(prompts[0]).not.toContain('Sent back')
    expect(prompts[1]).toContain('## Sent back, because of this\n\nline 3: missing ;')
    expect(paths('step.completed').filter((path) => path.includes('Front.deliver.work'))).toHaveLength(1)
    expect(paths('step.completed').at(-1)).toBe('groups.qa.QA.work')
  })

  it('keeps the deliverable as the output of the stage', async () => {
    const { settlement } = await run(0)
    expect(settlement).toMatchObject({ output: [[{ summary: 'groups.build.Back.deliver.work' }, { status: 'COMPLETE' }], {}] })
  })

  it('stops the delivery when the build stays broken, though failures of its stage are only told', async () => {
    const { settlement, prompts, paths } = await run(9)
    expect(settlement).toMatchObject({ status: 'failed' })
    expect(prompts).toHaveLength(2)
    expect(paths('step.completed')).toContain('groups.build.Front.verify')
    expect(paths('step.completed')).not.toContain('groups.qa.QA.work')
  })
})

describe('what cannot work, by name', () => {
  const one = (stage: string, group = ''): string => `groups:\n  - { id: a, stages: [{ name: A, agent: x }] }\n  - { id: b, dependsOn: [a], stages: [{ name: B, agent: x${stage} }]${group} }\n`
  it.each([
    ['no list of groups', 'groups: {}', ['1:9 WRONG_TYPE']],
    ['no groups', 'groups: []', ['1:9 EMPTY_GROUP']],
    ['two lists', 'groups: [{ id: a, stages: [{ name: A, agent: x }] }]\nstageGroups: []', ['2:1 GROUPS_TWICE']],
    ['an empty group', 'groups: [{ id: a, stages: [] }]', ['1:27 EMPTY_GROUP']],
    ['a group twice', one('').replace('id: b', 'id: a'), ['3:11 DUPLICATE_ID']],
    ['an unknown group', one('').replace('dependsOn: [a]', 'dependsOn: [c]'), ['3:26 UNKNOWN_GROUP']],
    ['a ring', one('').replace('id: a,', 'id: a, dependsOn: [b],'), ['2:25 CYCLE']],
    ['an unknown key of a stage', one(', time: 3'), ['3:60 UNKNOWN_KEY']],
    ['an unknown key of a group', one('', ', depends: []'), ['3:63 UNKNOWN_KEY']],
    ['a stage without an agent', 'groups: [{ id: a, stages: [{ name: A }] }]', ['1:28 MISSING_KEY']],
    ['an unknown agent', `agents: { y: { uses: openai } }\n${one('')}`, ['3:41 UNKNOWN_AGENT', '4:57 UNKNOWN_AGENT']],
    ['an unknown reaction', one(', onFailure: explode'), ['3:71 WRONG_VALUE']],
    ['a retry without retries', one(', onFailure: retry'), ['3:71 RETRY_WITHOUT_RETRIES']],
    ['a flag that is no flag', one(', conditional: load'), ['3:73 WRONG_VALUE']],
    ['a conditional group without flags', one('', ', conditional: true'), ['3:39 CONDITION_MISSING']],
    ['a flag against the group', one(', conditional: needs_x', ', conditional: false'), ['3:73 CONDITION_AGAINST_GROUP']],
    ['a flag that nobody can raise', 'groups: [{ id: a, stages: [{ name: A, agent: x, conditional: needs_x }] }]', ['1:62 CONDITION_NEVER']],
    ['an end that is none', 'groups:\n  - { id: a, stages: [{ name: A, agent: x, onSuccess: complete }, { name: B, agent: x }] }', ['2:55 COMPLETE_NOT_LAST']],
    ['an end before another group', one('').replace('agent: x }', 'agent: x, onSuccess: complete }'), ['2:55 COMPLETE_NOT_LAST']],
    ['a wrong block to verify with', one(', verify: { rn: x }'), ['3:68 BLOCK_KIND']],
    ['affinity', `${one('')}affinity: []\n`, ['4:1 NOT_YET_AVAILABLE']],
    ['priorities', `${one('')}priority: catastrophic\n`, ['4:1 NOT_YET_AVAILABLE']],
  ])('%s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems)
  })
})
