import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readInput } from '../src/cli/input.ts'
import { createEmbeddedHost } from '../src/hosts/embedded/embedded-host.ts'
import type { Json } from '../src/json.ts'
import { workflowBlocks } from '../src/spec/blocks.ts'
import type { Workflow } from '../src/spec/ir.ts'
import { checkSpec, type LoadedSpec } from '../src/spec/load.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import { load } from './dialect-reading.ts'
import { eventsOf } from './run-embedded.ts'
import { timedRun } from './timed-run.ts'

const folder = fileURLToPath(new URL('../specs/dialects', import.meta.url))

async function sample(name: string): Promise<LoadedSpec> {
  const { problems, loaded } = await checkSpec(path.join(folder, name))
  expect(problems).toEqual([])
  if (loaded === undefined) throw new Error(`${name} was not loaded.`)
  return loaded
}

/** Runs a sample with the answers it holds for rehearsals. */
async function rehearse(name: string, input: Json) {
  const { workflow, functions, dir } = await sample(name)
  const host = createEmbeddedHost({ store: createMemoryStore(), env: {}, functions })
  const source = { file: null, text: '' }
  const handle = await host.start({ workflow, input, scripted: true, specDir: dir, workingDir: dir, source })
  const settlement = await handle.settled
  const ended = eventsOf(handle).filter(({ type }) => type === 'step.completed')
  return { settlement, paths: ended.map((event) => event.path ?? '') }
}

describe('the samples in older forms', () => {
  it('translate in stages', async () => {
    const { settlement, paths } = await rehearse('translation-stages.yaml', { text: 'Hello', language: 'German' })
    expect(settlement).toMatchObject({ status: 'done', output: 'Polished: [German] Hello' })
    expect(paths).not.toContain('drafts.branches.formal')
    const formal = await rehearse('translation-stages.yaml', { text: 'Hello', language: 'German', formal: true })
    expect(formal.paths).toContain('drafts.branches.formal')
  })

  it('go through the fourteen stages', async () => {
    const { workflow } = await sample('stages.yaml')
    const input = await readInput(['objective.md'], workflow.input, folder)
    expect(input).toEqual({ objective: expect.stringMatching(/^# Objective: Export of orders\n/), feature: 'export-of-orders' })
    const { settlement, paths } = await rehearse('stages.yaml', input)
    expect(settlement).toMatchObject({ status: 'done' })
    expect([...new Set(paths.map((one) => one.split('.')[0]))]).toEqual([
      'SETUP', 'BUSINESS_PROBLEM', 'SPEC', 'SPEC_REVIEW', 'post_spec_review', 'PLAN', 'PLAN_REVIEW', 'IMPLEMENTATION',
      'IMPLEMENTATION_REVIEW', 'TEST', 'ACCEPTANCE_TEST', 'POST_REVIEW',
    ])
  })

  it('deliver in groups, each conditional stage by its own flag', async () => {
    const special = async (input: Record<string, Json>) => {
      const { settlement, paths } = await rehearse('delivery-groups.yaml', { request: 'x', ...input })
      expect(settlement).toMatchObject({ status: 'done' })
      return paths.filter((one) => one.includes('Special-tests')).map((one) => one.split('.')[2])
    }
    expect(await special({})).toEqual([])
    expect(await special({ security: true })).toEqual(['Security'])
    expect((await special({ security: true, performance: true })).toSorted()).toEqual(['Performance', 'Security'])
  })
})

describe('the samples of the guide in older forms', () => {
  const guide = readFileSync(new URL('../specs/README.md', import.meta.url), 'utf8')
  const section = guide.slice(guide.indexOf('## Older forms'))
  const samples = [...section.matchAll(/```yaml\n([^]*?)```/g)].map(([, code = '']) => code)
  const outputs: Record<string, unknown> = {
    stages: '[literally: Good morning]\n\n[Good morning]!',
    'stage-order': 'Built.',
    'stage-groups': [{ verdict: 'APPROVED' }, { summary: 'Built.' }, { summary: 'Safe.' }],
  }
  it.each(samples.map((text) => [text.split('\n')[0], text]))('run: %s', async (_, text = '') => {
    const { workflow, dialect, functions, warnings } = load(text)
    expect(warnings).toEqual([])
    const host = createEmbeddedHost({ store: createMemoryStore(), env: { PATH: process.env['PATH'] }, functions })
    const input = { text: 'Good morning', objective: 'Say good morning.' }
    const handle = await host.start({ workflow, input, specDir: folder, workingDir: folder, source: { file: null, text } })
    const settlement = await handle.settled
    expect(settlement).toMatchObject({ status: 'done', output: outputs[dialect] })
    if (dialect !== 'stage-groups') return
    expect(eventsOf(handle).filter(({ type }) => type === 'step.skipped').map(({ path: at }) => at)).toEqual(['groups.group-3.Performance'])
  })

  it('are all of them', () => {
    expect(samples.map((text) => load(text).dialect)).toEqual(['stages', 'stage-order', 'stage-groups'])
  })
})

describe('the delivery in groups on a clock where every stage takes its minutes', () => {
  /** Minutes from start to end. */
  async function makespan(workflow: Workflow, flags: Json): Promise<number> {
    const minutes = new Map([...workflowBlocks(workflow)].map((block) => [block.path, (block.timeoutMs ?? 0) / 60_000]))
    const timed = await timedRun(
      workflow,
      // A second stands for a minute, so that no stage reaches its limit.
      (request) => (request.kind === 'agent' ? (minutes.get(request.path) ?? 0) * 1000 : 0),
      (request) => {
        if (request.kind !== 'agent') return request.kind === 'wait' ? request.input : ''
        const raised = request.agentName === 'sylvia' ? { flags } : {}
        return { status: 'COMPLETE', summary: request.path, verdict: 'APPROVED', ...raised }
      },
      { request: 'x' },
    )
    expect(timed.settlement).toMatchObject({ status: 'done' })
    return timed.makespan / 1000
  }
  const performance = { needs_performance: true }
  const both = { ...performance, needs_security: true }

  it.each([
    ['both conditional stages', both, 375, 540],
    ['one of them', performance, 375, 480],
    ['none of them', {}, 315, 420],
  ])('takes, with %s, %o: %i minutes, and %i one stage after another', async (_, flags, parallel, inSequence) => {
    const { workflow, text } = await sample('delivery-groups.yaml')
    expect(await makespan(workflow, flags)).toBe(parallel)
    expect(await makespan({ ...workflow, limits: { ...workflow.limits, concurrency: 1 } }, flags)).toBe(inSequence)
    expect(await makespan(load(`${text}parallel: off\n`).workflow, flags)).toBe(inSequence)
    // The cap counts: four at once are as good as any number here, for two groups are never open at the same time.
    expect(await makespan(load(text.replace('maxParallelStages: 4', 'maxParallelStages: 2')).workflow, flags)).toBe(parallel)
  })
})
