import { describe, expect, test } from 'vitest'
import { RetryableError } from '../src/errors.ts'
import type { Json } from '../src/json.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import { type Draft, draftWorkflow } from '../src/testing/draft-workflow.ts'
import { type Bench, createBench, eventsOf } from './run-embedded.ts'

/** Runs the stages with steps that take so many ms by path; those not named take none. */
async function timed(stages: readonly Draft[], ms: Readonly<Record<string, number>>) {
  const aborted: string[] = []
  const bench: Bench = createBench(
    ({ path }, signal) =>
      new Promise<Json>((resolve, reject) => {
        const stop = bench.clock.schedule(() => resolve(path), ms[path] ?? 0)
        signal.addEventListener('abort', () => {
          aborted.push(path)
          stop()
          reject(signal.reason)
        })
      }),
  )
  const began = bench.clock.now()
  const handle = await bench.start(draftWorkflow(stages))
  const settlement = await bench.settled(handle)
  return { settlement, aborted, events: eventsOf(handle), took: bench.clock.now() - began, left: bench.clock.pending }
}

describe('the time limit of a step', () => {
  test('stops the attempt, which counts as one that may be retried', async () => {
    const { settlement, events, aborted, took, left } = await timed([{ id: 'a', timeoutMs: 20, retry: { attempts: 2, initialMs: 5 } }], { a: 30 })
    expect(settlement).toMatchObject({ status: 'failed', error: { code: 'TIMEOUT', kind: 'retryable', path: 'a', message: expect.stringContaining('20 ms') } })
    expect(events.map(({ type }) => type)).toEqual([
      'run.started', 'step.queued', 'step.started', 'step.retrying', 'step.queued', 'step.started', 'step.failed', 'run.settled',
    ])
    expect(aborted).toEqual(['a', 'a'])
    expect(took).toBe(20 + 5 + 20)
    expect(left).toBe(0)
  })

  test('does nothing to a step that ends in time, and leaves no timer', async () => {
    const { settlement, took, left } = await timed([{ id: 'a', timeoutMs: 20 }], { a: 19 })
    expect(settlement).toEqual({ status: 'done', output: 'a' })
    expect(took).toBe(19)
    expect(left).toBe(0)
  })

  test('lets a result that comes too late count for nothing', async () => {
    const bench: Bench = createBench(
      ({ attempt }) => new Promise<Json>((resolve) => void bench.clock.schedule(() => resolve(`attempt ${attempt}`), attempt === 1 ? 30 : 1)),
    )
    const handle = await bench.start(draftWorkflow([{ id: 'a', timeoutMs: 20, retry: { attempts: 2 } }]))
    expect(await bench.settled(handle)).toEqual({ status: 'done', output: 'attempt 2' })
    expect(eventsOf(handle).filter(({ type }) => type === 'step.completed')).toHaveLength(1)
  })
})

describe('the time limit of a group', () => {
  const parallel = [{ id: 'x' }, { id: 'y' }, { id: 'z' }]

  test('stops the branches that still run, and fails the group', async () => {
    const { settlement, events, aborted, took } = await timed([{ id: 'g', timeoutMs: 20, parallel }, { id: 'b' }], { 'g.x': 5, 'g.y': 50, 'g.z': 50 })
    expect(settlement).toMatchObject({
      status: 'failed',
      error: { code: 'TIMEOUT', path: 'g', message: '"g" took longer than 20ms' },
    })
    expect(took).toBe(20)
    expect(aborted).toEqual(['g.y', 'g.z'])
    expect(events.filter(({ type }) => type === 'step.cancelled')).toMatchObject([
      { path: 'g.y', attempt: 1, group: 'g', branch: 'y', data: { by: 'g', reason: '"g" took longer than 20ms' } },
      { path: 'g.z' },
    ])
    expect(events.find(({ type }) => type === 'group.joined')).toMatchObject({
      data: { status: 'failed', completed: 1, failed: 0, skipped: 0, cancelled: 2, error: { code: 'TIMEOUT', path: 'g' } },
    })
    expect(events.some(({ path }) => path === 'b')).toBe(false)
  })

  test('ends with the group: the rest of the run has its own time', async () => {
    const stages: Draft[] = [
      { id: 'g', timeoutMs: 20, parallel },
      { id: 's', timeoutMs: 20, sequence: [{ id: 'x' }] },
      { id: 'b' },
    ]
    const { settlement, took, left } = await timed(stages, { 'g.x': 19, 's.x': 19, b: 100 })
    expect(settlement).toEqual({ status: 'done', output: 'b' })
    expect(took).toBe(138)
    expect(left).toBe(0)
  })

  test('counts for a sequence as a whole, also inside a branch', async () => {
    const inner: Draft = { id: 's', timeoutMs: 20, sequence: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] }
    const { settlement, events } = await timed([{ id: 'g', parallel: [inner, { id: 'y' }] }], { 'g.s.a': 15, 'g.s.b': 15, 'g.y': 40 })
    expect(settlement).toMatchObject({ error: { code: 'BRANCHES_FAILED', errors: [{ code: 'TIMEOUT', path: 'g.s' }] } })
    expect(events.filter(({ path }) => path === 'g.s.c')).toEqual([])
    expect(events.find(({ type }) => type === 'group.joined')).toMatchObject({ data: { completed: 1, failed: 1, cancelled: 0 } })
  })

  test('of an inner group does not end the outer one, which may go on without it', async () => {
    const inner: Draft = { id: 'h', timeoutMs: 10, parallel: [{ id: 'x' }, { id: 'y' }] }
    const stages: Draft[] = [{ id: 'g', timeoutMs: 100, rule: 'continue', parallel: [inner, { id: 'z' }] }, { id: 'b' }]
    const { settlement, events } = await timed(stages, { 'g.h.x': 50, 'g.z': 30 })
    expect(settlement).toEqual({ status: 'done', output: 'b' })
    const joined = events.filter(({ type }) => type === 'group.joined')
    expect(joined).toMatchObject([{ path: 'g.h', data: { status: 'failed' } }, { path: 'g', data: { status: 'completed', completed: 1, failed: 1 } }])
  })

  test('of an outer group stops all that is inside, however deep', async () => {
    const deep: Draft = { id: 'h', parallel: [{ id: 's', sequence: [{ id: 'x' }, { id: 'y' }] }] }
    const { settlement, aborted, events } = await timed([{ id: 'g', timeoutMs: 20, parallel: [deep, { id: 'z' }] }], { 'g.h.s.x': 50 })
    expect(settlement).toMatchObject({ status: 'failed', error: { code: 'TIMEOUT', path: 'g' } })
    expect(aborted).toEqual(['g.h.s.x'])
    expect(events.flatMap((event) => (event.type === 'group.joined' ? [[event.path, event.data.status]] : []))).toEqual([
      ['g.h', 'cancelled'],
      ['g', 'failed'],
    ])
  })

  test('counts the time of its reducer', async () => {
    const { settlement } = await timed([{ id: 'g', timeoutMs: 20, reduce: { call: 'gather' }, parallel }], { 'g.reduce': 30 })
    expect(settlement).toMatchObject({ status: 'failed', error: { code: 'TIMEOUT', path: 'g' } })
  })

  test('goes on counting while the process is away', async () => {
    const bench: Bench = createBench((_, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))))
    const handle = await bench.start(draftWorkflow([{ id: 'g', timeoutMs: 100, parallel }]))
    bench.clock.advance(30)
    await handle.interrupt()
    bench.clock.advance(60)
    const again = await bench.host.resume({ runId: 'run' })
    const before = bench.clock.now()
    expect(await bench.settled(again)).toMatchObject({ status: 'failed', error: { code: 'TIMEOUT' } })
    expect(bench.clock.now() - before).toBe(10)
  })
})

describe('the wait before another attempt', () => {
  test('is what is left of it when the run comes back', async () => {
    let left = 1
    const bench = createBench(() => {
      left -= 1
      if (left >= 0) throw new RetryableError('BUSY', 'busy')
      return 'done'
    })
    const handle = await bench.start(draftWorkflow([{ id: 'a', retry: { attempts: 2, initialMs: 100 } }]))
    while (!eventsOf(handle).some(({ type }) => type === 'step.retrying')) await new Promise(setImmediate)
    bench.clock.advance(40)
    await handle.interrupt()
    const again = await bench.host.resume({ runId: 'run' })
    const before = bench.clock.now()
    expect(await bench.settled(again)).toEqual({ status: 'done', output: 'done' })
    expect(bench.clock.now() - before).toBe(60)
  })
})

describe('a clock that jumps while nobody works on a run', () => {
  const hours = 3_600_000
  const waits = draftWorkflow([{ id: 'a', retry: { attempts: 2, initialMs: 10 * hours, maxMs: 10 * hours, totalMs: 100 * hours } }])

  /** Kills a run in the wait before its second attempt, and takes it up by a clock that is so much on. */
  async function takenUp(jumpMs: number) {
    const store = createMemoryStore()
    const failing = createBench(() => Promise.reject(new RetryableError('SERVER', 'no')), { store })
    const first = await failing.start(waits)
    while (!eventsOf(first).some(({ type }) => type === 'step.retrying')) await new Promise(setImmediate)
    await first.interrupt()
    const bench = createBench(() => 'done', { store })
    bench.clock.advance(jumpMs)
    const handle = await bench.host.resume({ runId: 'run' })
    bench.clock.advance(0)
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate)
    const isOver = (): boolean => eventsOf(handle).some(({ type }) => type === 'run.settled')
    const atOnce = isOver()
    return { bench, handle, isOver, atOnce }
  }

  test('beyond a timer has it ring at once', async () => {
    const { handle, atOnce } = await takenUp(11 * hours)
    expect(atOnce).toBe(true)
    expect(await handle.settled).toEqual({ status: 'done', output: 'done' })
  })

  test.each([['forwards', 9 * hours], ['backwards', -3 * hours]])('%s leaves the timer at the instant it had', async (_, jumpMs) => {
    const { bench, handle, isOver, atOnce } = await takenUp(jumpMs)
    expect(atOnce).toBe(false)
    bench.clock.advance(10 * hours - jumpMs - 1)
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate)
    expect(isOver()).toBe(false)
    bench.clock.advance(1)
    expect(await handle.settled).toEqual({ status: 'done', output: 'done' })
    expect(bench.clock.pending).toBe(0)
  })
})
