import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createActor, fromPromise, SimulatedClock, toPromise } from 'xstate'
import type { ExecuteResult } from '../machines/step.ts'
import { compileWorkflow } from '../src/compiler/compile.ts'
import { workflowMachine } from '../src/compiler/workflow-machine.ts'
import { ForkchartError, TerminalError } from '../src/errors.ts'
import type { StepRequest } from '../src/executors/executor.ts'
import { createEmbeddedHost } from '../src/hosts/embedded/embedded-host.ts'
import { applyEvent, createRunView } from '../src/runtime/run-view.ts'
import type { UsageTotal } from '../src/spec/outcome.ts'
import { parseSpec } from '../src/spec/load.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import { addUsage } from '../src/usage.ts'
import { act, randomBlocks } from './blocks-random.ts'

/** What a step used at its nth start. Costs are parts of two, so that sums do not depend on their order. */
function usageOf(seed: number, path: string, turn: number): UsageTotal | undefined {
  const dice = (seed + path.length * 31 + turn * 7) % 11
  if (dice === 0) return undefined
  const cached = dice % 3 === 0 ? { cachedTokens: dice } : {}
  const reasoning = dice % 4 === 0 ? { reasoningTokens: 1 } : {}
  return { inputTokens: dice * 10, outputTokens: dice, ...cached, ...reasoning, costUsd: dice === 7 ? null : dice / 64 }
}

/** Does the work with a usage that is counted, whether it goes well or not. */
function counting(seed: number) {
  const turns = new Map<string, number>()
  let total: UsageTotal | undefined
  const work = ({ path, input }: StepRequest): ExecuteResult => {
    const turn = (turns.get(path) ?? 0) + 1
    turns.set(path, turn)
    const usage = usageOf(seed, path, turn)
    try {
      const output = act(seed, path, turn, input)
      total = addUsage(total, usage)
      return { output, ...(usage && { usage }) }
    } catch (error) {
      if (!(error instanceof ForkchartError)) throw error
      total = addUsage(total, usage)
      throw new TerminalError(error.code, error.message, usage && { usage })
    }
  }
  return { work, total: () => total }
}

describe('the usage of a whole is the sum of what its attempts used', () => {
  test('of a machine, whatever is in it and however it ends', async () => {
    await fc.assert(
      fc.asyncProperty(randomBlocks, async ({ workflow, seed }) => {
        const { work, total } = counting(seed)
        const execute = fromPromise<ExecuteResult, StepRequest>(async ({ input }) => work(input))
        const clock = new SimulatedClock()
        const actor = createActor(workflowMachine(compileWorkflow(workflow), { actors: { execute } }), { input: 'in' as never, clock })
        const ended = toPromise(actor)
        actor.start()
        const outcome = await ended
        expect(outcome.usage).toEqual(total())
      }),
      { numRuns: 150 },
    )
  })

  test('of a run as its events tell it, group by group', async () => {
    await fc.assert(
      fc.asyncProperty(randomBlocks, async ({ workflow, seed }) => {
        const { work, total } = counting(seed)
        const host = createEmbeddedHost({ store: createMemoryStore(), env: {}, execute: async (request) => work(request) })
        const handle = await host.start({ workflow, input: 'in', runId: 'run', specDir: '/spec', workingDir: '/work', source: { file: null, text: '' } })
        const view = createRunView(workflow)
        handle.subscribe((event) => applyEvent(view, event))
        await handle.settled
        expect(view.usage ?? undefined).toEqual(total())
        let stages: UsageTotal | undefined
        for (const node of view.nodes) if (node.parent === null) stages = addUsage(stages, node.usage)
        expect(stages).toEqual(total())
      }),
      { numRuns: 60 },
    )
  })
})

test('expressions see what a sequence, a loop, a review, a verified block and a fallback used in all', async () => {
  const step = (id: string): object => ({ id, call: './w.ts#w' })
  const { workflow } = parseSpec(
    JSON.stringify({
      forkchart: 1,
      name: 'sums',
      stages: [
        { id: 'row', sequence: [step('a'), { id: 'inner', sequence: [step('b'), step('c')] }, step('d')] },
        { id: 'loop', loop: { do: step('e'), max: 3 } },
        { id: 'review', review: { work: step('f'), reviewer: step('g'), approved: 'loop.iteration == 2', max: 3 } },
        { id: 'checked', call: './w.ts#w', verify: { call: './w.ts#w' } },
        { id: 'broken', call: './w.ts#w', on_failure: { fallback: { call: './w.ts#w' } } },
        { id: 'group', parallel: [step('h'), { id: 'i', sequence: [step('j'), step('k')] }], reduce: { call: './w.ts#w' } },
        {
          id: 'all',
          call: './w.ts#w',
          input: Object.fromEntries(
            ['row', 'row.inner', 'loop', 'review', 'checked', 'broken', 'group'].map((path) => [path, `\${{ stages.${path}.usage.inputTokens }}`]),
          ),
        },
      ],
    }),
    { file: '/spec/sums.json', format: 'json' },
  )
  let seen: unknown
  const host = createEmbeddedHost({
    store: createMemoryStore(),
    env: {},
    execute: async ({ path, input }) => {
      if (path === 'all') seen = input
      const usage = { inputTokens: 1, outputTokens: 0, costUsd: null }
      if (path === 'broken') throw new TerminalError('BROKE', 'broke', { usage })
      return { output: path, usage }
    },
  })
  const handle = await host.start({ workflow, input: null, specDir: '/spec', workingDir: '/work', source: { file: null, text: '' } })
  expect(await handle.settled).toMatchObject({ status: 'done' })
  expect(seen).toEqual({ row: 4, 'row.inner': 2, loop: 3, review: 4, checked: 2, broken: 2, group: 4 })
})
