import { describe, expect, test } from 'vitest'
import { call, createActBench, told, workflowOf } from './act-bench.ts'
import { cutStore } from './retry-bench.ts'
import { eventsOf } from './run-embedded.ts'

const send = (event: string, payload: number | string | null = null) => ({ type: 'send', event, payload }) as const

describe('an event that is sent to a run', () => {
  test('goes to all who wait for one of its name, and to nobody else', async () => {
    const bench = createActBench()
    const waits = (id: string, event: string) => ({ id, wait: { event } })
    const handle = await bench.begin(workflowOf([{ id: 'g', parallel: [waits('a', 'paid-${{ input }}'), waits('b', 'paid-7'), waits('c', 'other')] }]), { input: '7' })
    await bench.quiet()
    await handle.act(send('paid-7', 12))
    await bench.quiet()
    expect(told(handle, 'step.completed')).toMatchObject([{ path: 'g.a', output: 12 }, { path: 'g.b', output: 12 }])
    await handle.act(send('other', 'x'))
    expect(await handle.settled).toEqual({ status: 'done', output: [12, 12, 'x'] })
  })

  test('before anybody waits for it is kept for the first who will; each is given once', async () => {
    const bench = createActBench()
    const open = bench.hold('a')
    const handle = await bench.begin(workflowOf([call('a'), { id: 'one', wait: { event: 'go' } }, { id: 'two', wait: { event: 'go' } }, { id: 'three', wait: { event: 'go', timeout: '2s' } }]))
    await bench.quiet()
    await handle.act(send('go', 1))
    await handle.act(send('go', 2))
    open()
    expect(await bench.settled(handle)).toMatchObject({ status: 'failed', error: { code: 'ASK_EXPIRED', path: 'three' } })
    expect(told(handle, 'step.completed').slice(1)).toMatchObject([{ path: 'one', output: 1 }, { path: 'two', output: 2 }])
  })

  test('is kept in the journal: wherever the process dies, it reaches who waits', async () => {
    const bench = createActBench()
    const open = bench.hold('a')
    const handle = await bench.begin(workflowOf([{ id: 'g', parallel: [call('a'), { id: 'w', wait: { event: 'go' } }] }]))
    await bench.quiet()
    await handle.act(send('go', 'now'))
    open()
    expect(await bench.settled(handle)).toEqual({ status: 'done', output: ['g.a', 'now'] })
    const { spec, events } = await bench.store.read('run')
    const received = events.findIndex(({ type }) => type === 'event.received') + 1
    expect(received).toBeGreaterThan(0)
    for (let cut = received; cut < events.length; cut += 1) {
      const other = createActBench(undefined, { store: await cutStore(spec, events.slice(0, cut)) })
      const again = await other.host.resume({ runId: 'run' })
      expect(await other.settled(again), `cut after ${cut}`).toEqual({ status: 'done', output: ['g.a', 'now'] })
      expect(told(again, 'ask.answered')).toHaveLength(1)
    }
  })

  test('while nobody works on the run is saved for whoever resumes it', async () => {
    const bench = createActBench()
    const handle = await bench.begin(workflowOf([{ id: 'w', wait: { event: 'go' } }, { id: 'v', wait: { event: 'later' } }]), { noWait: true })
    expect(await handle.settled).toEqual({ status: 'waiting' })
    expect(await bench.host.act('run', send('later', 'two'))).toBe('saved')
    expect(await bench.host.act('run', send('go', 'one'))).toBe('saved')
    const again = await bench.host.resume({ runId: 'run' })
    expect(await again.settled).toEqual({ status: 'done', output: 'two' })
    expect(eventsOf(again).map(({ seq }) => seq)).toEqual(eventsOf(again).map((_, index) => index + 1))
  })

  test('is no answer to a person\'s question', async () => {
    const bench = createActBench()
    const handle = await bench.begin(workflowOf([{ id: 'w', wait: { event: 'go' } }]))
    await bench.quiet()
    await expect(handle.act({ type: 'answer', ask: 'w', value: 1 })).rejects.toMatchObject({ code: 'ASK_NOT_OPEN' })
    await handle.interrupt()
  })
})
