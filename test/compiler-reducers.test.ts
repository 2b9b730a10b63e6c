import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { reduceOutputs } from '../src/compiler/reducers.ts'
import { canonicalJson, type Json } from '../src/json.ts'

const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>
const outputs = fc.array(json, { maxLength: 6 })
const object = fc.dictionary(fc.oneof(fc.constantFrom('a', 'b', '__proto__', 'constructor'), fc.string()), json, { maxKeys: 4 }) as fc.Arbitrary<Json>

describe('auto, list and first', () => {
  test('auto gives the only output, else the list', () => {
    expect(reduceOutputs('auto', ['one'])).toBe('one')
    expect(reduceOutputs('auto', [null])).toBe(null)
    expect(reduceOutputs('auto', ['one', 'two'])).toEqual(['one', 'two'])
    expect(reduceOutputs('auto', [])).toEqual([])
  })

  test('list gives the list, also of one', () => {
    expect(reduceOutputs('list', ['one'])).toEqual(['one'])
  })

  test('first gives that of the first branch that has one', () => {
    expect(reduceOutputs('first', ['one', 'two'])).toBe('one')
    expect(reduceOutputs('first', [])).toBe(null)
  })
})

describe('vote', () => {
  test('gives the output given most often', () => {
    expect(reduceOutputs('vote', ['a', 'b', 'b'])).toBe('b')
  })

  test('gives that of the earliest branch among equals', () => {
    expect(reduceOutputs('vote', ['b', 'a', 'a', 'b'])).toBe('b')
    expect(reduceOutputs('vote', ['a', 'b', 'c'])).toBe('a')
  })

  test('takes texts for equal that differ in outer white space, and objects in the order of keys', () => {
    expect(reduceOutputs('vote', ['x', 'yes\n', ' yes'])).toBe('yes\n')
    expect(reduceOutputs('vote', [1, { a: 1, b: [2] }, { b: [2], a: 1 }])).toEqual({ a: 1, b: [2] })
  })

  test('takes a number and its text for different', () => {
    expect(reduceOutputs('vote', [1, '1', '1'])).toBe('1')
  })

  test('elects an output that no other one beats, and none before it equals', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom<Json>('a', 'a ', 'b', 1, null, { k: 1 }), { minLength: 1, maxLength: 12 }), (votes) => {
        const key = (vote: Json): string => canonicalJson(typeof vote === 'string' ? vote.trim() : vote)
        const count = (vote: Json): number => votes.filter((other) => key(other) === key(vote)).length
        const winner = reduceOutputs('vote', votes)
        const most = Math.max(...votes.map(count))
        expect(winner).toBe(votes.find((vote) => count(vote) === most))
      }),
    )
  })
})

describe('concat', () => {
  test('puts texts one after another with an empty line between', () => {
    expect(reduceOutputs('concat', ['one', 'two', 3, { a: 1 }])).toBe('one\n\ntwo\n\n3\n\n{"a":1}')
  })

  test('puts lists end to end, one level deep', () => {
    expect(reduceOutputs('concat', [[1, [2]], [], [3]])).toEqual([1, [2], 3])
    expect(reduceOutputs('concat', [[1], 'two'])).toBe('[1]\n\ntwo')
  })
})

describe('merge', () => {
  test('joins objects at every depth; the later branch wins', () => {
    expect(reduceOutputs('merge', [{ a: { x: 1, y: 1 }, b: 1 }, { a: { y: 2 }, c: [1] }, { c: [2], b: null }])).toEqual({
      a: { x: 1, y: 2 },
      b: null,
      c: [2],
    })
  })

  test.each<[string, Json]>([
    ['a list', [1]],
    ['a string', 'text'],
    ['null', null],
  ])('refuses %s, and says which branch gave it', (kind, wrong) => {
    expect(() => reduceOutputs('merge', [{}, wrong])).toThrow(
      expect.objectContaining({ code: 'REDUCE_FAILED', kind: 'terminal', message: expect.stringMatching(`output 2 is .*${kind}`) }),
    )
  })

  test('keeps keys like __proto__ as data and touches no prototype', () => {
    const hostile = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}') as Json
    const merged = reduceOutputs('merge', [{ a: 1 }, hostile, JSON.parse('{"__proto__":{"more":2}}') as Json])
    expect(JSON.stringify(merged)).toBe('{"a":1,"__proto__":{"polluted":1,"more":2},"constructor":{"prototype":{"polluted":1}}}')
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('folds from the first branch to the last, and changes nothing that it is given', () => {
    fc.assert(
      fc.property(object, object, object, (a, b, c) => {
        const before = JSON.stringify([a, b, c])
        const all = reduceOutputs('merge', [a, b, c])
        expect(JSON.stringify(reduceOutputs('merge', [reduceOutputs('merge', [a, b]), c]))).toBe(JSON.stringify(all))
        expect(JSON.stringify([a, b, c])).toBe(before)
      }),
    )
  })
})

describe('every reducer', () => {
  test('gives JSON, and the same each time', () => {
    fc.assert(
      fc.property(fc.constantFrom('auto', 'list', 'first', 'vote', 'concat', 'dedupe'), outputs, (reducer, given) => {
        const reduced = reduceOutputs(reducer, given)
        const text = JSON.stringify(reduced)
        expect(canonicalJson(JSON.parse(text))).toBe(canonicalJson(reduced))
        expect(JSON.stringify(reduceOutputs(reducer, JSON.parse(JSON.stringify(given)) as Json[]))).toBe(text)
      }),
    )
  })
})
