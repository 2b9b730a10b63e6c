import { describe, expect, test } from 'vitest'
import { call, createActBench, told, workflowOf } from './act-bench.ts'
import { cutStore } from './retry-bench.ts'
import { eventsOf } from './run-embedded.ts'

const cancel = (path: string) => ({ type: 'cancel', path, reason: 'enough' }) as const

/** The run comes to the same end from anywhere in its journal. */
async function expectReplayed(bench: ReturnType<typeof createActBench>, from: number): Promise<void> {
  const { spec, events } = await bench.store.read('run')
  const last = events.at(-1)
  for (let cut = from; cut < events.length; cut += 1) {
    const other = createActBench(bench.work, { store: await cutStore(spec, events.slice(0, cut)), now: bench.clock.now() })
    const again = await other.host.resume({ runId: 'run' })
    expect(await other.settled(again), `cut after ${cut}`).toEqual(last?.type === 'run.settled' ? last.data : undefined)
  }
}

describe('one step that is cancelled', () => {
  test('of a group: its siblings go on, and the group ends as its rules say', async () => {
    const ends = [
      ['settle', { status: 'cancelled' }],
      ['continue', { status: 'done', output: 'g.b' }],
    ] as const
    for (const [rule, end] of ends) {
      const bench = createActBench()
      const open = [bench.hold('g.a'), bench.hold('g.b')]
      const handle = await bench.begin(workflowOf([{ id: 'g', parallel: [call('a'), call('b')], on_branch_failure: rule }]))
      await bench.quiet()
      await handle.act(cancel('g.a'))
      const before = eventsOf(handle).length
      await bench.quiet()
      expect(told(handle, 'step.cancelled')).toEqual([{ type: 'step.cancelled', path: 'g.a', reason: 'enough', by: 'g.a' }])
      for (const release of open) release()
      expect(await bench.settled(handle), rule).toMatchObject(end)
      await expectReplayed(bench, before)
    }
  })

  test('in a row ends the row', async () => {
    const bench = createActBench()
    bench.hold('a')
    const handle = await bench.begin(workflowOf([call('a'), call('b')]))
    await bench.quiet()
    await handle.act(cancel('a'))
    expect(await bench.settled(handle)).toMatchObject({ status: 'cancelled' })
    expect(bench.executed).toEqual(['a'])
  })

  test('before it has a place, while it waits for another attempt or for a time', async () => {
    const bench = createActBench()
    bench.hold('g.a')
    bench.break('g.c')
    const handle = await bench.begin(workflowOf([
      { id: 'g', parallel: [call('a'), call('b'), { id: 'w', wait: '10h' }], on_branch_failure: 'continue', reduce: 'list' },
    ], { limits: { concurrency: 1 } }))
    await bench.quiet()
    for (const path of ['g.b', 'g.w', 'g.a']) await handle.act(cancel(path))
    expect(await bench.settled(handle)).toEqual({ status: 'done', output: [] })
    expect(bench.executed).toEqual(['g.a'])
    expect(bench.clock.pending).toBe(0)
  })

  test('must be at work', async () => {
    const bench = createActBench()
    bench.hold('b')
    const handle = await bench.begin(workflowOf([call('a'), call('b')]))
    await bench.quiet()
    for (const path of ['a', 'c', 'b.x', '']) await expect(handle.act(cancel(path)), path).rejects.toMatchObject({ code: 'STEP_NOT_ACTIVE' })
    await handle.interrupt()
  })

  test('has secrets taken out of the reason', async () => {
    const bench = createActBench(undefined, { env: { MY_TOKEN: 'hunter2hunter2' } })
    bench.hold('a')
    const handle = await bench.begin(workflowOf([call('a')]))
    await bench.quiet()
    await handle.act({ type: 'cancel', path: 'a', reason: 'hunter2hunter2' })
    await handle.settled
    expect(JSON.stringify(eventsOf(handle))).not.toContain('hunter2')
  })
})

describe('a group that is cancelled', () => {
  test('begins none of the branches that were still to come', async () => {
    const bench = createActBench()
    const over = Array.from({ length: 40 }, (_, index) => index)
    bench.hold('g.m.0.x')
    bench.hold('g.m.1.x')
    const inner = { id: 'm', map: { over, do: call('x'), concurrency: 2 } }
    const handle = await bench.begin(workflowOf([{ id: 'g', parallel: [inner, call('b')], on_branch_failure: 'continue', reduce: 'list' }, call('c')]))
    await bench.quiet()
    await handle.act(cancel('g.m'))
    const before = eventsOf(handle).length
    expect(await bench.settled(handle)).toEqual({ status: 'done', output: 'c' })
    expect(bench.executed.toSorted()).toEqual(['c', 'g.b', 'g.m.0.x', 'g.m.1.x'])
    await expectReplayed(bench, before)
  })

  test('of a loop or a sequence does not go on with its rest', async () => {
    for (const block of [{ id: 'l', loop: { do: call('x'), max: 3 } }, { id: 'l', sequence: [call('x'), call('y')] }]) {
      const bench = createActBench()
      bench.hold('g.l.x')
      const handle = await bench.begin(workflowOf([{ id: 'g', parallel: [block, call('b')], on_branch_failure: 'continue' }]))
      await bench.quiet()
      await handle.act(cancel('g.l'))
      expect(await bench.settled(handle)).toEqual({ status: 'done', output: 'g.b' })
      expect(bench.executed).toEqual(['g.l.x', 'g.b'])
    }
  })
})

describe('a run that nobody works on', () => {
  test('is cancelled at once, or one of its steps is', async () => {
    const bench = createActBench()
    const group = { id: 'g', parallel: [{ id: 'q', ask: '?' }, { id: 'p', ask: '?' }], on_branch_failure: 'continue' }
    const handle = await bench.begin(workflowOf([group, call('c')]), { noWait: true })
    await handle.settled
    expect(await bench.host.act('run', cancel('g.q'))).toBe('saved')
    expect((await bench.store.list())[0]?.status).toBe('interrupted')
    expect(await bench.host.act('run', { type: 'cancel', reason: 'over' })).toBe('saved')
    expect((await bench.store.list())[0]?.status).toBe('cancelled')
    await expect(bench.host.act('run', { type: 'cancel', reason: 'over' })).rejects.toMatchObject({ code: 'RUN_SETTLED' })
    expect(bench.executed).toEqual([])
  })

  test('is acted on by many at once, one after another', async () => {
    const bench = createActBench()
    const parallel = Array.from({ length: 12 }, (_, index) => ({ id: `q${index}`, ask: '?' }))
    await (await bench.begin(workflowOf([{ id: 'g', parallel }]), { noWait: true })).settled
    const results = await Promise.all(parallel.map(({ id }) => bench.host.act('run', { type: 'answer', ask: `g.${id}`, value: id })))
    expect(results).toHaveLength(12)
    const again = await bench.host.resume({ runId: 'run' })
    expect(await bench.settled(again)).toEqual({ status: 'done', output: parallel.map(({ id }) => id) })
  })
})

describe('a run that is paused', () => {
  test('starts no further step, lets those under way end, and is interrupted then', async () => {
    const bench = createActBench()
    const open = bench.hold('g.a')
    const handle = await bench.begin(workflowOf([{ id: 'g', parallel: [call('a'), { id: 'q', ask: '?' }, { id: 'w', wait: '10h' }] }, call('b')]))
    await bench.quiet()
    await handle.act({ type: 'pause' })
    await bench.quiet()
    expect(told(handle, 'run.paused')).toEqual([])
    open()
    expect(await handle.settled).toEqual({ status: 'interrupted' })
    expect(told(handle, 'run.paused')).toMatchObject([{ reason: 'paused' }])
    const again = await bench.host.resume({ runId: 'run' })
    await bench.quiet()
    expect(bench.executed).toEqual(['g.a'])
    await again.act({ type: 'answer', ask: 'g.q', value: 'x' })
    bench.clock.advance(36_000_000)
    expect(await bench.settled(again)).toEqual({ status: 'done', output: 'b' })
  })

  test('has its steps that are still to come wait, and ends if none is left', async () => {
    const bench = createActBench()
    const open = bench.hold('a')
    const handle = await bench.begin(workflowOf([call('a'), call('b')]))
    await bench.quiet()
    await handle.act({ type: 'pause' })
    open()
    expect(await handle.settled).toEqual({ status: 'interrupted' })
    expect(bench.executed).toEqual(['a'])
    expect(await (await bench.host.resume({ runId: 'run' })).settled).toEqual({ status: 'done', output: 'b' })
  })
})

describe('an action with an id', () => {
  const go = { type: 'send', event: 'go', payload: 1, id: 'once' } as const

  test('counts once, also when the process that took it has died before it was heard of', async () => {
    const bench = createActBench()
    const handle = await bench.begin(workflowOf([{ id: 'w', wait: { event: 'go' } }, { id: 'x', wait: { event: 'go' } }]))
    await bench.quiet()
    await handle.act(go)
    await bench.quiet()
    await handle.act(go)
    const { spec, events } = await bench.store.read('run')
    expect(events.filter(({ type }) => type === 'event.received')).toMatchObject([{ data: { event: 'go', action: 'once' } }])

    const next = createActBench(bench.work, { store: await cutStore(spec, events), now: bench.clock.now() })
    expect(await next.host.act('run', go)).toBe('taken')
    const again = await next.host.resume({ runId: 'run' })
    await next.quiet()
    await again.act(go)
    expect(told(again, 'event.received')).toHaveLength(1)
    await again.act({ ...go, id: 'twice' })
    expect(await next.settled(again)).toEqual({ status: 'done', output: 1 })
    expect(await next.host.act('run', go)).toBe('taken')
    await expect(next.host.act('run', { ...go, id: 'thrice' })).rejects.toMatchObject({ code: 'RUN_SETTLED' })
  })

  test('is given one, under which it is in the journal, also by who acts on a run that nobody works on', async () => {
    const bench = createActBench()
    const handle = await bench.begin(workflowOf([{ id: 'w', wait: { event: 'go' } }]))
    await bench.quiet()
    await handle.interrupt()
    expect(await bench.host.act('run', { type: 'send', event: 'go', payload: 1 })).toBe('saved')
    const received = (await bench.store.read('run')).events.filter(({ type }) => type === 'event.received')
    expect(received).toMatchObject([{ data: { action: expect.stringMatching(/^[0-9a-f-]{36}$/) } }])
  })

  test('of an answer is not told that somebody else was faster', async () => {
    const bench = createActBench()
    const handle = await bench.begin(workflowOf([{ id: 'q', ask: 'Go on?' }, { id: 'w', wait: '10h' }]))
    await bench.quiet()
    const [opened] = eventsOf(handle).filter(({ type }) => type === 'ask.opened')
    const ask = opened?.type === 'ask.opened' ? opened.data.ask : ''
    const answer = { type: 'answer', ask, value: 'yes', id: 'mine' } as const
    await handle.act(answer)
    await handle.act(answer)
    await expect(handle.act({ ...answer, id: 'other' })).rejects.toMatchObject({ code: 'ASK_NOT_OPEN' })
    expect(told(handle, 'ask.answered')).toHaveLength(1)
  })

  test('of a retry runs its steps again once', async () => {
    const bench = createActBench()
    bench.break('g.a')
    const handle = await bench.begin(workflowOf([{ id: 'g', parallel: [call('a'), { id: 'w', wait: '10h' }], on_branch_failure: 'continue' }]))
    await bench.quiet()
    const retry = { type: 'retry' as const, again: ['g.a'], id: 'mine' }
    await handle.act(retry)
    await bench.quiet()
    await handle.act(retry)
    await bench.quiet()
    expect(told(handle, 'run.resumed')).toHaveLength(1)
    expect(bench.executed.filter((path) => path === 'g.a')).toHaveLength(2)
  })
})

test('who acts on a run whose process died before it said how it ended is told that it is over, and it says so then', async () => {
  const bench = createActBench()
  await bench.settled(await bench.begin(workflowOf([call('a')])))
  const { spec, events } = await bench.store.read('run')
  const other = createActBench(bench.work, { store: await cutStore(spec, events.slice(0, -1)), now: bench.clock.now() })
  await expect(other.host.act('run', { type: 'cancel', reason: 'enough' })).rejects.toMatchObject({ code: 'RUN_SETTLED' })
  expect((await other.store.read('run')).events.at(-1)).toMatchObject({ type: 'run.settled', data: { status: 'done', output: 'a' } })
})
