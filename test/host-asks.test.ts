import { describe, expect, test } from 'vitest'
import type { RunHandle } from '../src/hosts/host.ts'
import type { Json } from '../src/json.ts'
import { type ActBench, call, createActBench, told, workflowOf } from './act-bench.ts'
import { cutStore } from './retry-bench.ts'
import { eventsOf } from './run-embedded.ts'

const answer = (ask: string, value: Json) => ({ type: 'answer', ask, value }) as const

/** Goes on with what is in the store's journal up to `cut`, as another process does after a kill. */
async function taken(bench: ActBench, cut?: number): Promise<{ bench: ActBench; handle: RunHandle }> {
  const { spec, events } = await bench.store.read('run')
  const other = createActBench(bench.work, { store: await cutStore(spec, events.slice(0, cut)), now: bench.clock.now() })
  return { bench: other, handle: await other.host.resume({ runId: 'run' }) }
}

describe('a question', () => {
  test('is opened, said to be waited for, and its answer is the output, while siblings go on', async () => {
    const bench = createActBench()
    const handle = await bench.begin(workflowOf([{ id: 'g', parallel: [{ id: 'q', ask: { message: 'Go?', options: ['yes', 'no'] } }, call('w')] }]))
    await bench.quiet()
    expect(bench.executed).toEqual(['g.w'])
    expect(told(handle, 'ask.opened', 'run.waiting')).toEqual([
      { type: 'ask.opened', path: 'g.q', ask: 'g.q', message: 'Go?', options: ['yes', 'no'] },
      { type: 'run.waiting', path: undefined, asks: ['g.q'] },
    ])
    await handle.act(answer('g.q', 'yes'))
    expect(await handle.settled).toEqual({ status: 'done', output: ['yes', 'g.w'] })
  })

  test('takes only what fits: one of the options, a value of the schema, written as text or not', async () => {
    const bench = createActBench()
    const handle = await bench.begin(workflowOf([
      { id: 'g', parallel: [{ id: 'n', ask: { message: '?', schema: { type: 'integer', maximum: 20 } } }, { id: 'o', ask: { message: '?', options: [1, true, 'x'] } }, { id: 't', ask: 'Name?' }] },
    ]))
    await bench.quiet()
    const invalid = (part: string) => ({ code: 'ANSWER_INVALID', kind: 'usage', message: expect.stringContaining(part) })
    await expect(handle.act(answer('g.n', 'many'))).rejects.toMatchObject(invalid('g.n'))
    await expect(handle.act(answer('g.n', '25'))).rejects.toMatchObject(invalid('20'))
    await expect(handle.act(answer('g.o', 'y'))).rejects.toMatchObject(invalid('1, true, "x"'))
    await expect(handle.act(answer('g', 'y'))).rejects.toMatchObject({ code: 'ASK_NOT_OPEN', message: expect.stringContaining('g.n, g.o, g.t') })
    await handle.act(answer('g.n', '15'))
    await handle.act(answer('g.o', 'true'))
    await expect(handle.act(answer('g.o', 'true'))).rejects.toMatchObject({ code: 'ASK_NOT_OPEN' })
    await handle.act(answer('g.t', '12'))
    expect(await handle.settled).toEqual({ status: 'done', output: [15, true, '12'] })
    await expect(handle.act(answer('g.t', '12'))).rejects.toMatchObject({ code: 'RUN_SETTLED' })
  })

  test('that expires fails the step, also when nobody worked on the run then; an answer after that comes too late', async () => {
    const bench = createActBench()
    const workflow = workflowOf([{ id: 'q', ask: { message: '?', expires: '10s' } }])
    const handle = await bench.begin(workflow)
    await bench.quiet()
    await handle.interrupt()
    bench.clock.advance(10_000)
    await expect(bench.host.act('run', answer('q', 'yes'))).rejects.toMatchObject({ code: 'ASK_NOT_OPEN', message: expect.stringContaining('2026-01-01T00:00:10') })
    const again = await bench.host.resume({ runId: 'run' })
    expect(await bench.settled(again)).toMatchObject({ status: 'failed', error: { code: 'ASK_EXPIRED', path: 'q' } })
    expect(told(again, 'ask.expired')).toHaveLength(1)
  })

  test('may be open for months', async () => {
    const bench = createActBench()
    const handle = await bench.begin(workflowOf([{ id: 'q', ask: { message: '?', expires: '2000h' } }]))
    await bench.quiet()
    bench.clock.advance(1999 * 3_600_000)
    await handle.act(answer('q', 'late'))
    expect(await handle.settled).toEqual({ status: 'done', output: 'late' })
  })

  test('is asked once: a process that dies leaves it open, and an answer is never lost', async () => {
    const bench = createActBench()
    const handle = await bench.begin(workflowOf([call('a'), { id: 'q', ask: '?' }, call('b')]))
    await bench.quiet()
    const open = eventsOf(handle).length
    await handle.act(answer('q', 'blue'))
    expect(await handle.settled).toEqual({ status: 'done', output: 'b' })
    const answered = eventsOf(handle).findIndex(({ type }) => type === 'ask.answered') + 1
    for (let cut = open - 2; cut <= open; cut += 1) {
      const other = await taken(bench, cut)
      await other.bench.quiet()
      expect(told(other.handle, 'ask.opened')).toHaveLength(1)
      await other.handle.act(answer('q', 'red'))
      expect(await other.handle.settled).toMatchObject({ status: 'done' })
      expect(told(other.handle, 'step.completed')).toContainEqual({ type: 'step.completed', path: 'q', output: 'red' })
    }
    const other = await taken(bench, answered)
    expect(await other.handle.settled).toMatchObject({ status: 'done' })
    expect(told(other.handle, 'step.completed')).toContainEqual({ type: 'step.completed', path: 'q', output: 'blue' })
    expect(told(other.handle, 'ask.opened')).toHaveLength(1)
  })

  test('is answered while nobody works on the run, which goes on from there', async () => {
    const bench = createActBench()
    const handle = await bench.begin(workflowOf([{ id: 'q', ask: '?' }, call('b')]), { noWait: true })
    expect(await bench.settled(handle)).toEqual({ status: 'waiting' })
    await expect(handle.act(answer('q', 'x'))).rejects.toMatchObject({ code: 'RUN_STOPPING' })
    await expect(bench.host.act('run', { type: 'pause' })).rejects.toMatchObject({ code: 'RUN_NOT_WRITTEN' })
    await expect(bench.host.act('run', answer('nope', 'x'))).rejects.toMatchObject({ code: 'ASK_NOT_OPEN' })
    expect((await bench.store.list())[0]).toMatchObject({ status: 'waiting', owner: null })
    expect(await bench.host.act('run', answer('q', 'x'))).toBe('saved')
    await expect(bench.host.act('run', answer('q', 'y'))).rejects.toMatchObject({ code: 'ASK_NOT_OPEN' })
    expect(bench.executed).toEqual([])
    expect(await (await bench.host.resume({ runId: 'run' })).settled).toEqual({ status: 'done', output: 'b' })
    await expect(bench.host.act('run', answer('q', 'y'))).rejects.toMatchObject({ code: 'RUN_SETTLED' })
    await expect(bench.host.act('none', answer('q', 'y'))).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
  })

  test('has secrets taken out of it and of its answer', async () => {
    const bench = createActBench(undefined, { env: { MY_TOKEN: 'hunter2hunter2' } })
    const handle = await bench.begin(workflowOf([{ id: 'q', ask: { message: 'Use ${{ input }}?' } }, { id: 'e', wait: { event: 'paid' } }]), { input: 'hunter2hunter2' })
    await bench.quiet()
    await handle.act(answer('q', 'use hunter2hunter2'))
    await bench.quiet()
    await handle.act({ type: 'send', event: 'paid', payload: { key: 'hunter2hunter2' } })
    await handle.settled
    expect(JSON.stringify(eventsOf(handle))).not.toContain('hunter2')
  })

  test('has a name of its own each time: in rounds, in items, and when it is asked again', async () => {
    const bench = createActBench()
    const handle = await bench.begin(workflowOf([
      { id: 'm', map: { over: [1, 2], do: { id: 'q', ask: 'Item ${{ item }}?' } } },
      { id: 'l', loop: { do: { id: 'q', ask: 'Round ${{ loop.iteration }}?' }, until: "prev == 'stop'", max: 3 } },
      { id: 'r', review: { work: call('w'), reviewer: { id: 'q', ask: 'Good?' }, approved: "prev == 'yes'" } },
    ]))
    const given: string[] = []
    for (const value of ['a', 'b', 'go', 'stop', 'no', 'yes']) {
      await bench.quiet()
      const [ask] = bench.open(handle)
      given.push(ask ?? '')
      await handle.act(answer(ask ?? '', value))
    }
    expect(given).toEqual(['m.0.q', 'm.1.q', 'l.q', 'l.q~2', 'r.q', 'r.q~2'])
    expect(await handle.settled).toEqual({ status: 'done', output: 'r.w' })
  })

  test('that a subscriber stops the run at ends with it', async () => {
    const bench = createActBench()
    const handle = await bench.begin(workflowOf([{ id: 'q', ask: '?' }]))
    handle.subscribe(({ type }) => {
      if (type === 'ask.opened') void handle.interrupt()
    })
    expect(await bench.settled(handle)).toEqual({ status: 'interrupted' })
  })

  test('of a step that is stopped or comes after what is run again is open no more', async () => {
    const bench = createActBench()
    const handle = await bench.begin(workflowOf([call('a'), { id: 'g', parallel: [{ id: 'q', ask: '?' }, { id: 'p', ask: '?' }], on_branch_failure: 'continue' }]))
    await bench.quiet()
    await handle.act({ type: 'cancel', path: 'g.p', reason: 'no' })
    expect(bench.open(handle)).toEqual(['g.q'])
    await expect(handle.act(answer('g.p', 'x'))).rejects.toMatchObject({ code: 'ASK_NOT_OPEN' })
    const held = bench.hold('a')
    await handle.act({ type: 'retry', again: ['a'] })
    await bench.quiet()
    await expect(handle.act(answer('g.q', 'x'))).rejects.toMatchObject({ code: 'ASK_NOT_OPEN' })
    held()
    await bench.quiet()
    await handle.act(answer('g.q~2', 'x'))
    await handle.act(answer('g.p~2', 'y'))
    expect(await handle.settled).toEqual({ status: 'done', output: ['x', 'y'] })
  })

  test('of another attempt that somebody asked for is asked anew', async () => {
    const bench = createActBench()
    const handle = await bench.begin(workflowOf([{ id: 'g', parallel: [{ id: 'q', ask: '?' }, { id: 'p', ask: '?' }] }]))
    await bench.quiet()
    await handle.act(answer('g.q', 'first'))
    await handle.act({ type: 'retry', again: ['g.q'] })
    await bench.quiet()
    expect(bench.open(handle)).toEqual(['g.p', 'g.q~2'])
    await handle.act(answer('g.q~2', 'second'))
    await handle.act(answer('g.p', 'p'))
    expect(await handle.settled).toEqual({ status: 'done', output: ['second', 'p'] })
  })

  test('that was stopped with its group is asked anew when the group goes on', async () => {
    const bench = createActBench()
    bench.break('g.w')
    const handle = await bench.begin(workflowOf([{ id: 'g', parallel: [{ id: 'q', ask: '?' }, call('w')], on_branch_failure: 'fail_fast' }]))
    expect(await bench.settled(handle)).toMatchObject({ status: 'failed' })
    bench.mend()
    const again = await bench.host.resume({ runId: 'run', again: 'failed' })
    await bench.quiet()
    expect(bench.open(again)).toEqual(['g.q~2'])
    await again.act(answer('g.q~2', 'x'))
    expect(await again.settled).toEqual({ status: 'done', output: ['x', 'g.w'] })
  })
})

describe('on_failure: ask', () => {
  const asks = { on_failure: 'ask' }

  test('retries, goes on or fails, as a person says', async () => {
    for (const [said, end] of [
      ['continue', { status: 'done', output: 'b' }],
      ['fail', { status: 'failed', error: { code: 'BROKE', path: 'a' } }],
    ] as const) {
      const bench = createActBench()
      bench.break('a')
      const handle = await bench.begin(workflowOf([{ ...call('a'), ...asks }, call('b')]))
      await bench.quiet()
      expect(told(handle, 'ask.opened')).toMatchObject([{ ask: 'a.ask', options: ['retry', 'continue', 'fail'], message: expect.stringContaining('a broke') }])
      await handle.act(answer('a.ask', 'retry'))
      await bench.quiet()
      expect(bench.executed).toEqual(['a', 'a'])
      await handle.act(answer('a.ask~2', said))
      expect(await bench.settled(handle)).toMatchObject(end)
    }
  })

  test.each([
    ['in a branch of a group', [{ id: 'g', parallel: [{ ...call('x'), ...asks }, call('y')] }], 'g.x', ['g.x', 'g.y']],
    ['in a node of a graph', [{ id: 'g', graph: [{ ...call('x'), ...asks }, { ...call('y'), needs: ['x'] }], reduce: 'list' }], 'g.x', ['g.x', 'g.y']],
    ['in an item of a map', [{ id: 'm', map: { over: [1, 2], do: { ...call('x'), ...asks } } }], 'm.1.x', ['m.0.x', 'm.1.x']],
    ['in a loop', [{ id: 'l', loop: { do: { ...call('x'), ...asks }, max: 2 } }], 'l.x', 'l.x'],
    ['with a verify', [{ ...call('x'), verify: call('v'), ...asks }], 'x.v', 'x'],
    ['of a whole group', [{ id: 'g', parallel: [call('x'), call('y')], ...asks }], 'g.x', ['g.x', 'g.y']],
  ] as const)('%s: siblings go on, and a retry mends it, whoever answers', async (_, stages, broken, output) => {
    const whole = createActBench()
    whole.break(broken)
    const handle = await whole.begin(workflowOf(stages as never))
    await whole.quiet()
    const [ask = ''] = whole.open(handle)
    expect(ask).toMatch(/\.ask$/)
    whole.mend()
    // The process dies there: another one takes the answer.
    const other = await taken(whole)
    await other.bench.quiet()
    await other.handle.act(answer(ask, 'retry'))
    expect(await other.bench.settled(other.handle)).toEqual({ status: 'done', output })
    await handle.act(answer(ask, 'retry'))
    expect(await whole.settled(handle)).toEqual({ status: 'done', output })
  })
})
