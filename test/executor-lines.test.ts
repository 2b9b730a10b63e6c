import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLineSplitter, longestLine } from '../src/executors/line-splitter.ts'

function linesOf(...chunks: readonly (string | Buffer)[]): string[] {
  const lines: string[] = []
  const splitter = createLineSplitter((line) => lines.push(line))
  for (const chunk of chunks) splitter.push(Buffer.from(chunk))
  splitter.flush()
  return lines
}

test('however the bytes are cut, the lines are the same', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '漢', '🙂', '\n', ' ') })
  fc.assert(fc.property(text, fc.array(fc.nat(200)), (whole, cuts) => {
    const bytes = Buffer.from(whole)
    const at = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort((a, b) => a - b)
    const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end))
    const expected = whole.split('\n')
    if (expected.at(-1) === '') expected.pop()
    expect(linesOf(...chunks)).toEqual(expected)
  }))
})

test('very long lines are cut and say by how much', () => {
  const [line, next] = linesOf('x'.repeat(longestLine), 'y'.repeat(50), '\nnext')
  expect(line).toBe(`${'x'.repeat(longestLine)} … (50 more characters)`)
  expect(next).toBe('next')
})

test('colours, control characters and redrawn parts are left out', () => {
  expect(linesOf('\u001b[1;32mok\u001b[0m\r\n 10%\r 50%\r100%\n\u001b[2Ka\u0007b\tc\n')).toEqual(['ok', '100%', 'ab\tc'])
})
