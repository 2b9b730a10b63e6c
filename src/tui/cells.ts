import { stripVTControlCharacters } from 'node:util'

/** Text in terminal cells: what anybody wrote, made safe to stand in one row of a screen, at an exact width. */

const oneCellOnly = /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2190-\u21ff\u2500-\u25fc]*$/
const invisible = /^[\p{Default_Ignorable_Code_Point}\p{Control}\p{Format}\p{Nonspacing_Mark}\p{Enclosing_Mark}\p{Surrogate}]*$/u
const emoji = /\p{Emoji_Presentation}/u
const wide =
  /^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{20000}-\u{3fffd}]/u
const emojiParts = /[\ufe0f\u20e3\p{Emoji_Modifier}]/gu
const emojiJoiner = /(?<=\p{Extended_Pictographic})\u200d/gu
const unsafe = /[\p{Control}\p{Bidi_Control}\u2028\u2029]/gu
const segmenter = new Intl.Segmenter()

/** How many cells of a terminal the text takes. Expects a plain line: no escape codes, no control characters. */
export function cellWidth(text: string): number {
  if (oneCellOnly.test(text)) return text.length
  let width = 0
  for (const { segment } of segmenter.segment(text)) width += graphemeWidth(segment)
  return width
}

/** Exactly `width` cells: cut with `…` when too long, filled with blanks when too short. */
export function fitCells(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  if (width <= 0) return ''
  const cut = cutCells(text, width)
  const blanks = ' '.repeat(Math.max(0, width - cellWidth(cut)))
  return align === 'left' ? cut + blanks : blanks + cut
}

/** At most `width` cells, ending in `…` when something was cut off. */
export function cutCells(text: string, width: number): string {
  if (width <= 0) return ''
  // Text of more code units than twice the cells is cut either way, most of it without being measured.
  if (text.length <= width * 2 && cellWidth(text) <= width) return text
  return text.length > 0 && headCells(text, width) === text ? text : `${headCells(text, width - 1)}…`
}

/** A text of any length on one line of at most `width` cells, with single blanks. */
export function shortLine(text: string, width: number): string {
  return cutCells(plainLine(text.slice(0, width * 8)).replaceAll(/ +/g, ' ').trim(), width)
}

/** The text in pieces of at most `width` cells; at least one piece. */
export function wrapCells(text: string, width: number): string[] {
  const lines: string[] = []
  let rest = text
  while (cellWidth(rest) > width) {
    // A character wider than the whole line still takes one.
    const head = headCells(rest, width) || (segmenter.segment(rest)[Symbol.iterator]().next().value?.segment ?? rest)
    lines.push(head)
    rest = rest.slice(head.length)
  }
  return rest === '' && lines.length > 0 ? lines : [...lines, rest]
}

/**
 * One line without escape codes, control characters and marks that turn the direction of writing; tabs are blanks.
 * Emoji made of several are taken apart: terminals do not agree on how wide they are, and one cell too many wraps a row.
 */
export function plainLine(text: string): string {
  const printed = stripVTControlCharacters(text).replaceAll('\t', '  ').replace(unsafe, (found) => (found === '\n' ? ' ' : ''))
  return oneCellOnly.test(printed) ? printed : printed.replace(emojiParts, '').replace(emojiJoiner, '')
}

/** The same for a text of several lines. Of a line that was written over, the last state counts. */
export function plainLines(text: string): string[] {
  const lines = text.replaceAll('\r\n', '\n').trimEnd().split('\n')
  return lines.map((line) => plainLine(line.slice(line.trimEnd().lastIndexOf('\r') + 1)).trimEnd())
}

function headCells(text: string, width: number): string {
  let used = 0
  let end = 0
  for (const { segment, index } of segmenter.segment(text)) {
    used += graphemeWidth(segment)
    if (used > width) break
    end = index + segment.length
  }
  return text.slice(0, end)
}

function graphemeWidth(segment: string): number {
  if (invisible.test(segment)) return 0
  return emoji.test(segment) || wide.test(segment) ? 2 : 1
}
