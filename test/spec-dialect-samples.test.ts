import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createEmbeddedHost } from '../src/hosts/embedded/embedded-host.ts'
import type { Json } from '../src/json.ts'
import { workflowBlocks } from '../src/spec/blocks.ts'
import type { Workflow } from '../src/spec/ir.ts'
import { checkSpec, type LoadedSpec } from '../src/spec/load.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import { createBench, eventsOf } from './run-embedded.ts'

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
    const { settlement, paths } = await rehearse('stages.yaml', { objective: '# Objective: export orders' })
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

describe('the delivery in groups on a clock where every stage takes its minutes', () => {
  /** Minutes from start to end; a minute is 10 ms of the bench's clock, which moves on while steps are handed over. */
  async function makespan(workflow: Workflow, flags: Json): Promise<number> {
    const minutes = new Map([...workflowBlocks(workflow)].map((block) => [block.path, (block.timeoutMs ?? 0) / 60_000]))
    const scale = 10
    const bench = createBench(async (request) => {
      if (request.kind !== 'agent') return request.kind === 'wait' ? request.input : ''
      const { promise, resolve } = Promise.withResolvers<void>()
      bench.clock.schedule(resolve, (minutes.get(request.path) ?? 0) * scale)
      await promise
      return { status: 'COMPLETE', summary: request.path, verdict: 'APPROVED', ...(request.agentName === 'sylvia' ? { flags } : {}) }
    })
    const handle = await bench.start(workflow, { input: { request: 'x' } })
    expect(await bench.settled(handle)).toMatchObject({ status: 'done' })
    const times = eventsOf(handle).map(({ at }) => Date.parse(at))
    return Math.round((Math.max(...times) - Math.min(...times)) / scale)
  }
  const both = { needs_performance: true, needs_security: true }

  it('takes 375 minutes, 315 without the conditional stages', async () => {
    const { workflow } = await sample('delivery-groups.yaml')
    expect(await makespan(workflow, both)).toBe(375)
    expect(await makespan(workflow, {})).toBe(315)
  })

  it('takes 540 and 420 one stage after another', async () => {
    const { workflow } = await sample('delivery-groups.yaml')
    const inSequence: Workflow = { ...workflow, limits: { ...workflow.limits, concurrency: 1 } }
    expect(await makespan(inSequence, both)).toBe(540)
    expect(await makespan(inSequence, {})).toBe(420)
  })
})
