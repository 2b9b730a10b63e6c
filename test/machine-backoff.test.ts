import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nextDelay } from '../machines/backoff.ts'
import type { RetryPolicy } from '../src/spec/ir.ts'

const policy: RetryPolicy = { attempts: 5, initialMs: 100, factor: 2, maxMs: 350, jitter: 0, totalMs: 10_000 }

const anyPolicy: fc.Arbitrary<RetryPolicy> = fc.record({
  attempts: fc.integer({ min: 1, max: 2000 }),
  initialMs: fc.oneof(fc.constant(0), fc.nat(100_000)),
  factor: fc.oneof(fc.double({ min: 1, max: 10, noNaN: true }), fc.constant(1e200)),
  maxMs: fc.nat(1_000_000),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  totalMs: fc.oneof(fc.nat(1_000_000), fc.constant(1e12)),
})

describe('the wait before the next attempt', () => {
  test('grows by the factor up to the cap, and ends with the attempts', () => {
    const waits = [1, 2, 3, 4, 5, 6].map((failures) => nextDelay(policy, failures, 0, 'run/a', undefined))
    expect(waits).toEqual([100, 200, 350, 350, undefined, undefined])
  })

  test('is never one when a single attempt is allowed', () => {
    expect(nextDelay({ ...policy, attempts: 1 }, 1, 0, 'run/a', undefined)).toBeUndefined()
  })

  test('fits in what is left of the total, to the ms', () => {
    expect(nextDelay(policy, 1, 9_900, 'run/a', undefined)).toBe(100)
    expect(nextDelay(policy, 1, 9_901, 'run/a', undefined)).toBeUndefined()
  })

  test('is what the other side asks for, also beyond the cap, but within the total', () => {
    expect(nextDelay(policy, 1, 0, 'run/a', 5_000)).toBe(5_000)
    expect(nextDelay(policy, 1, 0, 'run/a', 0)).toBe(0)
    expect(nextDelay(policy, 1, 0, 'run/a', 10_001)).toBeUndefined()
    expect(nextDelay(policy, 5, 0, 'run/a', 5)).toBeUndefined()
  })

  test('is spread between steps that fail together', () => {
    const waits = Array.from({ length: 100 }, (_, index) => nextDelay({ ...policy, jitter: 0.5 }, 1, 0, `run/${index}`, undefined))
    expect(new Set(waits).size).toBeGreaterThan(40)
  })

  test('is a whole number of ms near the exponential, the same each time', () => {
    fc.assert(
      fc.property(anyPolicy, fc.integer({ min: 1, max: 2000 }), fc.nat(1_000_000), fc.string(), (any, failures, spent, seed) => {
        const delay = nextDelay(any, failures, spent, seed, undefined)
        expect(nextDelay(any, failures, spent, seed, undefined)).toBe(delay)
        if (delay === undefined) return
        const power = any.factor ** (failures - 1)
        const plain = any.initialMs === 0 ? 0 : Math.min(any.initialMs * power, any.maxMs)
        expect(Number.isSafeInteger(delay)).toBe(true)
        expect(delay).toBeGreaterThanOrEqual(Math.floor(plain * (1 - any.jitter)))
        expect(delay).toBeLessThanOrEqual(Math.ceil(plain * (1 + any.jitter)))
        expect(failures).toBeLessThan(any.attempts)
        expect(spent + delay).toBeLessThanOrEqual(any.totalMs)
      }),
      { numRuns: 1000 },
    )
  })

  test('is refused only for want of attempts or of time', () => {
    fc.assert(
      fc.property(anyPolicy, fc.integer({ min: 1, max: 2000 }), fc.nat(1_000_000), (any, failures, spent) => {
        if (nextDelay(any, failures, spent, 'seed', undefined) !== undefined) return
        const longest = any.initialMs === 0 ? 0 : Math.min(any.initialMs * any.factor ** (failures - 1), any.maxMs) * 2
        expect(failures >= any.attempts || spent + longest + 1 > any.totalMs).toBe(true)
      }),
    )
  })
})
