import { describe, expect, test } from 'vitest'
import { applyEvent, endedSteps, markInterrupted, type RunView } from '../src/runtime/run-view.ts'
import { parallel, sequence, step, Story, workflowOf } from './tui-fixture.ts'
import { reacting, verified } from './tui-fixture-groups.ts'

function statuses(view: RunView): Record<string, string> {
  return Object.fromEntries(view.nodes.map((node) => [node.path, node.status]))
}
function counts(view: RunView): string {
  return `${endedSteps(view.steps)}/${view.total}`
}

describe('what follows on the end of a block', () => {
  const flow = workflowOf([
    sequence('row', [verified(reacting(step('row.a'), { fallback: step('row.a.fallback') })), step('row.b')]),
  ])
  const tell = (then: (story: Story) => Story): Record<string, string> => statuses(then(new Story().begin().start('row.a')).view(flow))

  test('is skipped when it was not needed', () => {
    const all = (story: Story): Story => story.complete('row.a', 'x').start('row.a.verify').complete('row.a.verify', 'x')
    expect(tell((story) => all(story))).toEqual({
      row: 'running', 'row.a': 'completed', 'row.a.verify': 'completed', 'row.a.fallback': 'skipped', 'row.b': 'pending',
    })
    expect(tell((story) => story.skip('row.a', 'no'))).toMatchObject({ 'row.a.verify': 'skipped', 'row.a.fallback': 'skipped' })
  })

  test('instead of a failed block decides how the block counts', () => {
    const fallback = (story: Story): Story => story.fail('row.a', 'no').start('row.a.fallback')
    expect(tell(fallback)).toMatchObject({ row: 'running', 'row.a': 'failed', 'row.a.verify': 'pending' })
    const done = (story: Story): Story => fallback(story).complete('row.a.fallback', 'x').start('row.b').complete('row.b', 'x')
    expect(tell(done)).toEqual({
      row: 'completed', 'row.a': 'failed', 'row.a.verify': 'skipped', 'row.a.fallback': 'completed', 'row.b': 'completed',
    })
    expect(tell((story) => fallback(story).fail('row.a.fallback', 'no'))).toMatchObject({ row: 'failed', 'row.b': 'pending' })
  })

  test('fails the block when it does not verify it', () => {
    const refused = (story: Story): Story => story.complete('row.a', 'x').start('row.a.verify').fail('row.a.verify', 'no')
    expect(tell(refused)).toMatchObject({ row: 'running', 'row.a': 'completed', 'row.a.fallback': 'pending' })
    const plain = workflowOf([sequence('row', [verified(parallel('row.p', [step('row.p.x')])), step('row.b')])])
    const story = new Story().begin().open('row.p').start('row.p.x').complete('row.p.x', 'x').join('row.p', 'completed')
    story.start('row.p.verify')
    expect(statuses(story.view(plain))).toMatchObject({ row: 'running', 'row.p': 'running', 'row.p.x': 'completed' })
    const view = story.after(50).fail('row.p.verify', 'no').view(plain)
    expect(statuses(view)).toMatchObject({ row: 'failed', 'row.p': 'failed', 'row.p.x': 'completed' })
    expect(view.byPath.get('row.p')).toMatchObject({ error: { message: 'no' }, endedAt: '2026-11-21T12:00:00.050Z' })
  })

  test('is still to come once the block runs again', () => {
    const all = (story: Story): Story => story.complete('row.a', 'x').start('row.a.verify').complete('row.a.verify', 'x')
    const ended = tell((story) => all(story))
    expect(ended).toMatchObject({ 'row.a.verify': 'completed', 'row.a.fallback': 'skipped' })
    expect(tell((story) => all(story).start('row.a'))).toMatchObject({
      'row.a': 'running', 'row.a.verify': 'pending', 'row.a.fallback': 'pending',
    })
    const fallback = (story: Story): Story => all(story).start('row.a').complete('row.a', 'x').start('row.a.verify')
    expect(tell((story) => fallback(story).fail('row.a.verify', 'no').start('row.a.fallback'))).toMatchObject({
      row: 'running', 'row.a.verify': 'failed', 'row.a.fallback': 'running',
    })
  })

  test('is still to come while the run goes on, and when it was interrupted before', () => {
    const story = new Story().begin().start('row.a').complete('row.a', 'x')
    const view = story.view(flow)
    expect(statuses(view)).toMatchObject({ row: 'running', 'row.a.verify': 'pending', 'row.a.fallback': 'pending' })
    markInterrupted(view)
    expect(statuses(view)).toMatchObject({ row: 'pending', 'row.a': 'completed', 'row.a.verify': 'pending' })
    for (const event of story.tell({ type: 'run.resumed', data: { afterSeq: 4 } }).events.slice(-1)) applyEvent(view, event)
    expect(statuses(view)).toMatchObject({ row: 'running', 'row.a.verify': 'pending' })
  })
})

describe('a failure', () => {
  test('that the workflow goes on after stays one, and what it left undone is skipped', () => {
    const part = reacting(sequence('row.part', [step('row.part.x'), step('row.part.y')]), 'continue')
    const flow = workflowOf([sequence('row', [part, step('row.b')])])
    const story = new Story().begin().start('row.part.x').fail('row.part.x', 'no').start('row.b').complete('row.b', 'x')
    expect(statuses(story.view(flow))).toEqual({
      row: 'completed', 'row.part': 'failed', 'row.part.x': 'failed', 'row.part.y': 'skipped', 'row.b': 'completed',
    })
  })

  test.each(['', 'row.'])('that sends the run back makes all from there on pending again, in "%s"', (at) => {
    const list = [
      step(`${at}plan`),
      sequence(`${at}build`, [step(`${at}build.x`), step(`${at}build.y`)]),
      step(`${at}docs`),
      reacting(step(`${at}test`), { goto: 'build', max: 2 }),
      step(`${at}ship`),
    ]
    const flow = workflowOf(at === '' ? list : [sequence('row', list)])
    const story = new Story().begin()
    const run = (...ids: string[]): void => ids.forEach((id) => story.start(`${at}${id}`).complete(`${at}${id}`, 'x'))
    run('plan', 'build.x', 'build.y', 'docs')
    story.start(`${at}test`).fail(`${at}test`, 'red')
    story.start(`${at}build.x`)
    const view = story.view(flow)
    const ids = ['plan', 'build', 'build.x', 'build.y', 'docs', 'test', 'ship']
    expect(ids.map((id) => view.byPath.get(`${at}${id}`)?.status)).toEqual([
      'completed', 'running', 'running', 'pending', 'pending', 'pending', 'pending',
    ])
    story.complete(`${at}build.x`, 'x')
    run('build.y', 'docs', 'test', 'ship')
    expect(counts(story.view(flow))).toBe('6/6')
    if (at !== '') expect(statuses(story.view(flow))['row']).toBe('completed')
  })
})
