import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { barTable } from './bench/bars.ts'
import { benchCases } from './bench/cases.ts'
import { diskFolder } from './bench/disk-folder.ts'
import { inMemory } from './bench/drive.ts'
import { measure, quantile } from './bench/measure.ts'
import { figureTable, peerTable } from './bench/report.ts'
import { chain } from './bench/workflows.ts'

test('every case of the bench gives a figure of the promised shape', async () => {
  const dir = mkdtempSync(join(diskFolder().folder, 'forkchart-bench-test-'))
  try {
    const figures = await measure(benchCases(dir, { smoke: true }), { warmUpMs: 0, runs: 1 })
    expect(figures.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'chain-100/memory',
        'chain-100/durable',
        'fan-20/memory',
        'fan-20/durable',
        'fan-1000/memory',
        'fan-1000/durable',
        'fan-10000/memory',
        'fan-10000/durable',
        'dag-10000/memory',
        'dag-10000/durable',
        'map-10000/memory',
        'floor/fdatasync',
        'floor/p-queue',
        'event-latency',
        'run-heap',
        'resume-10000',
        'checkpoint-10000/ratio',
        'loop-block-10000/max',
      ]),
    )
    for (const figure of figures) {
      expect(figure).toEqual({
        name: figure.name,
        unit: expect.stringMatching(/^(µs|ms|KB\/run|x)/),
        median: expect.any(Number),
        p99: expect.any(Number),
        runs: 1,
      })
      // These are differences of two times: one run of each may give any sign.
      if (!figure.name.startsWith('agents-')) expect(figure.median).toBeGreaterThan(0)
      expect(figure.p99).toBeGreaterThanOrEqual(figure.median)
    }
    expect(barTable(figures).split('\n')).toHaveLength(13)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}, 90_000)

test('a run gives one latency for each of its steps', async () => {
  const { makespan, fixed, latencies } = await inMemory()(chain(10))
  expect(latencies).toHaveLength(10)
  expect(latencies.every((latency) => latency > 0 && latency < makespan)).toBe(true)
  expect(fixed).toBeGreaterThan(0)
})

test('median and p99 are values that were measured', () => {
  const sorted = Array.from({ length: 200 }, (_, index) => index + 1)
  expect(quantile(sorted, 0.5)).toBe(100)
  expect(quantile(sorted, 0.99)).toBe(198)
  expect(quantile([7], 0.99)).toBe(7)
  expect(quantile([], 0.5)).toBeNaN()
})

const figure = (name: string, median: number, p99 = median) => ({ name, unit: 'µs', median, p99, runs: 1 })

test('a bar is shown only when its figures were measured, and says whether it holds', () => {
  expect(barTable([figure('floor/p-queue', 1)])).toBe('')
  expect(barTable([figure('chain-100/durable', 500)])).toBe('')
  expect(barTable([figure('chain-100/durable', 500), figure('floor/fdatasync', 100)])).toMatch(/5\.00 +at most 1\.3 +missed/)
  expect(barTable([figure('fan-1000/durable', 59)])).toMatch(/59\.0 +at most 60 +ok/)
  expect(barTable([figure('event-latency', 20, 201)])).toMatch(/20\.0 +at most 20 +ok\n.*p99 +201\.0 +at most 200 +missed/)
})

test('a figure is compared with the best peer of its kind, and who does not sync only by name', () => {
  const figures = [
    figure('fan-20/durable', 60),
    figure('mastra/fan-20/durable', 300),
    figure('mastra/fan-20-parallel/durable', 200),
    figure('dbos/fan-20/durable', 250),
    figure('mastra/fan-20/unsynced', 50),
    figure('mastra/fan-20/memory', 10),
  ]
  expect(peerTable(figures)).toBe(
    [
      'ours            median  best peer                       median  ours / peer',
      'fan-20/durable    60.0  mastra/fan-20-parallel/durable   200.0         0.30',
      'fan-20/durable    60.0  mastra/fan-20/unsynced            50.0         1.20',
    ].join('\n'),
  )
  expect(barTable(figures)).toMatch(/mastra\/fan-20-parallel\/durable +0\.30 +at most 0\.5 +ok$/)
  expect(peerTable(figures.slice(0, 1))).toBe('')
})

test('figures stand in aligned columns', () => {
  expect(figureTable([figure('fan-20/durable', 100), figure('checkpoint-10000/ratio', 1.504)])).toBe(
    [
      'name                    median    p99  unit  runs',
      'fan-20/durable           100.0  100.0  µs       1',
      'checkpoint-10000/ratio    1.50   1.50  µs       1',
    ].join('\n'),
  )
})
