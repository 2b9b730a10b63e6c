import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { load } from './dialect-reading.ts'
import { timedRun } from './timed-run.ts'

/** A node, its duration in ms, and the numbers of the earlier nodes that it needs. */
interface TimedNode {
  readonly time: number
  readonly needs: readonly number[]
}

const size = 200
const graph = fc
  .array(fc.record({ time: fc.integer({ min: 1, max: 5000 }), back: fc.array(fc.integer({ min: 1, max: 25 }), { maxLength: 3 }) }), {
    minLength: size,
    maxLength: size,
    // By itself fast-check prefers short lists and small numbers.
    size: 'max',
  })
  .map((nodes) => nodes.map(({ time, back }, index): TimedNode => ({ time, needs: [...new Set(back.map((by) => index - by))].filter((need) => need >= 0) })))

/** Greedy list scheduling: whenever a place is free, the node starts that has been ready the longest. */
function listSchedule(nodes: readonly TimedNode[], places: number): number {
  const missing = nodes.map(({ needs }) => needs.length)
  const ready = nodes.flatMap((_, index) => (missing[index] === 0 ? [index] : []))
  const running: { node: number; end: number }[] = []
  let now = 0
  for (;;) {
    for (let node = ready[0]; node !== undefined && running.length < places; node = ready[0]) {
      ready.shift()
      running.push({ node, end: now + (nodes[node]?.time ?? 0) })
    }
    const next = running.toSorted((a, b) => a.end - b.end)[0]
    if (next === undefined) return now
    now = next.end
    running.splice(running.indexOf(next), 1)
    nodes.forEach(({ needs }, index) => {
      if (!needs.includes(next.node)) return
      missing[index] = (missing[index] ?? 0) - 1
      if (missing[index] === 0) ready.push(index)
    })
  }
}

/** Level by level: a level starts when all of the one before has ended. */
function levelSchedule(nodes: readonly TimedNode[], places: number): number {
  const levels: number[] = []
  for (const { needs } of nodes) levels.push(1 + Math.max(0, ...needs.map((need) => levels[need] ?? 0)))
  return [...new Set(levels)].reduce((total, level) => {
    const members = nodes.filter((_, index) => levels[index] === level)
    return total + listSchedule(members.map(({ time }) => ({ time, needs: [] })), places)
  }, 0)
}

async function makespan(nodes: readonly TimedNode[], concurrency: number): Promise<number> {
  const blocks = nodes.map(({ needs }, index) => ({ id: `n${index}`, needs: needs.map((need) => `n${need}`), run: 'x' }))
  const spec = { forkchart: 1, name: 'x', limits: { concurrency }, stages: [{ id: 'g', graph: blocks }] }
  const { workflow } = load(JSON.stringify(spec))
  const timed = await timedRun(workflow, ({ path }) => nodes[Number(path.slice('g.n'.length))]?.time ?? 0, () => null)
  expect(timed.settlement).toMatchObject({ status: 'done' })
  return timed.makespan
}

describe('a graph of 200 nodes with random durations', () => {
  it.each([['without a cap', size], ['with four places', 4], ['with one place', 1]])('takes what list scheduling takes, %s', async (_, places) => {
    await fc.assert(
      fc.asyncProperty(graph, async (nodes) => {
        expect(await makespan(nodes, places)).toBe(listSchedule(nodes, places))
      }),
      { numRuns: 4 },
    )
  })

  it('is not held up by levels', async () => {
    const nodes = Array.from({ length: size }, (_, index): TimedNode => ({
      time: 1 + ((index * 7919) % 997),
      needs: index < 10 ? [] : [index - 10, index - 1 - (index % 7)],
    }))
    for (const places of [size, 8]) {
      const took = await makespan(nodes, places)
      expect(took).toBe(listSchedule(nodes, places))
      expect(took).toBeLessThan(0.95 * levelSchedule(nodes, places))
    }
  })
})
