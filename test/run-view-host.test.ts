import { expect, test } from 'vitest'
import type { RunEvent } from '../src/events.ts'
import { applyEvent, createRunView, endedSteps } from '../src/runtime/run-view.ts'
import { createBench } from './run-embedded.ts'
import { sequence, step, workflowOf } from './tui-fixture.ts'
import { graphOf, loopOf, mapOf, reacting, reviewOf, switchOf, verified } from './tui-fixture-groups.ts'

/** What a real run tells is enough to know where each block stands. */

const inner = { ...loopOf('again.row.inner', step('again.row.inner.x'), 5), until: 'loop.iteration >= 2' }
const each = mapOf('again.row.each', verified(step('again.row.each.[].t', { group: 'again.row.each' })), {
  over: '${{ [1, 2] }}', group: 'again.row.each',
})
const choice = switchOf('choice', [step('choice.a'), step('choice.b'), step('choice.c')])
const flow = workflowOf([
  { ...reviewOf('draft', step('draft.write'), step('draft.judge')), approved: 'loop.iteration >= 2' },
  loopOf('again', sequence('again.row', [inner, each]), 2),
  { ...choice, cases: choice.cases.map((one, index) => ({ ...one, when: index === 1 ? 'true' : 'false' })) },
  verified(graphOf('nodes', [step('nodes.a'), { ...step('nodes.b'), needs: ['a'] }])),
  reacting(step('bad'), { fallback: step('bad.fallback') }),
  reacting(step('odd'), 'continue'),
  reacting(step('flaky'), { goto: 'choice', max: 1 }),
])

test('at the end of a run with groups of every kind nothing is left pending or at work', async () => {
  let failures = 0
  const bench = createBench(({ path, attempt }) => {
    if (path === 'bad' || path === 'odd') throw new TypeError('never works')
    if (path === 'flaky' && (failures += 1) === 1) throw new TypeError('not the first time')
    return `${path} ${attempt}`
  })
  const handle = await bench.start(flow)
  const events: RunEvent[] = []
  handle.subscribe((event) => void ('ephemeral' in event || events.push(event)))
  expect(await bench.settled(handle)).toMatchObject({ status: 'done' })
  const view = createRunView(flow)
  for (const event of events) applyEvent(view, event)
  expect(Object.fromEntries(view.nodes.map((node) => [node.path, node.status]))).toEqual({
    draft: 'completed', 'draft.write': 'completed', 'draft.judge': 'completed',
    again: 'completed', 'again.row': 'completed', 'again.row.inner': 'completed', 'again.row.inner.x': 'completed',
    'again.row.each': 'completed',
    'again.row.each.0.t': 'completed', 'again.row.each.0.t.verify': 'completed',
    'again.row.each.1.t': 'completed', 'again.row.each.1.t.verify': 'completed',
    choice: 'completed', 'choice.a': 'skipped', 'choice.b': 'completed', 'choice.c': 'skipped',
    nodes: 'completed', 'nodes.a': 'completed', 'nodes.b': 'completed', 'nodes.verify': 'completed',
    bad: 'failed', 'bad.fallback': 'completed', odd: 'failed', flaky: 'completed',
  })
  expect(['draft', 'again', 'again.row.inner'].map((path) => view.byPath.get(path)?.iteration)).toEqual([2, 2, 2])
  expect(endedSteps(view.steps)).toBe(view.total)
})
