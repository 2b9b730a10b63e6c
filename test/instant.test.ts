import fc from 'fast-check'
import { expect, test } from 'vitest'
import { instantOf, msOf } from '../src/instant.ts'

/** In any order, and close to one another: what was written last is remembered. */
const times = fc
  .tuple(fc.date({ noInvalidDate: true }).map((date) => date.getTime()), fc.array(fc.tuple(fc.nat(3), fc.nat(3000), fc.boolean()), { minLength: 1 }))
  .map(([begin, steps]) =>
    steps.map(([seconds, ms, isBack]) => begin + (isBack ? -1 : 1) * (seconds * 1000 + ms)).filter((ms) => Math.abs(ms) <= 8.64e15),
  )

test('an instant is written as Date writes it, whatever was written before', () => {
  fc.assert(
    fc.property(times, (all) => {
      for (const ms of all) {
        expect(instantOf(ms)).toBe(new Date(ms).toISOString())
        expect(msOf(instantOf(ms))).toBe(ms)
      }
    }),
  )
})

test('parts of a millisecond are left out', () => {
  expect(instantOf(1_700_000_000_999.9)).toBe('2023-11-14T22:13:20.999Z')
})

test('what is no time is refused, and changes nothing', () => {
  instantOf(5)
  expect(() => instantOf(Number.NaN)).toThrow(RangeError)
  expect(() => instantOf(8.64e15 + 1)).toThrow(RangeError)
  expect(instantOf(6)).toBe('1970-01-01T00:00:00.006Z')
  expect(msOf('no time')).toBeNaN()
})
