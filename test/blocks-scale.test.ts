import { expect, test } from 'vitest'
import type { JsonObject } from '../src/json.ts'
import type { Workflow } from '../src/spec/ir.ts'
import { parseSpec } from '../src/spec/load.ts'
import { runHosted } from './blocks-run.ts'

function workflow(stage: JsonObject): Workflow {
  const spec = { forkchart: 1, name: 'wide', limits: { concurrency: 10_000 }, stages: [{ id: 'g', ...stage }] }
  return parseSpec(JSON.stringify(spec), { file: '/spec/wide.json', format: 'json' }).workflow
}

const node = (id: number, needs: readonly number[]): JsonObject => ({
  id: `n${id}`,
  call: './w.ts#w',
  ...(needs.length === 0 ? {} : { needs: needs.map((need) => `n${need}`) }),
})
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

test('a map of 1,000 items', async () => {
  const wide = workflow({ map: { over: '${{ input }}', do: { call: './w.ts#w' } } })
  const { settlement } = await runHosted(wide, range(1000), ({ input }) => input)
  expect(settlement).toEqual({ status: 'done', output: range(1000) })
})

test('a graph of 200 nodes, each with needs', async () => {
  const needs = (id: number): number[] => [...new Set([id - 1, (id * 7) % (id || 1), Math.floor(id / 2)])].filter((each) => each >= 0 && each < id)
  const graph = range(200).map((id) => node(id, needs(id)))
  const { settlement, events } = await runHosted(workflow({ graph }), null, ({ path }) => path)
  expect(settlement).toEqual({ status: 'done', output: range(200).map((id) => `g.n${id}`) })
  const completed = new Map(events.flatMap(({ type, path = '', seq }) => (type === 'step.completed' ? [[path, seq] as const] : [])))
  for (const { type, path, seq } of events) {
    if (type !== 'step.started') continue
    for (const need of needs(Number(path?.slice(3)))) expect(completed.get(`g.n${need}`)).toBeLessThan(seq)
  }
})

test('a fan-in of 1,000', async () => {
  const graph = [...range(1000).map((id) => node(id, [])), node(1000, range(1000))]
  const { settlement } = await runHosted(workflow({ graph, reduce: 'first' }), null, () => 1)
  expect(settlement).toEqual({ status: 'done', output: 1 })
})
