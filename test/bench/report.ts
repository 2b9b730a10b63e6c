import type { Figure } from './measure.ts'

/** The figures as an aligned table. */
export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, unit, median, p99, runs }) => [name, shown(median), shown(p99), unit, String(runs)])
  return aligned([['name', 'median', 'p99', 'unit', 'runs'], ...rows])
}

/** The peer with the lowest median of a case of ours; undefined when none was measured. `kind` is `durable` for synced writes. */
export function bestPeer(figures: readonly Figure[], test: string, kind: string): Figure | undefined {
  // A peer may have two ways: fan-20 and fan-20-parallel.
  const pattern = new RegExp(`^[a-z]+/${test}(-[a-z]+)?/${kind}$`)
  return figures.filter(({ name }) => pattern.test(name)).toSorted((a, b) => a.median - b.median)[0]
}

/** Ours over the best peer, for each case that both have; '' when no peer was measured. */
export function peerTable(figures: readonly Figure[]): string {
  const rows = figures.flatMap(({ name, median }) => {
    const [test, kind, more] = name.split('/')
    if (test === undefined || kind === undefined || more !== undefined) return []
    // Whoever does not sync is compared too, by name.
    const kinds = kind === 'durable' ? ['durable', 'unsynced'] : [kind]
    const best = kinds.map((each) => bestPeer(figures, test, each)).filter((figure) => figure !== undefined)
    return best.map((peer) => [name, shown(median), peer.name, shown(peer.median), (median / peer.median).toFixed(2)])
  })
  return rows.length === 0 ? '' : aligned([['ours', 'median', 'best peer', 'median', 'ours / peer'], ...rows])
}

export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const cell = (text: string, column: number) =>
    /^[\d.]+$|^median$|^p99$|^runs$|^value$|^ours \/ peer$/.test(text) ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0)
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n')
}

/** Two decimals where they say something. */
export function shown(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1)
}
