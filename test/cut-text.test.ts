import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { textEnd, textStart } from '../src/cut-text.ts'
import { createLineSplitter } from '../src/executors/line-splitter.ts'
import { createRedactor } from '../src/redact.ts'

const key = 'sk-proj-abcdefgh0123456789ABCDEFGH'
const { text: clean } = createRedactor({})

describe('a text that is cut', () => {
  test('holds no part of a key that could not be told any more, wherever it is cut', () => {
    const around = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n', '"', ','), maxLength: 40 })
    fc.assert(fc.property(around, around, fc.nat(120), (before, after, most) => {
      const text = `${before} ${key} ${after}`
      for (const cut of [textStart(text, most), textEnd(text, most)]) {
        expect(cut.length).toBeLessThanOrEqual(most)
        expect(text).toContain(cut)
        expect(clean(cut)).not.toContain('sk-proj-')
        expect(clean(cut)).not.toContain('789ABCDEFGH')
      }
    }))
  })

  test('is whole when it fits, ends with whole words, and long words are cut all the same', () => {
    expect([textStart('a bc', 4), textStart('a bc', 3), textStart('ab cd', 2), textStart('ab cd', 3)]).toEqual(['a bc', 'a ', 'ab', 'ab '])
    expect([textEnd('a bc', 4), textEnd('ab cd', 4), textEnd('ab cd', 2), textEnd('ab cd', 3)]).toEqual(['a bc', ' cd', 'cd', ' cd'])
    expect([textStart('x'.repeat(2000), 1000), textEnd('x'.repeat(2000), 1000)]).toEqual(['x'.repeat(1000), 'x'.repeat(1000)])
    expect([textStart('abc', 0), textEnd('abc', 0)]).toEqual(['', ''])
  })

  test('is a line of a log, too', () => {
    for (let before = 3960; before < 4001; before += 1) {
      const lines: string[] = []
      const splitter = createLineSplitter((line) => lines.push(line))
      const whole = `${'a '.repeat(before / 2)}${key} and so on`
      splitter.push(Buffer.from(whole))
      splitter.flush()
      expect(clean(lines.join())).not.toContain('sk-')
      const [, left = '0'] = / … \((\d+) more characters\)$/.exec(lines[0] ?? '') ?? []
      expect((lines[0] ?? '').replace(/ … \(.*/, '').length + Number(left)).toBe(whole.length)
    }
  })
})
