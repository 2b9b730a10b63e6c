import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json } from '../src/json.ts'
import { decodeShared, encodeShared, isEmpty, longString, type NameOf, type PartOf, type SharedJson } from '../src/runtime/shared-json.ts'

const none = { names: new Map<object, string>(), objects: new Map<string, object>() }

const namesIn = ({ names }: typeof none): NameOf => (part) => (typeof part === 'object' ? names.get(part) : undefined)
const partsIn = ({ objects }: typeof none): PartOf => (name) => objects.get(String(name))

function roundTrip(value: unknown, known = none): unknown {
  const encoded = encodeShared(value, namesIn(known))
  const text = JSON.stringify(encoded)
  return decodeShared(JSON.parse(text) as SharedJson, partsIn(known))
}

const hostileKey = fc.constantFrom('$shared', '$known', '$plain', '__proto__', 'constructor', 'a')
const longText = fc.constantFrom('x'.repeat(longString - 1), 'x'.repeat(longString), 'y'.repeat(400))
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, 0, 1, 'text', ''),
    longText,
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(hostileKey, fc.string()), tie('json'), { maxKeys: 3, noNullPrototype: true }),
  ),
}))

/** A value whose parts occur in several places: `picks` say which part stands where. */
const sharing = fc
  .tuple(fc.array(json, { minLength: 1, maxLength: 5 }), fc.array(fc.nat(), { minLength: 1, maxLength: 10 }))
  .map(([parts, picks]) => {
    const nested: unknown[] = []
    for (const part of parts) nested.push(part, { before: nested.at(-1), $shared: part }, [part, nested.at(-2)])
    return picks.map((pick) => nested[pick % nested.length])
  })

describe('JSON with shared parts', () => {
  test('comes back as it was, whatever its keys', () => {
    fc.assert(
      fc.property(sharing, (value) => {
        expect(JSON.stringify(roundTrip(value))).toBe(JSON.stringify(value))
      }),
      { numRuns: 500 },
    )
  })

  test('has one object where there was one, unless it is empty, and two where there were two', () => {
    fc.assert(
      fc.property(sharing, (value) => {
        const decoded = roundTrip(value) as unknown[]
        for (let left = 0; left < value.length; left += 1) {
          for (let right = 0; right < left; right += 1) {
            const part = value[left]
            if (typeof part !== 'object' || part === null || isEmpty(part)) continue
            expect(decoded[left] === decoded[right]).toBe(value[left] === value[right])
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  test('is written once, deep inside too', () => {
    const big = { list: Array.from({ length: 100 }, (_, index) => index) }
    const text = 'long '.repeat(100)
    const written = JSON.stringify(encodeShared({ a: big, b: [{ big }], c: text, d: { text } }, namesIn(none)))
    expect(written.split('98,99')).toHaveLength(2)
    expect(written.split(text)).toHaveLength(2)
  })

  test('grows with what is there, not with the ways to it', () => {
    let node: Json = { leaf: 1 }
    for (let depth = 0; depth < 40; depth += 1) node = { left: node, right: node }
    const encoded = encodeShared(node, namesIn(none))
    expect(JSON.stringify(encoded).length).toBeLessThan(3_000)
    const decoded = decodeShared(encoded, partsIn(none)) as { left: unknown; right: unknown }
    expect(decoded.left).toBe(decoded.right)
  })

  test('names what the reader knows, and is given that very object', () => {
    const block = { path: 'a', inner: { big: 'x'.repeat(1_000) } }
    const known = { names: new Map<object, string>([[block, 'a']]), objects: new Map<string, object>([['a', block]]) }
    const encoded = encodeShared({ block, list: [block] }, namesIn(known))
    expect(encoded).toEqual({ root: { block: { $known: 'a' }, list: [{ $known: 'a' }] }, table: [] })
    expect((roundTrip({ block }, known) as { block: object }).block).toBe(block)
  })

  test('leaves out fields that are undefined, also beside a key that looks like a mark', () => {
    expect(roundTrip({ $shared: 3, gone: undefined })).toEqual({ $shared: 3 })
    expect(roundTrip({ a: undefined, b: 1 })).toEqual({ b: 1 })
  })

  test.each<[string, SharedJson]>([
    ['an entry that is not there', { root: { $shared: 1 }, table: [1] }],
    ['an entry after it', { root: null, table: [{ $shared: 1 }, 2] }],
    ['what the reader does not know', { root: { $known: 'x' }, table: [] }],
    ['no number', { root: { $shared: 'x' }, table: [1] }],
  ])('is refused when it names %s', (_, damaged) => {
    expect(() => decodeShared(damaged, partsIn(none))).toThrow(RangeError)
  })
})
