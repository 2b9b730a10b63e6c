import { describe, expect, test } from 'vitest'
import { compileWorkflow } from '../src/compiler/compile.ts'
import { reduceOutputs } from '../src/compiler/reducers.ts'
import { initialScope } from '../src/compiler/scope.ts'
import { TerminalError } from '../src/errors.ts'
import { createEmbeddedHost } from '../src/hosts/embedded/embedded-host.ts'
import type { Json, JsonObject } from '../src/json.ts'
import { createProgram } from '../src/runtime/program.ts'
import { RunTree } from '../src/runtime/run-tree.ts'
import type { Effect } from '../src/runtime/turn.ts'
import { loadTree, saveTree, writeTree } from '../src/runtime/tree-snapshot.ts'
import type { Workflow } from '../src/spec/ir.ts'
import type { Outcome } from '../src/spec/outcome.ts'
import { parseSpec } from '../src/spec/load.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import { runHosted, type Work } from './blocks-run.ts'
import { evaluation } from './tree-driver.ts'

function workflow(stage: JsonObject): Workflow {
  const spec = { forkchart: 1, name: 'wide', limits: { concurrency: 10_000 }, stages: [{ id: 'g', ...stage }] }
  return parseSpec(JSON.stringify(spec), { file: '/spec/wide.json', format: 'json' }).workflow
}

const node = (id: number, needs: readonly number[]): JsonObject => ({
  id: `n${id}`,
  call: './w.ts#w',
  ...(needs.length === 0 ? {} : { needs: needs.map((need) => `n${need}`) }),
})
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index)
const plain = (width: number): JsonObject[] => range(width).map((id) => node(id, []))
const map = { over: '${{ input }}', do: { call: './w.ts#w' } }
const layered = (width: number, layer: number): JsonObject[] =>
  range(width).map((id) => node(id, id < layer ? [] : [id - layer, id - layer + ((id + 1) % layer) - (id % layer)]))

/** One wide group of each make. */
const groups: Readonly<Record<string, (width: number) => JsonObject>> = {
  'a parallel group': (width) => ({ parallel: plain(width) }),
  'one that fails fast': (width) => ({ parallel: plain(width), on_branch_failure: 'fail_fast' }),
  'one with a quorum': (width) => ({ parallel: plain(width), join: { quorum: width } }),
  'one with a cap': (width) => ({ parallel: plain(width), concurrency: 50 }),
  'a map': () => ({ map }),
  'a map with a cap': () => ({ map: { ...map, concurrency: 50 } }),
  'a map for any of its items': (width) => ({ map, join: { quorum: width } }),
  'a fan-in': (width) => ({ graph: [...plain(width - 1), node(width - 1, range(width - 1))] }),
  'a graph that is a chain': (width) => ({ graph: range(width).map((id) => node(id, id === 0 ? [] : [id - 1])) }),
  'a graph of layers': (width) => ({ graph: layered(width, 20) }),
}

/** A tree that is driven by hand: steps get their places and end in the order in which they ask. */
class Driven {
  readonly #program
  tree: RunTree
  outcome: Outcome | undefined
  readonly #todo: Effect[] = []
  events = 0

  constructor(it: Workflow, input: Json) {
    this.#program = createProgram(compileWorkflow(it), evaluation)
    this.tree = new RunTree(this.#program)
    this.#take(this.tree.start(initialScope(it, input, 'run'), 0))
  }

  /** Ends so many steps, or all. */
  end(count: number): void {
    for (let left = count, at = 0; left > 0 && at < this.#todo.length; at += 1) {
      const effect = this.#todo[at]
      if (effect?.type === 'acquire') this.#take(this.tree.deliver(effect.path, { type: 'slot.granted' }, 0))
      if (effect?.type !== 'execute') continue
      this.#take(this.tree.completed(effect.path, { output: null }, 0))
      left -= 1
      if (left === 0) this.#todo.splice(0, at + 1)
    }
  }

  contexts(): unknown[] {
    return [...this.tree.cells()].map((cell) => cell.snapshot.context)
  }

  parts(): number {
    return writeTree(this.tree, this.#program).parts
  }

  /** Goes on with the tree as it is read back. */
  reload(): void {
    this.tree = loadTree(JSON.parse(JSON.stringify(saveTree(this.tree, this.#program))) as Json, this.#program)
  }

  #take({ events, effects }: ReturnType<RunTree['start']>): void {
    this.events += events.length
    for (const effect of effects) {
      this.#todo.push(effect)
      if (effect.type === 'settled') this.outcome = effect.outcome
    }
  }
}

/** Fields of all objects that are in `after` and were not in `before`: what was copied. */
function copied(before: readonly unknown[], after: readonly unknown[]): number {
  const known = new Set<object>()
  const visit = (value: unknown): number => {
    if (typeof value !== 'object' || value === null || known.has(value)) return 0
    known.add(value)
    const fields = Object.values(value)
    return fields.reduce((sum: number, field) => sum + visit(field), fields.length)
  }
  before.forEach(visit)
  return after.reduce((sum: number, context) => sum + visit(context), 0)
}

describe.each(Object.entries(groups))('a wide group: %s', (_, group) => {
  test('copies little for one event, whatever its width', () => {
    const width = 2000
    const driven = new Driven(workflow(group(width)), range(width))
    driven.end(width / 2)
    const before = driven.contexts()
    driven.end(1)
    expect(copied(before, driven.contexts())).toBeLessThan(700)
  })

  test('does not make more events or a larger checkpoint per branch of 1,000 than of 250', () => {
    const [small, large] = [250, 1000].map((width) => {
      const driven = new Driven(workflow(group(width)), range(width))
      driven.end(width / 2)
      const parts = driven.parts()
      driven.end(width)
      return { parts: parts / width, events: driven.events / width }
    })
    expect(large?.parts).toBeLessThan(1.1 * (small?.parts ?? 0))
    expect(large?.events).toBeLessThan(1.1 * (small?.events ?? 0))
  })

  test('goes on from a checkpoint in its middle as if nothing had been', () => {
    const [whole, halved] = [false, true].map((stops) => {
      const driven = new Driven(workflow(group(300)), range(300))
      driven.end(140)
      if (stops) driven.reload()
      driven.end(300)
      return { outcome: driven.outcome, events: driven.events }
    })
    expect(whole?.outcome).toEqual({ status: 'completed', output: range(300).map(() => null) })
    expect(halved).toEqual(whole)
  })
})

describe('a group in shards', () => {
  const width = 300
  const failing = new Set(['g.n7', 'g.n200', 'g.n299'])
  const work = ({ path }: { path: string }): Json => {
    if (failing.has(path)) throw new TerminalError('BROKE', `${path} broke`)
    return path
  }

  test.each(['settle', 'continue'])('ends by %s like one that is none', async (rule) => {
    const stage = { parallel: plain(width), on_branch_failure: rule }
    const ends = await Promise.all([stage, { ...stage, concurrency: width }].map((each) => runHosted(workflow(each), null, work)))
    expect(ends[0]?.settlement).toEqual(ends[1]?.settlement)
    expect(ends[0]?.settlement.status).toBe(rule === 'settle' ? 'failed' : 'done')
  })

  test.each([
    [{}, 'failed', ['g.n200']],
    [{ on_failure: 'continue' }, 'done', []],
  ] as const)('cancels the branches of all shards when one fails, unless %j', async (forgiving, status, errors) => {
    const parallel = plain(width).map((branch) => (branch['id'] === 'n200' ? { ...branch, ...forgiving } : branch))
    const slow: Work = async ({ path }, _, pause) => {
      if (path === 'g.n200') throw new TerminalError('BROKE', 'broke')
      if (status === 'failed') await pause(5)
      return path
    }
    const { settlement, events } = await runHosted(workflow({ parallel, on_branch_failure: 'fail_fast' }), null, slow)
    expect(settlement.status).toBe(status)
    expect(settlement.error?.errors?.map(({ path }) => path) ?? []).toEqual(errors)
    expect(events.filter(({ type }) => type === 'step.cancelled')).toHaveLength(status === 'done' ? 0 : width - 1)
  })
})

test('merging 10,000 outputs copies none of them again for each of the others', () => {
  const outputs = range(10_000).map((id) => ({ [`k${id}`]: id, deep: { [`d${id}`]: id } }))
  const kept = JSON.stringify(outputs)
  expect(Object.keys((reduceOutputs('merge', outputs) as { deep: object }).deep)).toHaveLength(10_000)
  expect(JSON.stringify(outputs)).toBe(kept)
})

test('checkpoints cost their events the same, however wide the run is', async () => {
  const sizes = async (stage: JsonObject): Promise<number[]> => {
    const saved: number[] = []
    const store = createMemoryStore()
    const create: typeof store.create = async (spec) => {
      const writer = await store.create(spec)
      const save = writer.checkpoint.bind(writer)
      writer.checkpoint = (checkpoint) => {
        if (checkpoint.tree !== null) saved.push(JSON.stringify(checkpoint.tree).length)
        return save(checkpoint)
      }
      return writer
    }
    const host = createEmbeddedHost({ store: { ...store, create }, execute: async ({ path }) => ({ output: path }) })
    const own = { specDir: '/', workingDir: '/', source: { file: null, text: '' } }
    await (await host.start({ workflow: workflow(stage), input: null, ...own })).settled
    return saved
  }
  // All 3,000 actors are in a checkpoint at once; of a chain there is one at a time.
  expect((await sizes({ parallel: plain(3000) })).length).toBeLessThanOrEqual(2)
  const chain = range(3000).map((id) => node(id, id === 0 ? [] : [id - 1]))
  expect((await sizes({ graph: chain })).length).toBeGreaterThanOrEqual(3)
})

describe('a whole run of 10,000', () => {
  test.each<[string, JsonObject]>([
    ['branches', { parallel: plain(10_000) }],
    ['items of a map', { map }],
    ['nodes in layers', { graph: layered(10_000, 100) }],
  ])('%s ends', async (_, stage) => {
    const { settlement, events } = await runHosted(workflow(stage), range(10_000), ({ path }) => path.length)
    expect(settlement).toMatchObject({ status: 'done', output: { length: 10_000 } })
    expect(events.filter(({ type }) => type === 'step.completed')).toHaveLength(10_000)
  })
})

test('a graph of 200 nodes, each with needs', async () => {
  const needs = (id: number): number[] => [...new Set([id - 1, (id * 7) % (id || 1), Math.floor(id / 2)])].filter((each) => each >= 0 && each < id)
  const graph = range(200).map((id) => node(id, needs(id)))
  const { settlement, events } = await runHosted(workflow({ graph }), null, ({ path }) => path)
  expect(settlement).toEqual({ status: 'done', output: range(200).map((id) => `g.n${id}`) })
  const completed = new Map(events.flatMap(({ type, path = '', seq }) => (type === 'step.completed' ? [[path, seq] as const] : [])))
  for (const { type, path, seq } of events) {
    if (type !== 'step.started') continue
    for (const need of needs(Number(path?.slice(3)))) expect(completed.get(`g.n${need}`)).toBeLessThan(seq)
  }
})

test('what still runs is cancelled in the order in which it was started', async () => {
  const graph = [node(0, [3]), node(1, []), node(2, []), node(3, [])]
  const work: Work = async ({ path }, _, pause) => {
    if (path !== 'g.n3') await pause(path === 'g.n2' ? 5 : 20)
    if (path === 'g.n2') throw new TerminalError('BROKE', 'broke')
    return path
  }
  const { events } = await runHosted(workflow({ graph, on_branch_failure: 'fail_fast' }), null, work)
  expect(events.flatMap(({ type, path }) => (type === 'step.cancelled' ? [path] : []))).toEqual(['g.n1', 'g.n0'])
})

test('a fan-in of 1,000', async () => {
  const graph = [...range(1000).map((id) => node(id, [])), node(1000, range(1000))]
  const { settlement } = await runHosted(workflow({ graph, reduce: 'first' }), null, () => 1)
  expect(settlement).toEqual({ status: 'done', output: 1 })
})
