import type { Figure } from './measure.ts'

/** What the figures must not exceed. */
interface Bar {
  readonly name: string
  readonly most: number
  /** The figure it is a multiple of; absent for a plain bar. */
  readonly over?: string
}

const bars: readonly Bar[] = [
  { name: 'fan-20/durable', most: 200 },
  { name: 'fan-1000/durable', most: 250 },
  { name: 'chain-100/durable', over: 'floor/fdatasync', most: 2.5 },
]

/** The figures as an aligned table. */
export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, unit, median, p99, runs }) => [name, median.toFixed(1), p99.toFixed(1), unit, String(runs)])
  return aligned([['name', 'median', 'p99', 'unit', 'runs'], ...rows])
}

/** One line for each bar whose figures were measured. */
export function barTable(figures: readonly Figure[]): string {
  const medians = new Map(figures.map(({ name, median }) => [name, median]))
  const rows = bars.flatMap(({ name, over, most }) => {
    const own = medians.get(name)
    const base = over === undefined ? 1 : medians.get(over)
    if (own === undefined || base === undefined) return []
    const value = own / base
    const what = over === undefined ? name : `${name} / ${over}`
    return [[what, value.toFixed(over === undefined ? 1 : 2), `at most ${most}`, value <= most ? 'holds' : 'MISSED']]
  })
  return rows.length === 0 ? '' : aligned([['bar', 'median', 'limit', ''], ...rows])
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const cell = (text: string, column: number) =>
    /^[\d.]+$|^median$|^p99$|^runs$/.test(text) ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0)
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n')
}
