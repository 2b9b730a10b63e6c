import { describe, expect, it } from 'vitest'
import { TerminalError } from '../src/errors.ts'
import type { Json } from '../src/json.ts'
import { blockAt, load, outline, runLoaded } from './dialect-reading.ts'
import { timedRun } from './timed-run.ts'

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
      'loop groups.Build-both.Backend.deliver.work', 'agent groups.Build-both.Backend.deliver.work.do', 'run groups.Build-both.Backend.verify', 'wait groups.Build-both.Backend.deliverable',
      'sequence groups.Build-both.Frontend', 'loop groups.Build-both.Frontend.work', 'agent groups.Build-both.Frontend.work.do',
      'sequence groups.last needs Build-both', 'sequence groups.last.Load-test', 'agent groups.last.Load-test.work',
      'sequence groups.last.Tell', 'agent groups.last.Tell.work',
    ])
    expect(workflow).toMatchObject({ name: 'd', limits: { concurrency: 3 }, agents: { roy: { uses: 'openai' } } })
    const at = (path: string) => blockAt(workflow.stages, `groups.${path}`)
    expect(at('Build-both')).toMatchObject({ title: 'Build both', onBranchFailure: 'settle', position: { line: 5, column: 5 } })
    expect(at('Build-both.Backend.deliver.work.do')).toMatchObject({
      timeoutMs: 3_600_000, retry: { attempts: 3 }, onFailure: 'continue', position: { line: 10, column: 9 },
    })
    expect(at('Build-both.Backend.verify')).toMatchObject({ command: 'make backend', onFailure: { goto: 'deliver', max: 2 } })
    expect(at('Build-both.Frontend.work')).toMatchObject({ max: 2 })
    expect(at('Build-both.Frontend.work.do')).toMatchObject({ retry: { attempts: 2 } })
    expect(at('Build-both.Frontend.work.do')).not.toHaveProperty('onFailure')
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
    const prompt = Reflect.get(blockAt(workflow.stages, 'groups.Build-both.Frontend.work.do'), 'prompt')
    expect(prompt).toBe(
      '# Frontend\n\n## What is asked for\n\n${{ input }}\n\n## What was delivered before\n\n' +
        '### Plan\n\n${{ stages.groups.Plan.Plan.?work.?output.orValue(null) }}\n\n' +
        '${{ loop.iteration == 1 ? "" : "## It failed before\\n\\n" + string(prev.summary) }}',
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

  it.each([
    ['block', 2, 'done'], ['retry', 2, 'done'], ['notify', 2, 'done'], ['block', 9, 'failed'], ['retry', 9, 'failed'], ['notify', 9, 'done'],
  ] as const)('that say they failed are asked for again, with `onFailure: %s` and %i failures: %s', async (reaction, failures, status) => {
    const prompts: string[] = []
    const { settlement, paths } = await runLoaded(load(groups(`retries: 2, onFailure: ${reaction}`)), null, (request, count) => {
      if (request.kind !== 'agent' || request.agentName !== 'x') return complete(request.path)
      prompts.push(request.prompt)
      return count <= failures ? { status: count % 2 === 1 ? 'FAILED' : 'ERROR', summary: `no ${count}` } : complete('at last')
    })
    expect(settlement).toMatchObject({ status })
    expect(prompts).toHaveLength(3)
    expect(prompts[0]).not.toContain('failed before')
    expect(prompts[2]).toContain('## It failed before\n\nno 2')
    expect(paths('step.completed').includes('groups.b.C.work')).toBe(status === 'done')
  })

  it('that are rejected or blocked are not asked for again', async () => {
    for (const more of [{ verdict: 'REJECTED' }, { status: 'BLOCKED' }, { testResult: 'FAILED' }]) {
      const { settlement, paths } = await runLoaded(load(groups('retries: 2, onFailure: retry')), null, ({ path }) => complete(path, more))
      expect(settlement).toMatchObject({ status: 'failed' })
      expect(paths('step.completed')).toEqual(['groups.a.A.work.do'])
    }
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

describe('stages at once', () => {
  const text = `groups:
  - { id: qa, parallel: true, stages: [{ name: Back, agent: a }, { name: Front, agent: b }, { name: Docs, agent: c, onFailure: notify }] }
  - { id: next, dependsOn: [qa], stages: [{ name: Next, agent: a }] }
`
  it.each([
    ['a rejection', { verdict: 'REJECTED' }],
    ['failing tests', { testResult: { failed: 2 } }],
    ['a failure', { status: 'ERROR' }],
  ])('all end before %s stops the delivery', async (_, more) => {
    const { settlement, paths } = await runLoaded(load(text), null, ({ path }) => complete(path, path.includes('Back') ? more : {}))
    expect(settlement).toMatchObject({ status: 'failed' })
    expect(paths('step.completed').toSorted()).toEqual(['groups.qa.Back.work', 'groups.qa.Docs.work', 'groups.qa.Front.work'])
  })

  it('have their failures reported together', async () => {
    const { settlement } = await runLoaded(load(text), null, ({ path }) => {
      throw new TerminalError('BROKEN', `${path} broke`)
    })
    expect(settlement).toMatchObject({ status: 'failed' })
    const told = JSON.stringify(settlement)
    for (const name of ['Back', 'Front']) expect(told).toContain(`groups.qa.${name}.work broke`)
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

  it('takes its time: what comes next starts when both builds have passed', async () => {
    const minutes: Record<string, number> = { roy: 60, jen: 30, liz: 45, 'make back': 5, 'make front': 10 }
    const broken = (count: number) =>
      timedRun(
        load(text).workflow,
        (request) => (request.kind === 'agent' ? minutes[request.agentName] : request.kind === 'run' ? minutes[String(request.command)] : 0) ?? 0,
        (request) => {
          if (request.path === 'groups.build.Back.verify' && (count -= 1) >= 0) throw new TerminalError('EXIT', 'no')
          return request.kind === 'agent' ? complete(request.path) : request.kind === 'wait' ? request.input : ''
        },
      )
    // The builds run at the same time as the work of the other stage, not after it.
    expect(await broken(0)).toMatchObject({ settlement: { status: 'done' }, makespan: 60 + 5 + 45 })
    expect(await broken(1)).toMatchObject({ settlement: { status: 'done' }, makespan: 2 * (60 + 5) + 45 })
    expect(await broken(2)).toMatchObject({ settlement: { status: 'failed' }, makespan: 2 * (60 + 5) })
  })

  it('keeps the deliverable as the output of the stage', async () => {
    const { settlement } = await run(0)
    expect(settlement).toMatchObject({ output: [[{ summary: 'groups.build.Back.deliver.work.do' }, { status: 'COMPLETE' }], {}] })
  })

  it('stops the delivery when the build stays broken, though failures of its stage are only told', async () => {
    const { settlement, prompts, paths } = await run(9)
    expect(settlement).toMatchObject({ status: 'failed' })
    expect(prompts).toHaveLength(2)
    expect(paths('step.completed')).toContain('groups.build.Front.verify')
    expect(paths('step.completed')).not.toContain('groups.qa.QA.work')
  })
})
