import { describe, expect, test } from 'vitest'
import { call, createActBench, told, workflowOf } from './act-bench.ts'

/** What runs again of groups that failed by themselves: at their time limit, or by their output. */

describe('a list that failed by itself, run again', () => {
  test('after its time limit: only what was stopped', async () => {
    const bench = createActBench()
    const open = bench.hold('s.y')
    const handle = await bench.begin(workflowOf([{ id: 's', timeout: '1s', sequence: [call('x'), call('y')] }]))
    expect(await bench.settled(handle)).toMatchObject({ status: 'failed', error: { code: 'TIMEOUT', path: 's' } })
    expect(told(handle, 'step.failed')).toMatchObject([{ path: 's', error: { code: 'TIMEOUT' } }])
    open()
    const again = await bench.host.resume({ runId: 'run', again: 'failed' })
    expect(await bench.settled(again)).toEqual({ status: 'done', output: 's.y' })
    expect(bench.executed).toEqual(['s.x', 's.y', 's.y'])
    await expect(bench.host.resume({ runId: 'run', again: 'failed' })).rejects.toMatchObject({ code: 'NOTHING_TO_RETRY' })
  })

  test('by its output: all of it, until it fits', async () => {
    let output: string | number = 'text'
    const bench = createActBench(() => output)
    const handle = await bench.begin(workflowOf([{ id: 's', output: { type: 'number' }, sequence: [call('x'), call('y')] }]))
    expect(await bench.settled(handle)).toMatchObject({ status: 'failed', error: { code: 'OUTPUT_INVALID', path: 's' } })
    output = 1
    const again = await bench.host.resume({ runId: 'run', again: 'failed' })
    expect(await bench.settled(again)).toEqual({ status: 'done', output: 1 })
    expect(bench.executed).toEqual(['s.x', 's.y', 's.x', 's.y'])
    await expect(bench.host.resume({ runId: 'run', again: 'failed' })).rejects.toMatchObject({ code: 'NOTHING_TO_RETRY' })
  })

  test('a failure that a person was asked about, and left as it was, is still one', async () => {
    const bench = createActBench()
    bench.break('s')
    const handle = await bench.begin(workflowOf([{ ...call('s'), on_failure: 'ask' }]))
    await bench.quiet()
    await handle.act({ type: 'answer', ask: 's.ask', value: 'fail' })
    expect(await bench.settled(handle)).toMatchObject({ status: 'failed' })
    bench.mend()
    expect(await bench.settled(await bench.host.resume({ runId: 'run', again: 'failed' }))).toEqual({ status: 'done', output: 's' })
  })
})
