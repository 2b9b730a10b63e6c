import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Scheduler, SlotPool } from '../src/runtime/scheduler.ts'

function grantAll(scheduler: Scheduler): string[] {
  const granted: string[] = []
  for (let path = scheduler.grant(); path !== undefined; path = scheduler.grant()) granted.push(path)
  return granted
}

describe('a scheduler', () => {
  test('grants places first come, first served, up to its cap', () => {
    const scheduler = new Scheduler(2, new SlotPool(9))
    for (const path of ['a', 'b', 'c', 'd']) scheduler.request(path, false)
    expect(grantAll(scheduler)).toEqual(['a', 'b'])
    scheduler.release('b')
    expect(grantAll(scheduler)).toEqual(['c'])
    scheduler.release('a')
    scheduler.release('c')
    expect(grantAll(scheduler)).toEqual(['d'])
  })

  test('forgets who gave up the wait', () => {
    const scheduler = new Scheduler(1, new SlotPool(9))
    for (const path of ['a', 'b', 'c']) scheduler.request(path, false)
    scheduler.release('a')
    expect(grantAll(scheduler)).toEqual(['b'])
    scheduler.release('nobody')
    expect(grantAll(scheduler)).toEqual([])
  })

  test('puts who asks again at the end of the line', () => {
    const scheduler = new Scheduler(1, new SlotPool(9))
    scheduler.request('a', false)
    scheduler.request('b', false)
    expect(scheduler.grant()).toBe('a')
    scheduler.release('a')
    scheduler.request('a', false)
    expect(scheduler.grant()).toBe('b')
  })

  test('takes the place of a step that asks for another one', () => {
    const scheduler = new Scheduler(1, new SlotPool(9))
    scheduler.request('a', false)
    expect(grantAll(scheduler)).toEqual(['a'])
    scheduler.request('a', false)
    expect(scheduler.isWaitedFor()).toBe(true)
    expect(grantAll(scheduler)).toEqual(['a'])
    expect(scheduler.isWaitedFor()).toBe(false)
  })

  test('lets steps past that need no place of a full pool', () => {
    const pool = new SlotPool(1)
    const scheduler = new Scheduler(3, pool)
    scheduler.request('agent-1', true)
    scheduler.request('agent-2', true)
    scheduler.request('command', false)
    expect(grantAll(scheduler)).toEqual(['agent-1', 'command'])
    scheduler.release('agent-1')
    expect(grantAll(scheduler)).toEqual(['agent-2'])
  })

  test('tells all who share a pool that a place came free, until they leave', () => {
    const pool = new SlotPool(1)
    const [one, other] = [new Scheduler(9, pool), new Scheduler(9, pool)]
    one.request('a', true)
    other.request('b', true)
    expect(grantAll(one)).toEqual(['a'])
    expect(grantAll(other)).toEqual([])
    const granted: string[] = []
    const sharer = { wake: () => void granted.push(...grantAll(other)) }
    pool.join(sharer)
    one.release('a')
    expect(granted).toEqual(['b'])
    pool.leave(sharer)
    other.release('b')
    expect(granted).toEqual(['b'])
  })

  test('gives everything back when it closes, places of the pool too', () => {
    const pool = new SlotPool(2)
    const scheduler = new Scheduler(9, pool)
    for (const path of ['a', 'b', 'c']) scheduler.request(path, true)
    grantAll(scheduler)
    scheduler.close()
    expect(grantAll(scheduler)).toEqual([])
    expect([pool.tryTake(), pool.tryTake(), pool.tryTake()]).toEqual([true, true, false])
  })

  test('never exceeds its cap or the pool, in order within each kind, and grants whenever it can', () => {
    const move = fc.record({ run: fc.nat(1), act: fc.constantFrom('request', 'request', 'release', 'close'), pooled: fc.boolean(), pick: fc.nat() })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }), fc.array(move, { maxLength: 60 }), (cap, poolSize, moves) => {
        const pool = new SlotPool(poolSize)
        const runs = [0, 1].map(() => ({ scheduler: new Scheduler(cap, pool), waiting: [] as [string, boolean][], running: [] as [string, boolean][] }))
        let next = 0
        const taken = (): number => runs.flatMap(({ running }) => running).filter(([, pooled]) => pooled).length
        for (const { run: which, act, pooled, pick } of moves) {
          const run = runs[which]
          if (run === undefined) continue
          if (act === 'request') {
            next += 1
            run.waiting.push([`step-${next}`, pooled])
            run.scheduler.request(`step-${next}`, pooled)
          } else if (act === 'close' && pick % 5 === 0) {
            run.scheduler.close()
            run.waiting.length = 0
            run.running.length = 0
          } else {
            const all = [...run.waiting, ...run.running]
            const [path] = all[pick % Math.max(1, all.length)] ?? ['none']
            run.scheduler.release(path)
            run.waiting = run.waiting.filter(([other]) => other !== path)
            run.running = run.running.filter(([other]) => other !== path)
          }
          for (const each of runs) {
            for (let path = each.scheduler.grant(); path !== undefined; path = each.scheduler.grant()) {
              const free = taken() < poolSize
              const expected = each.waiting.find(([, needs]) => !needs || free)
              expect(path).toBe(expected?.[0])
              each.waiting = each.waiting.filter(([other]) => other !== path)
              if (expected !== undefined) each.running.push(expected)
            }
            expect(each.running.length).toBeLessThanOrEqual(cap)
            expect(taken()).toBeLessThanOrEqual(poolSize)
            const able = each.waiting.some(([, needs]) => !needs || taken() < poolSize)
            expect(each.running.length === cap || !able).toBe(true)
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})
