import { describe, expect, test } from 'vitest'
import type { Json } from '../src/json.ts'
import { type Draft, draftWorkflow } from '../src/testing/draft-workflow.ts'
import { type Bench, createBench, eventsOf, type Work } from './run-embedded.ts'

const branches = (count: number): Draft[] => Array.from({ length: count }, (_, index) => ({ id: `b${index}` }))

/** A bench whose steps take so many ms of its clock; `peak` is how many ran at once at most. */
function timedBench(ms: (path: string) => number): { bench: Bench; peak: () => number } {
  let running = 0
  let most = 0
  const work: Work = ({ path }, signal) => {
    running += 1
    most = Math.max(most, running)
    return new Promise<Json>((resolve, reject) => {
      const end = (settle: () => void) => (): void => {
        running -= 1
        settle()
      }
      const stop = bench.clock.schedule(end(() => resolve(path)), ms(path))
      signal.addEventListener('abort', () => {
        stop()
        end(() => reject(signal.reason))()
      })
    })
  }
  const bench = createBench(work)
  return { bench, peak: () => most }
}

const started = Date.UTC(2026, 0, 1)

describe('branches of a group', () => {
  test('of 100 ms each run at once: the group takes 100 ms', async () => {
    const { bench, peak } = timedBench(() => 100)
    const handle = await bench.start(draftWorkflow([{ id: 'g', parallel: branches(2) }]))
    expect(await bench.settled(handle)).toMatchObject({ status: 'done' })
    expect(bench.clock.now() - started).toBe(100)
    expect(peak()).toBe(2)
    const spans = ['g.b0', 'g.b1'].map((path) => eventsOf(handle).filter((event) => event.path === path))
    const [first, second] = spans.map((events) => ({ from: Date.parse(events[1]?.at ?? ''), to: Date.parse(events.at(-1)?.at ?? '') }))
    expect(first).toEqual({ from: started, to: started + 100 })
    expect(second).toEqual(first)
  })

  test.each([1, 3, 10])('run %i at once when the run says so', async (cap) => {
    const { bench, peak } = timedBench(() => 10)
    const handle = await bench.start(draftWorkflow([{ id: 'g', parallel: branches(10) }]), { concurrency: cap })
    await bench.settled(handle)
    expect(peak()).toBe(cap)
    expect(bench.clock.now() - started).toBe(Math.ceil(10 / cap) * 10)
    const order = eventsOf(handle).flatMap(({ type, path }) => (type === 'step.started' ? [path] : []))
    expect(order).toEqual(branches(10).map(({ id }) => `g.${id}`))
  })

  test('share the cap with groups inside them, and in a wide group', async () => {
    const { bench, peak } = timedBench(() => 1)
    const workflow = draftWorkflow(
      [
        { id: 'g', parallel: [{ id: 'h', parallel: branches(4) }, { id: 's', sequence: branches(2) }, { id: 'x' }] },
        { id: 'wide', parallel: branches(70) },
      ],
      { limits: { concurrency: 5, agents: 20 } },
    )
    const handle = await bench.start(workflow)
    expect(await bench.settled(handle)).toMatchObject({ status: 'done' })
    expect(peak()).toBe(5)
  })

  test('give their place up while they back off', async () => {
    const bench = createBench(({ path, attempt }) => {
      if (path === 'g.b0' && attempt === 1) throw Object.assign(new Error('reset'), { code: 'ECONNRESET' })
      return path
    })
    const workflow = draftWorkflow([{ id: 'g', parallel: [{ id: 'b0', retry: { attempts: 2, initialMs: 50 } }, { id: 'b1' }] }])
    const handle = await bench.start(workflow, { concurrency: 1 })
    expect(await bench.settled(handle)).toEqual({ status: 'done', output: ['g.b0', 'g.b1'] })
    const order = eventsOf(handle).flatMap(({ type, path }) => (type === 'step.started' || type === 'step.completed' ? [`${type} ${path}`] : []))
    expect(order).toEqual(['step.started g.b0', 'step.started g.b1', 'step.completed g.b1', 'step.started g.b0', 'step.completed g.b0'])
    expect(bench.clock.now() - started).toBe(50)
  })

  test('that finish in reverse are reduced in branch order', async () => {
    const reversed = (path: string): number => 100 - Number(path.replace(/\D/g, ''))
    for (const reduce of ['list', 'concat', 'first'] as const) {
      const { bench } = timedBench(reversed)
      const handle = await bench.start(draftWorkflow([{ id: 'g', reduce, parallel: branches(20) }]))
      const { output } = await bench.settled(handle)
      const finished = eventsOf(handle).flatMap(({ type, path }) => (type === 'step.completed' ? [path ?? ''] : []))
      const inOrder = branches(20).map(({ id }) => `g.${id}`)
      expect(finished).toEqual([...inOrder].reverse())
      expect(output).toEqual({ list: inOrder, concat: inOrder.join('\n\n'), first: 'g.b0' }[reduce])
    }
  })
})

describe('agent steps', () => {
  const agents = { poet: { uses: 'scripted' as const, replies: [{ output: 'x' }] } }
  const agentBranches = branches(4).map(({ id }) => ({ id, agent: 'poet' }))

  test('of all runs of a host share its limit, and others do not wait for them', async () => {
    const { bench, peak } = timedBench(() => 10)
    const workflow = draftWorkflow([{ id: 'g', parallel: agentBranches }], { agents, limits: { concurrency: 9, agents: 2 } })
    const [one, other] = [await bench.start(workflow, { runId: 'one' }), await bench.start(workflow, { runId: 'other' })]
    expect(await bench.settled(one)).toMatchObject({ status: 'done' })
    expect(await bench.settled(other)).toMatchObject({ status: 'done' })
    expect(peak()).toBe(2)
    expect(bench.clock.now() - started).toBe(40)
  })

  test('give their places back when their run is cancelled', async () => {
    const { bench } = timedBench(() => 10)
    const workflow = draftWorkflow([{ id: 'g', parallel: agentBranches }], { agents, limits: { concurrency: 9, agents: 1 } })
    const one = await bench.start(workflow, { runId: 'one' })
    const other = await bench.start(draftWorkflow([{ id: 'a', agent: 'poet' }], { agents, limits: { concurrency: 9, agents: 1 } }), { runId: 'other' })
    one.cancel('enough')
    expect(await bench.settled(one)).toMatchObject({ status: 'cancelled' })
    expect(await bench.settled(other)).toEqual({ status: 'done', output: 'a' })
  })
})

describe('a group that fails fast', () => {
  const failing = (path: string): boolean => path === 'g.b1' || path === 'wide.b40'

  test.each([
    ['narrow', { id: 'g', rule: 'fail_fast' as const, parallel: branches(5) }, 5],
    ['wide', { id: 'wide', rule: 'fail_fast' as const, parallel: branches(70) }, 70],
  ])('%s, stops the others at once and starts none of those that wait', async (_, group, count) => {
    const aborted: string[] = []
    const begun: string[] = []
    const bench: Bench = createBench(
      ({ path }, signal) =>
        new Promise((resolve, reject) => {
          begun.push(path)
          const stop = bench.clock.schedule(() => (failing(path) ? reject(new Error('broke')) : resolve(path)), failing(path) ? 20 : 1_000)
          signal.addEventListener('abort', () => {
            aborted.push(path)
            stop()
            reject(signal.reason)
          })
        }),
    )
    const handle = await bench.start(draftWorkflow([group]), { concurrency: 50 })
    const settlement = await bench.settled(handle)
    expect(bench.clock.now() - started).toBe(20)
    const at = count === 5 ? 'g.b1' : 'wide.b40'
    expect(settlement).toMatchObject({ status: 'failed', error: { code: 'BRANCHES_FAILED', errors: [{ path: at, message: 'broke' }] } })
    expect(begun).toHaveLength(Math.min(count, 50))
    expect(aborted.sort()).toEqual(begun.filter((path) => path !== at).sort())
    const cancelled = eventsOf(handle).filter(({ type }) => type === 'step.cancelled')
    expect(cancelled).toHaveLength(count - 1)
    expect(cancelled.every(({ data }) => 'reason' in data && data.reason === `"${at}" failed`)).toBe(true)
    expect(eventsOf(handle).find(({ type }) => type === 'group.joined')).toMatchObject({
      data: { status: 'failed', completed: 0, failed: 1, skipped: 0, cancelled: count - 1 },
    })
  })
})
