import fc from 'fast-check'
import { Box, renderToString, Text } from 'ink'
import { expect, test } from 'vitest'
import { cellWidth, cutCells, fitCells, plainLine, plainLines, wrapCells } from '../src/tui/cells.ts'

const letters = [
  ...'az09 ·●✓✗–│└…é漢字かなカナ한글ＡＢไทยا', '\u0301', '😀', '👩', '\u{1f1eb}', '\u{1f1f7}', '\u200d', '\ufe0f', '\u20e3', '\u{1f3fd}',
]
const scripts = fc.array(fc.constantFrom(...letters), { maxLength: 24 }).map((all) => all.join(''))

/** How wide the text is in the eyes of the library that draws it. */
function drawnWidth(text: string): number {
  const frame = renderToString(<Box width={120}><Text>{`${text}|`}</Text></Box>, { columns: 120 })
  const cells = renderToString(<Box width={120} justifyContent="flex-end"><Text>{`${text}|`}</Text></Box>, { columns: 120 })
  return 119 - (cells.length - frame.length)
}

test('widths are those that the screen is drawn with', () => {
  for (const text of ['', 'plain', '✓ done', '漢字', 'かな', '한글', 'ＡＢ', '😀', '👍', 'e\u0301', '…│└●', 'ไทย', '🇫🇷']) {
    expect([text, cellWidth(text)]).toEqual([text, drawnWidth(text)])
  }
})

test('fitting gives exactly that many cells, cutting at most that many', () => {
  fc.assert(fc.property(scripts, fc.integer({ min: 1, max: 30 }), (raw, width) => {
    const text = plainLine(raw)
    expect(cellWidth(fitCells(text, width))).toBe(width)
    expect(cellWidth(fitCells(text, width, 'right'))).toBe(width)
    const cut = cutCells(text, width)
    expect(cellWidth(cut)).toBeLessThanOrEqual(width)
    if (cellWidth(text) <= width) expect(cut).toBe(text)
    else expect(cut.endsWith('…')).toBe(true)
  }))
})

test('wrapping loses nothing and keeps to the width', () => {
  fc.assert(fc.property(scripts, fc.integer({ min: 2, max: 12 }), (raw, width) => {
    const text = plainLine(raw)
    const lines = wrapCells(text, width)
    expect(lines.join('')).toBe(text)
    for (const line of lines) expect(cellWidth(line)).toBeLessThanOrEqual(width)
  }))
  expect(wrapCells('漢字', 1)).toEqual(['漢', '字'])
})

test('what could move the cursor or turn the text is gone', () => {
  expect(plainLine('\u001b[31mred\u001b[0m\tand\u001b[2J\u001b[H \u0007home\u009b1m\r\u202eback\u2028.')).toBe('red  and homeback.')
  expect(plainLine('\u001b]8;;https://example.org\u0007link\u001b]8;;\u0007')).toBe('link')
  expect(plainLine('one\ntwo')).toBe('one two')
  expect(plainLine('👩‍👩‍👧 👍🏽 ❤️')).toBe('👩👩👧 👍 ❤')
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
    expect(plainLine(text)).not.toMatch(/[\p{Control}\p{Bidi_Control}]/u)
  }))
})

test('of a line that was written over, the last state counts', () => {
  expect(plainLines('a\r\n10%\r50%\r90%\n\nb\n\n')).toEqual(['a', '90%', '', 'b'])
})
