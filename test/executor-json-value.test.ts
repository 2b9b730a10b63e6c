import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonErrorOffset } from '../src/executors/json-offset.ts'
import { toJson } from '../src/executors/json-value.ts'

const cyclic: { inner: { back?: unknown } } = { inner: {} }
cyclic.inner.back = cyclic
const deep = Array.from({ length: 600 }).reduce<unknown>((inner) => [inner], 1)

describe('a result as JSON', () => {
  test('is what JSON.stringify would make of it, for everything JSON can hold', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      expect(toJson(value, 'fn')).toEqual(JSON.parse(JSON.stringify(value)))
    }))
  })

  test('is a copy', () => {
    const value = { list: [{}] }
    const json = toJson(value, 'fn')
    value.list.push({})
    expect(json).toEqual({ list: [{}] })
  })

  test.each([
    [undefined, null],
    [{ a: undefined, b: [undefined] }, { b: [null] }],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new URL('https://example.com/x'), 'https://example.com/x'],
    [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    [new (class Point { x = 1 })(), { x: 1 }],
    [-0, 0],
  ])('turns %o into %o', (value, json) => {
    expect(toJson(value, 'fn')).toEqual(json)
  })

  test.each([
    [{ a: [1, () => 1] }, 'a.1', /function/],
    [{ a: Symbol('x') }, 'a', /symbol/],
    [[10n], '0', /bigint/],
    [{ score: Number.NaN }, 'score', /NaN/],
    [Number.POSITIVE_INFINITY, '', /Infinity/],
    [cyclic, 'inner.back', /contains itself/],
    [deep, undefined, /levels deep/],
    [{ when: new Date(Number.NaN) }, 'when', /invalid date/],
    [{ m: new Map() }, 'm', /kind Map .*Object\.fromEntries/],
    [{ s: new Set() }, 's', /kind Set/],
    [[Promise.resolve(1)], '0', /await/],
    [{ e: new Error('x') }, 'e', /throw it/],
    [new Uint8Array(1), '', /kind Uint8Array/],
  ])('refuses what JSON cannot hold and says where: case %#', (value, path, message) => {
    expect(() => toJson(value, 'review.ts#score')).toThrow(
      expect.objectContaining({
        kind: 'terminal',
        code: 'OUTPUT_NOT_JSON',
        message: expect.stringMatching(message),
        ...(path === undefined ? {} : { details: { path } }),
      }),
    )
  })

  test('allows one object at two places', () => {
    const shared = { a: 1 }
    expect(toJson([shared, shared], 'fn')).toEqual([{ a: 1 }, { a: 1 }])
  })
})

describe('where a text stops being JSON', () => {
  const isJson = (text: string): boolean => {
    try {
      JSON.parse(text)
      return true
    } catch {
      return false
    }
  }

  test('is nowhere exactly when the engine parses it', () => {
    const pieces = [
      '{', '}', '[', ']', ',', ':', '"a"', '"', '\\', '\\u00e9', '1', '-', '0', '.5', 'e3', 'true', 'nul', ' ', '\n',
    ]
    const jsonish = fc.array(fc.constantFrom(...pieces), { maxLength: 9 })
    fc.assert(fc.property(fc.oneof(fc.json(), jsonish.map((parts) => parts.join(''))), (text) => {
      expect(jsonErrorOffset(text) === undefined).toBe(isJson(text))
    }), { numRuns: 2000 })
  })

  test('is at its end when only the end is missing', () => {
    fc.assert(fc.property(fc.json().filter((text) => /^[[{"]/.test(text)), fc.nat(), (text, cut) => {
      const part = text.slice(0, 1 + (cut % (text.length - 1)))
      const offset = jsonErrorOffset(part) ?? -1
      // A cut inside an escape or a word is noticed where that began.
      expect(offset).toBeGreaterThanOrEqual(part.length - 5)
    }))
  })

  test.each([
    ['', 0], ['[1,]', 3], ['{"a" 1}', 5], ['{a: 1}', 1], ['"a\nb"', 2], ['"\\x"', 1], ['1 2', 2], ['01', 1], ['[1}', 2], ['x'.repeat(9), 0],
  ])('in %j is %i', (text, offset) => {
    expect(jsonErrorOffset(text)).toBe(offset)
  })

  test('is found in long strings too', () => {
    expect(jsonErrorOffset(`["${'a'.repeat(3_000_000)}" x]`)).toBe(3_000_004)
  })
})
