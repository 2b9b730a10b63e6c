import { describe, expect, test } from 'vitest'
import type { Json } from '../src/json.ts'
import { type Draft, draftWorkflow } from '../src/testing/draft-workflow.ts'
import { type Bench, createBench, eventsOf } from './run-embedded.ts'

/** A bench whose steps named `slow` last until they are stopped, or for ever. */
function slowBench({ deaf = false } = {}): { bench: Bench; executed: string[]; stopped: string[] } {
  const executed: string[] = []
  const stopped: string[] = []
  const bench = createBench(({ path, attempt }, signal) => {
    executed.push(`${path} ${attempt}`)
    if (!path.includes('slow') || attempt > 1) return path
    return new Promise<Json>((resolve, reject) => {
      signal.addEventListener('abort', () => {
        stopped.push(path)
        if (deaf) resolve('too late')
        else reject(signal.reason)
      })
    })
  })
  return { bench, executed, stopped }
}

const stages: Draft[] = [{ id: 'a' }, { id: 'g', parallel: [{ id: 'x' }, { id: 'slow1' }, { id: 'slow2' }] }, { id: 'b' }]

async function untilSlow(executed: readonly string[]): Promise<void> {
  while (!executed.some((each) => each.includes('slow2'))) await new Promise(setImmediate)
}

describe('a run that is cancelled', () => {
  test.each([false, true])('stops its steps and ends as cancelled, with the reason (steps that answer late: %s)', async (deaf) => {
    const { bench, executed, stopped } = slowBench({ deaf })
    const handle = await bench.start(draftWorkflow(stages))
    await untilSlow(executed)
    handle.cancel('seen enough')
    expect(await handle.settled).toEqual({ status: 'cancelled', error: { code: 'CANCELLED', kind: 'cancelled', message: 'seen enough' } })
    expect(stopped).toEqual(['g.slow1', 'g.slow2'])
    const events = eventsOf(handle)
    expect(events.flatMap((event) => (event.type === 'step.cancelled' ? [[event.path, event.data.reason]] : []))).toEqual([
      ['g.slow1', 'seen enough'],
      ['g.slow2', 'seen enough'],
    ])
    expect(events.find(({ type }) => type === 'group.joined')).toMatchObject({ data: { status: 'cancelled', completed: 1, cancelled: 2 } })
    expect(events.at(-1)).toMatchObject({ type: 'run.settled', data: { status: 'cancelled' } })
    expect(bench.clock.pending).toBe(0)
  })

  test('stays cancelled: resumed, it does nothing more', async () => {
    const { bench, executed } = slowBench()
    const handle = await bench.start(draftWorkflow(stages))
    await untilSlow(executed)
    handle.cancel('enough')
    const settlement = await handle.settled
    const count = executed.length
    const again = await bench.host.resume({ runId: 'run' })
    expect(await again.settled).toEqual(settlement)
    expect(eventsOf(again)).toEqual(eventsOf(handle))
    again.cancel('again')
    await again.interrupt()
    expect(executed).toHaveLength(count)
  })

  test('takes no notice of another cancel, nor of one after its end', async () => {
    const { bench, executed } = slowBench()
    const handle = await bench.start(draftWorkflow(stages))
    await untilSlow(executed)
    handle.cancel('first')
    handle.cancel('second')
    expect(await handle.settled).toMatchObject({ error: { message: 'first' } })
    const count = eventsOf(handle).length
    handle.cancel('third')
    await handle.interrupt()
    expect(eventsOf(handle)).toHaveLength(count)
  })

  test('by a subscriber, in the middle of what it is told, ends in order', async () => {
    const { bench } = slowBench()
    const handle = await bench.start(draftWorkflow(stages))
    handle.subscribe((event) => {
      if (event.type === 'step.completed' && event.path === 'a') handle.cancel('a is enough')
    })
    expect(await handle.settled).toMatchObject({ status: 'cancelled' })
    expect(eventsOf(handle).map(({ seq }) => seq)).toEqual(eventsOf(handle).map((_, index) => index + 1))
  })

  test('waits for steps that take their time to stop', async () => {
    let release = (): void => {}
    const bench = createBench(() => new Promise<Json>((resolve) => (release = () => resolve(null))))
    const handle = await bench.start(draftWorkflow([{ id: 'a' }]))
    while (!eventsOf(handle).some(({ type }) => type === 'step.started')) await new Promise(setImmediate)
    await new Promise(setImmediate)
    handle.cancel('enough')
    let settled = false
    void handle.settled.then(() => (settled = true))
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate)
    expect(settled).toBe(false)
    release()
    expect(await handle.settled).toMatchObject({ status: 'cancelled' })
  })
})

describe('a run that is interrupted', () => {
  test('stops its steps, keeps its state, and goes on where it was', async () => {
    const { bench, executed, stopped } = slowBench()
    const handle = await bench.start(draftWorkflow(stages))
    await untilSlow(executed)
    await handle.interrupt()
    expect(await handle.settled).toEqual({ status: 'interrupted' })
    expect(stopped).toEqual(['g.slow1', 'g.slow2'])
    expect(eventsOf(handle).at(-1)).toMatchObject({ type: 'run.paused' })
    expect(await bench.store.list()).toMatchObject([{ status: 'interrupted', owner: null }])

    const again = await bench.host.resume({ runId: 'run' })
    expect(await bench.settled(again)).toEqual({ status: 'done', output: 'b' })
    expect(executed).toEqual(['a 1', 'g.x 1', 'g.slow1 1', 'g.slow2 1', 'g.slow1 2', 'g.slow2 2', 'b 1'])
  })

  test('saves a checkpoint of all that happened', async () => {
    const { bench, executed } = slowBench()
    const handle = await bench.start(draftWorkflow(stages))
    await untilSlow(executed)
    await handle.interrupt()
    const { checkpoint, events } = await bench.store.read('run')
    expect(checkpoint).toMatchObject({ status: 'running', lastSeq: events.length })
    expect(checkpoint?.tree).not.toBeNull()
  })

  test('twice at once, or after its end, is interrupted once', async () => {
    const { bench, executed } = slowBench()
    const handle = await bench.start(draftWorkflow(stages))
    await untilSlow(executed)
    await Promise.all([handle.interrupt(), handle.interrupt()])
    await handle.interrupt()
    expect(eventsOf(handle).filter(({ type }) => type === 'run.paused')).toHaveLength(1)
  })

  test('by a subscriber at any event starts nothing more, and comes to its end when it is resumed', async () => {
    for (let at = 1; at < 20; at += 1) {
      const executed: string[] = []
      const bench = createBench(({ path }) => {
        executed.push(path)
        return path
      })
      const handle = await bench.start(draftWorkflow([{ id: 'a' }, { id: 'g', parallel: [{ id: 'x' }, { id: 'y' }] }, { id: 'b' }]))
      let executedThen: number | undefined
      handle.subscribe((event) => {
        if (!('seq' in event) || event.seq !== at) return
        void handle.interrupt()
        executedThen = executed.length
      })
      const { status } = await handle.settled
      if (status === 'done') break
      expect(status).toBe('interrupted')
      await new Promise(setImmediate)
      expect(executed.length, `interrupted at event ${at}`).toBe(executedThen)
      const again = await bench.host.resume({ runId: 'run' })
      expect(await bench.settled(again)).toEqual({ status: 'done', output: 'b' })
      expect(eventsOf(again).map(({ seq }) => seq)).toEqual(eventsOf(again).map((_, index) => index + 1))
    }
  })

  test('can be interrupted and resumed again and again', async () => {
    const { bench, executed } = slowBench()
    const long = draftWorkflow(Array.from({ length: 6 }, (_, index) => ({ id: `slow${index}` })))
    let handle = await bench.start(long)
    for (let count = 1; count <= 6; count += 1) {
      while (!executed.includes(`slow${count - 1} 1`)) await new Promise(setImmediate)
      await handle.interrupt()
      handle = await bench.host.resume({ runId: 'run' })
    }
    expect(await bench.settled(handle)).toEqual({ status: 'done', output: 'slow5' })
    expect(new Set(executed).size).toBe(executed.length)
    expect(executed).toHaveLength(12)
  })
})

describe('the signal of a step', () => {
  test('is not aborted once the step has ended, also not of the last one', async () => {
    const aborted: string[] = []
    const bench = createBench(({ path }, signal) => {
      signal.addEventListener('abort', () => aborted.push(path))
      return path
    })
    const handle = await bench.start(draftWorkflow(stages))
    expect(await bench.settled(handle)).toMatchObject({ status: 'done' })
    expect(aborted).toEqual([])
  })
})
