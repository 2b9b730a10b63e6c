import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { activeSteps, applyEvent, createRunView, nodeStatuses, type RunView } from '../src/runtime/run-view.ts'
import { sequence, step, Story, workflowOf } from './tui-fixture.ts'
import { graphOf, indexes, loopOf, mapOf, reacting, reviewOf, switchOf, verified } from './tui-fixture-groups.ts'

describe('whatever the events', () => {
  const flow = workflowOf([
    loopOf('l', sequence('l.s', [
      mapOf('l.s.m', verified(step('l.s.m.[].x', { group: 'l.s.m' })), { reduce: { call: 'join' } }),
      reviewOf('l.s.r', step('l.s.r.w'), switchOf('l.s.r.v', [step('l.s.r.v.a'), step('l.s.r.v.b')])),
      reacting(step('l.s.t'), { goto: 'm', max: 2 }),
    ])),
    verified(reacting(graphOf('g', [reacting(step('g.a'), 'continue'), step('g.b')]), { fallback: sequence('g.fallback', [step('g.fallback.a')]) })),
  ])
  const paths = [
    ...createRunView(flow).nodes.map((node) => node.path),
    ...indexes(3).flatMap((index) => [`l.s.m.${index}.x`, `l.s.m.${index}.x.verify`]),
  ]
  const path = fc.constantFrom(...paths)
  const tale = fc.array(fc.oneof(
    path.map((to) => (story: Story) => story.start(to)),
    path.map((to) => (story: Story) => story.start(to).complete(to, 'x')),
    path.map((to) => (story: Story) => story.fail(to, 'x')),
    path.map((to) => (story: Story) => story.skip(to, 'x')),
    path.map((to) => (story: Story) => story.cancel(to, 'x')),
    fc.constant((story: Story) => story.open('l.s.m', indexes(2))),
    fc.tuple(fc.constantFrom('l.s.m', 'g', 'l.s.r'), fc.constantFrom('completed', 'failed', 'skipped'))
      .map(([to, status]) => (story: Story) => story.join(to, status)),
    fc.constantFrom(1, 2, 3, undefined).map((round) => (story: Story) => story.round(round)),
    fc.constantFrom('done', 'failed').map((status) => (story: Story) => story.settle(status)),
    fc.constant((story: Story) => story.tell({ type: 'run.resumed', data: { afterSeq: 0 } })),
    fc.constant((story: Story) => story.tell({ type: 'run.paused', data: { reason: 'x' } })),
  ), { maxLength: 40 })

  test('the counts add up, everywhere', () => {
    fc.assert(fc.property(tale, (tells) => {
      const story = new Story().begin()
      for (const tell of tells) tell(story)
      const view = createRunView(flow)
      for (const event of story.events) {
        applyEvent(view, event)
        expectSums(view)
      }
    }), { numRuns: 200 })
  })

  function expectSums(view: RunView): void {
    const steps = view.nodes.filter((node) => node.isStep)
    expect(view.total).toBe(steps.length)
    expect(view.byPath.size).toBe(view.nodes.length)
    expect(view.active).toEqual(new Set(steps.filter(({ status }) => ['queued', 'running', 'waiting', 'retrying'].includes(status))))
    for (const status of nodeStatuses) {
      expect(view.steps[status]).toBe(steps.filter((node) => node.status === status).length)
      for (const group of view.nodes) {
        const inside = steps.filter(({ path }) => path === group.path || path.startsWith(`${group.path}.`))
        expect(group.steps[status]).toBe(inside.filter((node) => node.status === status).length)
      }
    }
    // Of `g`, what follows on its end may be at work without anybody having said how it ended.
    for (const group of view.nodes.filter((node) => !node.isStep && node.path !== 'g')) {
      if (view.status === 'running' && activeSteps(group.steps) > 0) expect(group.status).not.toBe('pending')
    }
  }
})
