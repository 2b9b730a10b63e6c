import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createVirtualClock } from '../src/testing/virtual-clock.ts'

test('fires in the order of time, then of setting, and shows each timer its own time', () => {
  fc.assert(fc.property(fc.array(fc.nat(20)), (delays) => {
    const clock = createVirtualClock(1000)
    const fired: [delay: number, index: number][] = []
    for (const [index, delay] of delays.entries()) {
      clock.schedule(() => {
        expect(clock.now()).toBe(1000 + delay)
        fired.push([delay, index])
      }, delay)
    }
    clock.runAll()
    const expected = delays.map((delay, index) => [delay, index] as const).sort((a, b) => a[0] - b[0] || a[1] - b[1])
    expect(fired).toEqual(expected)
    expect(clock.pending).toBe(0)
  }))
})

test('advances to the moment asked for, firing only what is due by then, new timers too', () => {
  const clock = createVirtualClock()
  const fired: string[] = []
  clock.schedule(() => {
    fired.push('a')
    clock.schedule(() => fired.push('b'), 10)
    clock.schedule(() => fired.push('c'), 100)
  }, 40)
  clock.advance(50)
  expect(fired).toEqual(['a', 'b'])
  expect([clock.now(), clock.pending]).toEqual([50, 1])
  clock.advance(90)
  expect(fired).toEqual(['a', 'b', 'c'])
})

test('does not fire what was cancelled', () => {
  const clock = createVirtualClock()
  const cancel = clock.schedule(() => expect.unreachable(), 5)
  cancel()
  clock.runAll()
  expect(clock.pending).toBe(0)
})

test('gives up on timers that re-arm themselves for ever', () => {
  const clock = createVirtualClock()
  const again = (): void => void clock.schedule(again, 1)
  again()
  expect(() => clock.runAll()).toThrow(/for ever/)
})
