import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { benchCases } from './bench/cases.ts'
import { diskFolder } from './bench/disk-folder.ts'
import { inMemory } from './bench/drive.ts'
import { measure, quantile } from './bench/measure.ts'
import { barTable, figureTable } from './bench/report.ts'
import { chain } from './bench/workflows.ts'

test('every case of the bench gives a figure of the promised shape', async () => {
  const dir = mkdtempSync(join(diskFolder().folder, 'forkchart-bench-test-'))
  try {
    const figures = await measure(benchCases(dir), { warmUpMs: 0, runs: 1 })
    expect(figures.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'chain-100/memory',
        'chain-100/durable',
        'fan-20/memory',
        'fan-20/durable',
        'fan-1000/memory',
        'fan-1000/durable',
        'floor/fdatasync',
        'floor/p-queue',
        'event-latency',
      ]),
    )
    for (const figure of figures) {
      expect(figure).toEqual({
        name: figure.name,
        unit: expect.stringMatching(/^µs/),
        median: expect.any(Number),
        p99: expect.any(Number),
        runs: 1,
      })
      expect(figure.median).toBeGreaterThan(0)
      expect(figure.p99).toBeGreaterThanOrEqual(figure.median)
    }
    expect(barTable(figures).split('\n')).toHaveLength(4)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

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

test('a bar is shown only when its figures were measured, and says whether it holds', () => {
  const figure = (name: string, median: number) => ({ name, unit: 'µs', median, p99: median, runs: 1 })
  expect(barTable([figure('floor/p-queue', 1)])).toBe('')
  expect(barTable([figure('chain-100/durable', 500)])).toBe('')
  expect(barTable([figure('chain-100/durable', 500), figure('floor/fdatasync', 100)])).toMatch(/5\.00 +at most 2\.5 +MISSED/)
  expect(barTable([figure('fan-20/durable', 100)])).toMatch(/100\.0 +at most 200 +holds/)
  expect(figureTable([figure('fan-20/durable', 100)])).toBe(
    'name            median    p99  unit  runs\nfan-20/durable   100.0  100.0  µs       1',
  )
})
