import { cellWidth, fitCells, plainLine } from '../tui/cells.ts'

/** Rows in columns as wide as their widest cell; the last column is as long as it likes. Ends with a newline. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const plain = rows.map((row) => row.map(plainLine))
  const widths: number[] = []
  for (const row of plain) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cellWidth(cell))
  }
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === row.length - 1 ? cell : fitCells(cell, widths[column] ?? 0))).join('  ')
  return plain.map((row) => `${line(row).trimEnd()}\n`).join('')
}

/** A value for a person on stdout: a text as it is, everything else as indented JSON. Ends with a newline. */
export function printable(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2)
  return text.endsWith('\n') ? text : `${text}\n`
}
