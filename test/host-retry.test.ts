import { describe, expect, test } from 'vitest'
import type { RunHandle } from '../src/hosts/host.ts'
import type { Json } from '../src/json.ts'
import type { RunAction } from '../src/run-action.ts'
import { type ActBench, call, createActBench, told, workflowOf } from './act-bench.ts'
import { cutStore } from './retry-bench.ts'
import { eventsOf } from './run-embedded.ts'

const retry = (...again: string[]): RunAction => ({ type: 'retry', again })

/** The run, settled, gone on with: these run again, or what failed. */
function resumeAgain(bench: ActBench, again: readonly string[] | 'failed' = 'failed'): Promise<RunHandle> {
  return bench.host.resume({ runId: 'run', again })
}

function resumedData(handle: RunHandle): unknown[] {
  return told(handle, 'run.resumed').filter((event) => 'again' in (event as object))
}

describe('one step of a group, run again', () => {
  test('while its siblings go on: none of them begins anew', async () => {
    const bench = createActBench()
    bench.break('g.b')
    const open = bench.hold('g.c')
    const handle = await bench.begin(workflowOf([{ id: 'g', parallel: [call('a'), call('b'), call('c')] }, call('d')]))
    await bench.quiet()
    bench.mend()
    await handle.act(retry('g.b'))
    await bench.quiet()
    expect(told(handle, 'step.completed')).toMatchObject([{ path: 'g.a' }, { path: 'g.b' }])
    open()
    expect(await handle.settled).toEqual({ status: 'done', output: 'd' })
    expect(bench.executed).toEqual(['g.a', 'g.b', 'g.c', 'g.b', 'd'])
    expect(new Set(bench.keys).size).toBe(bench.keys.length)
    expect(bench.keys[3]).toBe(`${bench.keys[1]}~1`)
  })

  test('in a map of few items at once: those that came after it in its place keep their results', async () => {
    const over = Array.from({ length: 30 }, (_, index) => index)
    for (const live of [true, false]) {
      const bench = createActBench()
      bench.break('m.3.x')
      const open = live ? bench.hold('m.29.x') : () => {}
      const handle = await bench.begin(workflowOf([{ id: 'm', map: { over, do: call('x'), concurrency: 2 } }]))
      await bench.quiet()
      await bench.quiet()
      if (!live) await bench.settled(handle)
      bench.mend()
      const again = live ? handle : await resumeAgain(bench)
      if (live) await handle.act(retry('m.3.x'))
      open()
      expect(await bench.settled(again)).toEqual({ status: 'done', output: over.map((index) => `m.${index}.x`) })
      expect(resumedData(again)).toMatchObject([{ again: ['m.3.x'], undone: [] }])
      expect(bench.executed.filter((path) => path !== 'm.3.x')).toHaveLength(29)
      const { spec, events } = await bench.store.read('run')
      for (let cut = events.length - 6; cut < events.length; cut += 1) {
        const other = createActBench(undefined, { store: await cutStore(spec, events.slice(0, cut)) })
        expect(await other.settled(await other.host.resume({ runId: 'run' }))).toMatchObject({ status: 'done' })
      }
    }
  })

  test('in a workflow that runs one branch at a time: those after it keep theirs', async () => {
    const bench = createActBench()
    bench.break('g.a', 'h.a')
    const graph = [call('a'), call('b'), { ...call('c'), needs: ['a'] }, call('d')]
    const handle = await bench.begin(workflowOf(
      [{ id: 'g', parallel: [call('a'), call('b'), call('c')], on_branch_failure: 'continue' }, { id: 'h', graph, reduce: 'list' }],
      { parallel: 'off' },
    ))
    expect(await bench.settled(handle)).toMatchObject({ status: 'failed' })
    bench.mend()
    const before = bench.executed.length
    const again = await resumeAgain(bench, ['h.a'])
    expect(await bench.settled(again)).toMatchObject({ status: 'done' })
    expect(bench.executed.slice(before)).toEqual(['h.a', 'h.c'])
  })

  test('that was cancelled by somebody', async () => {
    const bench = createActBench()
    const open = [bench.hold('g.a'), bench.hold('g.b')]
    const handle = await bench.begin(workflowOf([{ id: 'g', parallel: [call('a'), call('b')] }]))
    await bench.quiet()
    await handle.act({ type: 'cancel', path: 'g.a', reason: 'no' })
    for (const release of open) release()
    expect(await bench.settled(handle)).toMatchObject({ status: 'cancelled' })
    expect(await bench.settled(await resumeAgain(bench))).toEqual({ status: 'done', output: ['g.a', 'g.b'] })
    expect(bench.executed).toEqual(['g.a', 'g.b', 'g.a'])
  })

  test('while it is at work begins its attempt anew, in the round that it is in', async () => {
    const bench = createActBench()
    const handle = await bench.begin(workflowOf([{ id: 'l', loop: { do: { id: 's', sequence: [call('x'), { id: 'w', wait: '1s' }] }, max: 2 } }]))
    await bench.quiet()
    bench.clock.advance(999)
    const open = bench.hold('l.s.x')
    bench.clock.advance(1)
    await bench.quiet()
    await handle.act(retry('l.s.x'))
    open()
    expect(await bench.settled(handle)).toMatchObject({ status: 'done' })
    expect(bench.executed).toEqual(['l.s.x', 'l.s.x', 'l.s.x'])
    expect(told(handle, 'step.retrying')).toMatchObject([{ path: 'l.s.x', error: { code: 'RETRY_REQUESTED' } }])
  })

  test('while it waits before another attempt does not wait any longer', async () => {
    const bench = createActBench(({ path, attempt }) => {
      if (attempt === 1) throw new Error('flaky')
      return path
    })
    const handle = await bench.begin(workflowOf([{ ...call('a'), retry: { attempts: 2, initial: '60s', jitter: 0 } }]))
    await bench.quiet()
    expect(bench.executed).toEqual(['a'])
    await handle.act(retry('a'))
    expect(await handle.settled).toEqual({ status: 'done', output: 'a' })
  })
})

describe('there is nothing to run again', () => {
  const nothing = { code: 'NOTHING_TO_RETRY', kind: 'usage' }

  test('when nothing failed, or what is named has not run', async () => {
    const bench = createActBench()
    const handle = await bench.begin(workflowOf([call('a'), { ...call('b'), when: 'false' }]))
    await bench.settled(handle)
    await expect(resumeAgain(bench)).rejects.toMatchObject(nothing)
    for (const path of ['b', 'c', 'a.x', '']) await expect(resumeAgain(bench, [path]), path).rejects.toMatchObject(nothing)
    await expect(handle.act(retry('a'))).rejects.toMatchObject({ code: 'RUN_SETTLED' })
    // It was let go of each time.
    expect(await (await bench.host.resume({ runId: 'run' })).settled).toMatchObject({ status: 'done' })
  })

  test('when a step failed before it began: its condition would be the same', async () => {
    const bench = createActBench()
    const handle = await bench.begin(workflowOf([{ ...call('a'), when: "int(run.id + 'x') > 1" }]))
    expect(await bench.settled(handle)).toMatchObject({ status: 'failed' })
    await expect(resumeAgain(bench)).rejects.toMatchObject(nothing)
    await expect(resumeAgain(bench, ['a'])).rejects.toMatchObject(nothing)
  })

  test('when its group has ended without it', async () => {
    const bench = createActBench()
    bench.break('g.a')
    const handle = await bench.begin(workflowOf([{ id: 'g', parallel: [call('a'), call('b')], join: 'any' }]))
    expect(await bench.settled(handle)).toEqual({ status: 'done', output: 'g.b' })
    bench.mend()
    await expect(resumeAgain(bench, ['g.a'])).rejects.toMatchObject({ ...nothing, message: expect.stringContaining('"g.a"') })
    await expect(resumeAgain(bench)).rejects.toMatchObject(nothing)
  })
})

describe('a time limit', () => {
  const limited = (id: string, parallel: readonly Json[]) => ({ id, parallel, timeout: '10s' })

  test('that a group hit begins anew with what is run again in it', async () => {
    const bench = createActBench()
    bench.hold('g.a')
    const handle = await bench.begin(workflowOf([limited('g', [call('a'), call('b')]), call('c')]))
    await bench.quiet()
    bench.clock.advance(10_000)
    expect(await handle.settled).toMatchObject({ status: 'failed' })
    bench.clock.advance(3_600_000)
    const open = bench.hold('g.a')
    const again = await resumeAgain(bench)
    await bench.quiet()
    bench.clock.advance(9_999)
    await bench.quiet()
    expect(bench.executed).toEqual(['g.a', 'g.b', 'g.a'])
    open()
    expect(await again.settled).toEqual({ status: 'done', output: 'c' })
    // And it holds.
    bench.hold('g.a')
    const late = await resumeAgain(bench, ['g.a'])
    await bench.quiet()
    bench.clock.advance(10_000)
    expect(await late.settled).toMatchObject({ status: 'failed' })
  })

  test('that another group hit stays hit, unless it is run again, too', async () => {
    const bench = createActBench()
    bench.hold('all.g.a')
    bench.break('all.x')
    const handle = await bench.begin(workflowOf([{ id: 'all', parallel: [limited('g', [call('a')]), call('x')] }]))
    await bench.quiet()
    bench.clock.advance(10_000)
    expect(await handle.settled).toMatchObject({ status: 'failed' })
    bench.mend()
    const again = await resumeAgain(bench, ['all.x'])
    expect(await bench.settled(again)).toMatchObject({ status: 'failed', error: { errors: [{ path: 'all.g' }] } })
    expect(bench.executed).toEqual(['all.g.a', 'all.x', 'all.x'])
  })

  test('of a group that goes on beside what is run again runs on', async () => {
    const bench = createActBench()
    bench.hold('all.g.a')
    bench.break('all.x')
    const handle = await bench.begin(workflowOf([{ id: 'all', parallel: [limited('g', [call('a')]), call('x')], on_branch_failure: 'continue' }]))
    await bench.quiet()
    bench.clock.advance(9_000)
    bench.mend()
    await handle.act(retry('all.x'))
    await bench.quiet()
    bench.clock.advance(1_000)
    expect(await handle.settled).toEqual({ status: 'done', output: 'all.x' })
  })
})

test('a checkpoint from before what was run again is not gone on with, one from after is', async () => {
  const bench = createActBench()
  bench.break('b')
  await bench.settled(await bench.begin(workflowOf([call('a'), call('b'), call('c')])))
  bench.mend()
  const open = bench.hold('b')
  const again = await resumeAgain(bench)
  await bench.quiet()
  await again.interrupt()
  const { checkpoint, events } = await bench.store.read('run')
  expect(checkpoint).toMatchObject({ lastSeq: events.length, status: 'running' })
  open()
  expect(await bench.settled(await bench.host.resume({ runId: 'run' }))).toEqual({ status: 'done', output: 'c' })
  expect(bench.executed.filter((path) => path === 'a')).toHaveLength(1)
  expect(eventsOf(await bench.host.resume({ runId: 'run' })).at(-1)?.type).toBe('run.settled')
})
