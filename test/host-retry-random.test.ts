import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { RunEvent } from '../src/events.ts'
import type { RunHandle, RunSettlement } from '../src/hosts/host.ts'
import { isAtOrIn } from '../src/runtime/undo-ends.ts'
import { blocksIn, isBranchGroup } from '../src/spec/blocks.ts'
import type { FailureRule, Workflow } from '../src/spec/ir.ts'
import { randomBlocks } from './blocks-random.ts'
import { randomWorkflow } from './random-workflow.ts'
import { areBeside, createRetryBench, cutStore, isWithoutRounds, type Luck, luckOf, type RetryBench } from './retry-bench.ts'
import { eventsOf } from './run-embedded.ts'

beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}))
afterEach(() => vi.restoreAllMocks())

interface Case {
  readonly workflow: Workflow
  readonly seed: number
}

const blocks = randomBlocks.filter(({ workflow }) => isWithoutRounds(workflow))
const groupsOf = (rules: readonly FailureRule[]): fc.Arbitrary<Case> =>
  fc.record({ workflow: randomWorkflow(rules).map(({ workflow }) => workflow), seed: fc.nat() })
const cases = fc.oneof(blocks, groupsOf(['settle', 'fail_fast', 'continue']))

/** How the run ends in which all is mended before it begins. */
async function whole(workflow: Workflow, luck: Luck): Promise<RunSettlement> {
  const bench = createRetryBench({ ...luck, breaks: () => false })
  return bench.settled(await bench.begin(workflow))
}

/** Which of the failures that nobody can mend stops a group that fails fast is a matter of time. */
function expectEnd(ended: RunSettlement, should: RunSettlement, { stages }: Workflow): void {
  const isFast = [...blocksIn(stages)].some((block) => isBranchGroup(block) && block.onBranchFailure === 'fail_fast')
  if (isFast && should.status === 'failed') expect(ended.status).toBe('failed')
  else expect(ended).toEqual(should)
}

function mendAll(bench: RetryBench, events: readonly RunEvent[]): void {
  for (const { path = '', type } of events) if (type === 'step.failed') bench.mended.add(path)
}

/** Runs what failed again until nothing is broken any more; what was done must not be done again. */
async function retryToEnd(bench: RetryBench, workflow: Workflow, luck: Luck): Promise<RunSettlement | undefined> {
  for (let settlement: RunSettlement | undefined; ; ) {
    const { events: before } = await bench.store.read('run')
    mendAll(bench, before)
    const executed = bench.executed.length
    let handle: RunHandle
    try {
      handle = await bench.host.resume({ runId: 'run', again: 'failed' })
    } catch (error) {
      expect(error).toMatchObject({ code: 'NOTHING_TO_RETRY' })
      return settlement
    }
    settlement = await bench.settled(handle)
    const events = eventsOf(handle)
    expectKept(workflow, before, events, bench, executed)
    const broken = events.slice(before.length).some(({ type, path = '' }) => type === 'step.failed' && luck.breaks(path))
    if (!broken) return settlement
  }
}

/** What is run again is what was asked for and what came after it, with another key and a further attempt. */
function expectKept(workflow: Workflow, before: readonly RunEvent[], events: readonly RunEvent[], bench: RetryBench, since: number): void {
  const resumed = events.slice(before.length).find(({ type }) => type === 'run.resumed')
  const again = resumed?.type === 'run.resumed' ? (resumed.data.again ?? []) : []
  const undone = resumed?.type === 'run.resumed' ? (resumed.data.undone ?? []) : []
  // Others of those asked for come after these, and begin anew.
  const repeated = new Set(events.slice(before.length).flatMap(({ type, path = '' }) => (type === 'step.retrying' ? [path] : [])))
  const done = doneIn(before)
  const keys = new Set(bench.executed.slice(0, since).map(({ key }) => key))
  for (const { path, key, attempt } of bench.executed.slice(since)) {
    const attempts = before.filter((event) => event.type === 'step.started' && event.path === path).length
    if (repeated.has(path)) expect(attempt, path).toBeGreaterThan(1)
    if (attempts > 0) expect(keys, path).not.toContain(key)
    if (!done.has(path)) continue
    if (!again.some((one) => isAtOrIn(path, one))) expect(undone, `${path} was done; again: ${again.join()}`).toContain(path)
    const isBeside = again.every((other) => areBeside(workflow, path, other))
    expect(isBeside, `${path} has nothing to do with ${again.join()}`).toBe(false)
  }
}

/** Steps that have run and have a result that counts. */
function doneIn(events: readonly RunEvent[]): Set<string> {
  const done = new Set<string>()
  for (const { type, path = '', attempt, data } of events) {
    // What was skipped because of its condition or of what it needs has not run.
    if (attempt !== undefined && (type === 'step.completed' || type === 'step.skipped')) done.add(path)
    if (type !== 'run.resumed') continue
    for (const block of [...(data.again ?? []), ...(data.undone ?? [])]) for (const one of done) if (isAtOrIn(one, block)) done.delete(one)
  }
  return done
}

describe('what failed, run again once it is mended, comes to what it would have come to at once', () => {
  test('in a run that had settled, and the journal brings it back from anywhere', async () => {
    let retried = 0
    await fc.assert(
      fc.asyncProperty(cases, fc.nat(), async ({ workflow, seed }, dice) => {
        const luck = luckOf(seed)
        const bench = createRetryBench(luck)
        const first = await bench.settled(await bench.begin(workflow))
        const before = (await bench.store.read('run')).events.length
        const settlement = (await retryToEnd(bench, workflow, luck)) ?? first
        expectEnd(settlement, await whole(workflow, luck), workflow)
        const { spec, events } = await bench.store.read('run')
        if (events.length === before) return
        retried += 1
        const cut = before + 1 + (dice % (events.length - before))
        const later = createRetryBench(luck, await cutStore(spec, events.slice(0, cut)), Date.parse(events[cut - 1]?.at ?? ''))
        mendAll(later, events)
        let again = await later.settled(await later.host.resume({ runId: 'run' }))
        again = (await retryToEnd(later, workflow, luck)) ?? again
        expectEnd(again, settlement, workflow)
      }),
      { numRuns: 60 },
    )
    expect(retried).toBeGreaterThan(10)
  }, 60_000)

  test('in a run whose process died', async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.nat(), async ({ workflow, seed }, dice) => {
        const luck = luckOf(seed)
        const bench = createRetryBench(luck)
        const first = await bench.settled(await bench.begin(workflow))
        const { spec, events } = await bench.store.read('run')
        const cut = 1 + (dice % events.length)
        const later = createRetryBench(luck, await cutStore(spec, events.slice(0, cut)), Date.parse(events[cut - 1]?.at ?? '') + 86_400_000)
        const settlement = (await retryToEnd(later, workflow, luck)) ?? (await later.settled(await later.host.resume({ runId: 'run' })))
        const ended = (await retryToEnd(later, workflow, luck)) ?? settlement
        expectEnd(ended, await whole(workflow, luck), workflow)
        expect(first).toBeDefined()
      }),
      { numRuns: 60 },
    )
  }, 60_000)

  test('in a run that goes on, each as soon as it has failed', async () => {
    let live = 0
    await fc.assert(
      fc.asyncProperty(cases, async ({ workflow, seed }) => {
        const luck = luckOf(seed)
        const bench = createRetryBench(luck)
        const handle = await bench.begin(workflow)
        handle.subscribe(({ type, path = '' }) => {
          if (type !== 'step.failed' || !luck.breaks(path) || bench.mended.has(path)) return
          bench.mended.add(path)
          handle.act({ type: 'retry', again: [path] }).then(() => (live += 1), (error: unknown) => {
            expect(error).toMatchObject({ code: expect.stringMatching(/RUN_SETTLED|NOTHING_TO_RETRY/) })
          })
        })
        const first = await bench.settled(handle)
        const settlement = (await retryToEnd(bench, workflow, luck)) ?? first
        expectEnd(settlement, await whole(workflow, luck), workflow)
      }),
      { numRuns: 60 },
    )
    expect(live).toBeGreaterThan(4)
  }, 60_000)
})

describe('any step or group, run again', () => {
  test('ends, is brought back from anywhere in its journal, and can be run again once more', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(randomBlocks, groupsOf(['settle', 'continue'])), fc.nat(), fc.nat(), async ({ workflow, seed }, dice, other) => {
        const luck = luckOf(seed, 8)
        const bench = createRetryBench(luck)
        await bench.settled(await bench.begin(workflow))
        for (const roll of [dice, other]) {
          const paths = [...new Set(bench.executed.map(({ path }) => path))]
          const chosen = paths[roll % Math.max(1, paths.length)]
          if (chosen === undefined) return
          const keys = chosen.split('.')
          const again = keys.slice(0, roll % 3 === 0 ? Math.max(1, keys.length - 1) : keys.length).join('.')
          const { events: before } = await bench.store.read('run')
          const executed = bench.executed.length
          const handle = await bench.host.resume({ runId: 'run', again: [again] }).catch((error: unknown) => {
            expect(error).toMatchObject({ code: 'NOTHING_TO_RETRY' })
          })
          if (handle === undefined) return
          const settlement = await bench.settled(handle)
          expect(bench.executed.slice(executed).some(({ path }) => path === again || path.startsWith(`${again}.`))).toBe(true)
          const { spec, events } = await bench.store.read('run')
          const cut = before.length + 1 + (roll % (events.length - before.length))
          const later = createRetryBench(luck, await cutStore(spec, events.slice(0, cut)), Date.parse(events[cut - 1]?.at ?? ''))
          expect(await later.settled(await later.host.resume({ runId: 'run' }))).toEqual(settlement)
        }
      }),
      { numRuns: 60 },
    )
  }, 60_000)
})
