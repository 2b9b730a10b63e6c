import type { BenchCase } from './cases.ts'

export interface Figure {
  readonly name: string
  readonly unit: string
  readonly median: number
  readonly p99: number
  /** Measured runs; warm-up runs are not in it. */
  readonly runs: number
}

export interface MeasureOptions {
  /** How long each case is run before it is measured, in ms: until the engine has compiled what it will compile. */
  readonly warmUpMs: number
  readonly runs: number
}

/**
 * Takes turns: each round runs every case once, so that a slow spell of the machine falls on all of them alike. A case that
 * gave no samples has no figure.
 */
export async function measure(cases: readonly BenchCase[], options: MeasureOptions): Promise<Figure[]> {
  for (const { run } of cases) {
    const begun = performance.now()
    while (performance.now() - begun < options.warmUpMs) await run()
  }
  const samples = new Map(cases.map(({ name }) => [name, [] as number[]]))
  for (let round = 0; round < options.runs; round += 1) {
    for (const { name, run, mostRuns = Infinity } of cases) {
      if (round < mostRuns) samples.get(name)?.push(...(await run()))
    }
  }
  return cases.flatMap(({ name, unit, mostRuns = Infinity }) => {
    const sorted = (samples.get(name) ?? []).toSorted((a, b) => a - b)
    if (sorted.length === 0) return []
    const runs = Math.min(options.runs, mostRuns)
    return [{ name, unit, median: round(quantile(sorted, 0.5)), p99: round(quantile(sorted, 0.99)), runs }]
  })
}

/** The smallest value that at least this share of all values does not exceed. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
