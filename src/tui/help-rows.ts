import { cutCells } from './cells.ts'
import { stepMarks } from './marks.ts'
import type { Span } from './paint.ts'

const keys: readonly (readonly [string, string])[] = [
  ['j k  ↓ ↑', 'next and previous block; with an open step: scroll'],
  ['g G', 'first and last'],
  ['PgUp PgDn', 'a page up and down'],
  ['Enter', 'open the selected step over the whole height, and back'],
  ['f', 'follow the work: the selection goes where steps run'],
  ['a', 'the next question that waits for an answer'],
  ['q  Ctrl-C', 'stop: the run is saved and can be resumed; after its end: leave'],
  ['? Esc', 'this help, and back'],
]

/** The keys and what the marks mean. */
export function helpRows(columns: number): Span[][] {
  const marks = Object.values(stepMarks).map(({ glyph, word }) => `${glyph} ${word}`)
  return [
    [],
    ...keys.map(([key, meaning]): Span[] => [
      { text: `  ${key.padEnd(11)}`, bold: true },
      { text: cutCells(meaning, columns - 14) },
    ]),
    [],
    [{ text: cutCells(`  ${marks.slice(0, 5).join('   ')}`, columns) }],
    [{ text: cutCells(`  ${marks.slice(5).join('   ')}`, columns) }],
    [],
    [{ text: cutCells('  The screen closes when the run ends, unless a step or this help is open.', columns), tone: 'dim' }],
  ]
}
