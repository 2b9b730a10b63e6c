import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileWorkflow } from '../src/compiler/compile.ts'
import { initialScope } from '../src/compiler/scope.ts'
import type { RunEvent } from '../src/events.ts'
import type { Json } from '../src/json.ts'
import { createProgram } from '../src/runtime/program.ts'
import { replay } from '../src/runtime/replay.ts'
import { RunTree } from '../src/runtime/run-tree.ts'
import { saveTree } from '../src/runtime/tree-snapshot.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import type { RunSpec, Store } from '../src/store/store.ts'
import { draftWorkflow } from '../src/testing/draft-workflow.ts'
import { performLater, type RandomWorkflow, randomWorkflow } from './random-workflow.ts'
import { type Bench, createBench, eventsOf } from './run-embedded.ts'
import { evaluation } from './tree-driver.ts'

const input: Json = { text: 'in' }
/** Which of its siblings a failure stops depends on time; what the other rules give does not. */
const small = randomWorkflow(['settle', 'continue']).filter(({ behaviours }) => behaviours.size <= 12)

interface Executed {
  readonly path: string
  readonly attempt: number
}

function benchFor(random: RandomWorkflow, store: Store = createMemoryStore()): { bench: Bench; executed: Executed[] } {
  const executed: Executed[] = []
  const bench = createBench(
    ({ path, input: given, attempt }) => {
      executed.push({ path, attempt })
      return performLater(random, path, given, attempt)
    },
    { store },
  )
  return { bench, executed }
}

/** A store that holds the run as it was when its process died. */
async function cutStore(spec: RunSpec, events: readonly RunEvent[], checkpoint: { lastSeq: number; tree: Json } | undefined): Promise<Store> {
  const store = createMemoryStore()
  const writer = await store.create(spec)
  writer.append(events)
  if (checkpoint !== undefined) {
    await writer.checkpoint({ format: 1, runId: spec.runId, savedAt: spec.createdAt, status: 'running', ...checkpoint })
  }
  await writer.close()
  return store
}

/** The tree where the journal ends, if that is at the end of a turn. */
function settledTree(random: RandomWorkflow, events: readonly RunEvent[]): Json | undefined {
  const program = createProgram(compileWorkflow(random.workflow), evaluation)
  const tree = new RunTree(program)
  const { missing, outcome } = replay(tree, events, initialScope(random.workflow, input, 'run'))
  return missing.length === 0 && outcome === undefined ? saveTree(tree, program) : undefined
}

const committed = new Set(['step.completed', 'step.failed', 'step.skipped'])

async function expectResumed(random: RandomWorkflow, whole: readonly RunEvent[], cut: number, store: Store): Promise<void> {
  const { bench, executed } = benchFor(random, store)
  const handle = await bench.host.resume({ runId: 'run' })
  const settlement = await bench.settled(handle)
  const last = whole.at(-1)
  // An aggregated error has its branches in order, so that it is the same however they took turns.
  expect(settlement).toEqual(last?.type === 'run.settled' ? last.data : undefined)

  const kept = whole.slice(0, cut)
  const done = new Set(kept.flatMap(({ type, path }) => (committed.has(type) ? [path] : [])))
  expect(executed.filter(({ path }) => done.has(path))).toEqual([])
  for (const path of new Set(executed.map((each) => each.path))) {
    const before = kept.filter((event) => event.type === 'step.started' && event.path === path).length
    const attempts = executed.filter((each) => each.path === path).map(({ attempt }) => attempt)
    expect(attempts).toEqual(attempts.map((_, index) => before + index + 1))
  }

  const events = eventsOf(handle)
  expect(events.slice(0, cut)).toEqual(kept)
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
  expect((await store.read('run')).events).toEqual(events)
  const again = benchFor(random, store)
  expect(await (await again.bench.host.resume({ runId: 'run' })).settled).toEqual(settlement)
  expect(again.executed).toEqual([])
}

describe('a run whose process died', () => {
  test('comes to the same end from any part of its journal, and repeats no step whose result is there', async () => {
    await fc.assert(
      fc.asyncProperty(small, fc.nat(), async (random, seed) => {
        const { bench } = benchFor(random)
        const handle = await bench.start(random.workflow, { input })
        await bench.settled(handle)
        const { spec, events } = await bench.store.read('run')
        for (let cut = seed % 3; cut < events.length; cut += 3) {
          await expectResumed(random, events, cut, await cutStore(spec, events.slice(0, cut), undefined))
        }
      }),
      { numRuns: 40 },
    )
  })

  test('comes to the same end from a checkpoint and what the journal has after it', async () => {
    await fc.assert(
      fc.asyncProperty(small, fc.nat(), fc.nat(), async (random, from, to) => {
        const { bench } = benchFor(random)
        const handle = await bench.start(random.workflow, { input })
        await bench.settled(handle)
        const { spec, events } = await bench.store.read('run')
        const cut = 1 + (to % (events.length - 1))
        const lastSeq = 1 + (from % cut)
        const tree = settledTree(random, events.slice(0, lastSeq))
        if (tree === undefined) return
        await expectResumed(random, events, cut, await cutStore(spec, events.slice(0, cut), { lastSeq, tree }))
      }),
      { numRuns: 150 },
    )
  })
})

test('a run of many blocks, resumed from a checkpoint in its middle, sees what the first ones left', async () => {
  const ids = Array.from({ length: 90 }, (_, index) => `s${index}`)
  const workflow = draftWorkflow(ids.map((id, index) => ({ id, ...(index > 40 ? { input: `\${{ stages.s${index - 41}.output }}` } : {}) })))
  const behaviour = { ends: 'completes', output: 'text', flaky: 0, ticks: 0 } as const
  const random = { workflow, behaviours: new Map(ids.map((path) => [path, behaviour])) }
  const { bench } = benchFor(random)
  await bench.settled(await bench.start(workflow, { input }))
  const { spec, events } = await bench.store.read('run')
  const endOf = (step: string): number => events.findIndex(({ type, path }) => type === 'step.completed' && path === step) + 2
  const tree = settledTree(random, events.slice(0, endOf('s60')))
  if (tree === undefined) throw new Error('The tree is not settled there.')
  const cut = endOf('s70')
  await expectResumed(random, events, cut, await cutStore(spec, events.slice(0, cut), { lastSeq: endOf('s60'), tree }))
}, 20_000)

describe('a run that is resumed', () => {
  const workflow = draftWorkflow([{ id: 'a' }, { id: 'g', parallel: [{ id: 'x' }, { id: 'y' }] }, { id: 'b' }])
  const behaviour = { ends: 'completes', output: 'text', flaky: 0, ticks: 2 } as const
  const random = { workflow, behaviours: new Map(['a', 'g.x', 'g.y', 'b'].map((path) => [path, behaviour])) }

  async function finished(): Promise<{ spec: RunSpec; events: readonly RunEvent[] }> {
    const { bench } = benchFor(random)
    await bench.settled(await bench.start(workflow, { input }))
    return bench.store.read('run')
  }

  test('says so in its journal, and goes on with a checkpoint that does not fit from the journal', async () => {
    const { spec, events } = await finished()
    const cut = events.findIndex(({ type, path }) => type === 'step.completed' && path === 'g.x') + 1
    const store = await cutStore(spec, events.slice(0, cut), { lastSeq: cut, tree: { format: 1, root: [{}], table: [] } })
    const { bench, executed } = benchFor(random, store)
    const handle = await bench.host.resume({ runId: 'run' })
    expect(eventsOf(handle)[cut]).toMatchObject({ type: 'run.resumed', seq: cut + 1, data: { afterSeq: cut } })
    expect(await bench.settled(handle)).toMatchObject({ status: 'done' })
    expect(executed.map(({ path }) => path)).toEqual(['g.y', 'b'])
  })

  test('marks the attempts that were lost', async () => {
    const { spec, events } = await finished()
    const cut = events.findIndex(({ type, path }) => type === 'step.started' && path === 'g.y') + 1
    const { bench } = benchFor(random, await cutStore(spec, events.slice(0, cut), undefined))
    const handle = await bench.host.resume({ runId: 'run' })
    await bench.settled(handle)
    const told = eventsOf(handle).slice(cut).filter(({ path }) => path === 'g.y')
    expect(told.map(({ type, attempt }) => `${type} ${attempt}`)).toEqual(['step.retrying 1', 'step.queued 1', 'step.started 2', 'step.completed 2'])
    expect(told[0]).toMatchObject({ data: { delayMs: 0, error: { code: 'INTERRUPTED' } } })
  })

  test('refuses a journal that another workflow wrote, and leaves it as it is, free to be opened', async () => {
    const { spec, events } = await finished()
    const other = draftWorkflow([{ id: 'z' }])
    const store = await cutStore({ ...spec, workflow: other }, events.slice(0, 5), undefined)
    const { bench, executed } = benchFor(random, store)
    await expect(bench.host.resume({ runId: 'run' })).rejects.toMatchObject({ code: 'REPLAY_DIVERGED', kind: 'usage' })
    expect(executed).toEqual([])
    expect((await store.read('run')).events).toEqual(events.slice(0, 5))
    await (await store.open('run')).writer.close()
  })

  test('is refused while another writer has it, and taken by force', async () => {
    const { spec, events } = await finished()
    const store = await cutStore(spec, events.slice(0, 4), undefined)
    const first = benchFor(random, store)
    const handle = await first.bench.host.resume({ runId: 'run' })
    const second = benchFor(random, store)
    await expect(second.bench.host.resume({ runId: 'run' })).rejects.toMatchObject({ code: 'RUN_LOCKED' })
    const taken = await second.bench.host.resume({ runId: 'run', force: true })
    expect(await second.bench.settled(taken)).toMatchObject({ status: 'done' })
    await expect(handle.settled).rejects.toMatchObject({ code: 'LOCK_LOST' })
  })

  test('must be there', async () => {
    await expect(benchFor(random).bench.host.resume({ runId: 'nope' })).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
  })
})
