import { describe, expect, test } from 'vitest'
import { applyEvent, createRunView, endedSteps, nodePlace, stepRecords, type RunView } from '../src/runtime/run-view.ts'
import { output, sequence, step, Story, workflowOf } from './tui-fixture.ts'
import {
  graphOf, indexes, loopOf, mapOf, midTranslation, reviewedDraft, reviewOf, secondRound, switchOf, translation, waitOf,
} from './tui-fixture-groups.ts'

function statuses(view: RunView): Record<string, string> {
  return Object.fromEntries(view.nodes.map((node) => [node.path, node.status]))
}
function counts(view: RunView): string {
  return `${endedSteps(view.steps)}/${view.total}`
}

describe('a map', () => {
  const each = workflowOf([mapOf('each', step('each.[].translate', { group: 'each', branch: 'translate' })), step('after')])

  test('has no items before it starts, and none at all when there are none', () => {
    const view = createRunView(each)
    expect(statuses(view)).toEqual({ each: 'pending', after: 'pending' })
    expect(counts(view)).toBe('0/1')
    const empty = new Story().begin().open('each').join('each', 'completed').start('after').complete('after', 'x').view(each)
    expect(statuses(empty)).toEqual({ each: 'completed', after: 'completed' })
    expect(counts(empty)).toBe('1/1')
  })

  test('has its items, in order, from its start on', () => {
    const view = new Story().begin().open('each', indexes(3)).start('each.1.translate').view(each)
    expect(statuses(view)).toEqual({
      each: 'running', 'each.0.translate': 'pending', 'each.1.translate': 'running', 'each.2.translate': 'pending', after: 'pending',
    })
    expect(counts(view)).toBe('0/4')
    expect(view.byPath.get('each.2.translate')).toMatchObject({ item: 2, id: 'translate', group: 'each', branch: '2', depth: 1 })
  })

  test('shows items that nobody announced, in order, and nothing for paths that it cannot have', () => {
    const story = new Story().begin().start('each.2.translate').complete('each.2.translate', 'x').start('each.0.translate')
    const view = story.start('each.x.translate').start('each.7.other').start('each.7').start('each.[].translate').view(each)
    expect(Object.keys(statuses(view))).toEqual(['each', 'each.0.translate', 'each.2.translate', 'after'])
    applyEvent(view, output('each.9.translate', 'a line'))
    expect(counts(view)).toBe('1/3')
    expect(stepRecords(view).map(({ path, branch, status }) => [path, branch, status])).toEqual([
      ['each.0.translate', '0', 'running'], ['each.2.translate', '2', 'completed'], ['after', null, 'pending'],
    ])
  })

  test('has whole bodies, and maps in them', () => {
    const inner = mapOf('m.[].s.n', step('m.[].s.n.[].x', { group: 'm.[].s.n' }), { group: 'm', reduce: { call: 'join' } })
    const flow = workflowOf([mapOf('m', sequence('m.[].s', [step('m.[].s.a', { group: 'm' }), inner], { group: 'm' }))])
    const story = new Story().begin().open('m', indexes(2)).start('m.1.s.a').complete('m.1.s.a', 'x').open('m.1.s.n', indexes(2))
    const view = story.start('m.1.s.n.1.x').view(flow)
    expect(statuses(view)).toEqual({
      m: 'running',
      'm.0.s': 'pending', 'm.0.s.a': 'pending', 'm.0.s.n': 'pending', 'm.0.s.n.reduce': 'pending',
      'm.1.s': 'running', 'm.1.s.a': 'completed', 'm.1.s.n': 'running',
      'm.1.s.n.0.x': 'pending', 'm.1.s.n.1.x': 'running', 'm.1.s.n.reduce': 'pending',
    })
    const places = ['m.1.s.a', 'm.1.s.n', 'm.1.s.n.1.x', 'm.1.s.n.reduce'].map((path) => view.byPath.get(path))
    expect(places.map((node) => [node?.group, node?.branch, node?.item])).toEqual([
      ['m', '1', null], ['m', '1', null], ['m.1.s.n', '1', 1], ['m.1.s.n', null, null],
    ])
    expect(counts(view)).toBe('1/6')
  })

  test('that is done early leaves the items that never began skipped', () => {
    const story = new Story().begin().open('each', indexes(3)).start('each.0.translate').start('each.1.translate')
    const view = story.complete('each.0.translate', 'x').cancel('each.1.translate', 'done without it').join('each', 'completed').view(each)
    expect(statuses(view)).toMatchObject({ each: 'completed', 'each.1.translate': 'cancelled', 'each.2.translate': 'skipped' })
  })

  test('keeps the place of a path as items come and go', () => {
    const view = createRunView(each)
    expect(nodePlace(view, 'after')).toBe(1)
    for (const event of new Story().begin().open('each', indexes(3)).events) applyEvent(view, event)
    expect(nodePlace(view, 'after')).toBe(4)
    expect(nodePlace(view, 'each.2.translate')).toBe(3)
    expect(nodePlace(view, 'each.5.translate')).toBe(0)
    expect(nodePlace(view, '')).toBe(0)
  })

  test('of ten thousand items costs little', () => {
    const story = new Story().begin().open('files', indexes(10_000))
    for (const index of indexes(10_000)) {
      for (const id of ['translate', 'check']) story.start(`files.${index}.one.${id}`).complete(`files.${index}.one.${id}`, 'x')
    }
    const began = performance.now()
    const view = story.view(translation)
    // About 150 ms for 60,000 events; anything that looks at all items for each event takes minutes.
    expect(performance.now() - began).toBeLessThan(4000)
    expect(counts(view)).toBe('20000/20002')
  })
})

describe('a loop', () => {
  const flow = workflowOf([loopOf('again', sequence('again.try', [step('again.try.a'), step('again.try.b')])), step('after')])
  const once = (story: Story, round: number): Story => story.round(round)
    .start('again.try.a').complete('again.try.a', `a${round}`).start('again.try.b').complete('again.try.b', `b${round}`)

  test('begins each round with everything inside it pending, and keeps what was used', () => {
    const story = once(new Story().begin(), 1).round(2).start('again.try.a', 1)
    const view = story.view(flow)
    expect(statuses(view)).toEqual({
      again: 'running', 'again.try': 'running', 'again.try.a': 'running', 'again.try.b': 'pending', after: 'pending',
    })
    expect(view.byPath.get('again')).toMatchObject({ iteration: 2, usage: { inputTokens: 200 } })
    expect(view.byPath.get('again.try.b')).toMatchObject({ output: undefined, attempt: 0, startedAt: null, endedAt: null })
    expect(counts(view)).toBe('0/3')
    const done = once(story, 2).round(undefined).start('after').complete('after', 'x').view(flow)
    expect(statuses(done)).toMatchObject({ again: 'completed', 'again.try.b': 'completed' })
    expect(counts(done)).toBe('3/3')
  })

  test('around another one goes into its next round when the inner one begins anew', () => {
    const inner = loopOf('outer.row.inner', step('outer.row.inner.x'), 3)
    const nested = workflowOf([loopOf('outer', sequence('outer.row', [inner, step('outer.row.z')]), 9)])
    const story = new Story().begin()
    const innerRound = (round: number): Story => story.round(round).start('outer.row.inner.x').complete('outer.row.inner.x', 'x')
    const rounds = (): (number | undefined)[] => ['outer', 'outer.row.inner'].map((path) => story.view(nested).byPath.get(path)?.iteration)
    innerRound(1)
    expect(rounds()).toEqual([1, 1])
    innerRound(2)
    expect(rounds()).toEqual([1, 2])
    story.round(1).start('outer.row.z').complete('outer.row.z', 'x')
    innerRound(1)
    expect(rounds()).toEqual([2, 1])
    expect(statuses(story.view(nested))).toMatchObject({ 'outer.row.z': 'pending', 'outer.row.inner.x': 'completed' })
    story.round(2).start('outer.row.z')
    expect(rounds()).toEqual([2, 1])
    expect(statuses(story.view(nested))).toMatchObject({ 'outer.row.z': 'running', 'outer.row.inner': 'completed' })
    story.complete('outer.row.z', 'x')
    innerRound(1)
    expect(rounds()).toEqual([3, 1])
  })

  test('has nothing of an earlier round at work, though nobody said that it ended', () => {
    const view = new Story().begin().round(1).start('again.try.b').round(2).start('again.try.a').view(flow)
    expect([...view.active].map(({ path }) => path)).toEqual(['again.try.a'])
    expect(view.steps).toMatchObject({ running: 1, pending: 2 })
  })

  test('that began anew while the run was interrupted takes up only what is still there', () => {
    const looped = workflowOf([loopOf('again', mapOf('again.m', step('again.m.[].x')))])
    const story = new Story().begin().round(1).open('again.m', indexes(2)).start('again.m.0.x').start('again.m.1.x')
    story.tell({ type: 'run.paused', data: { reason: 'x' } }).round(2).open('again.m', indexes(1))
    const view = story.tell({ type: 'run.resumed', data: { afterSeq: 1 } }).view(looped)
    expect(view.steps).toMatchObject({ pending: 1, running: 0 })
    expect(view.active.size).toBe(0)
  })

  test('has the items of a map of this round only', () => {
    const body = mapOf('again.m', step('again.m.[].x', { group: 'again.m' }))
    const looped = workflowOf([loopOf('again', body)])
    const story = new Story().begin().round(1).open('again.m', indexes(3)).start('again.m.2.x').complete('again.m.2.x', 'x')
    story.join('again.m', 'completed').round(2).open('again.m', indexes(1)).start('again.m.0.x')
    expect(statuses(story.view(looped))).toEqual({ again: 'running', 'again.m': 'running', 'again.m.0.x': 'running' })
    expect(counts(story.view(looped))).toBe('0/1')
    const unannounced = new Story().begin().round(1).start('again.m.1.x').complete('again.m.1.x', 'x').round(2).start('again.m.1.x')
    expect(counts(unannounced.view(looped))).toBe('0/1')
  })
})

describe('a review', () => {
  test('shows its round, and its second one from the start', () => {
    const view = secondRound().view(reviewedDraft)
    expect(view.byPath.get('draft')).toMatchObject({ iteration: 2, status: 'running' })
    expect(statuses(view)).toMatchObject({
      'draft.write': 'completed', 'draft.judge': 'running', 'draft.judge.quick': 'pending', 'draft.judge.thorough': 'running',
      polish: 'pending',
    })
    expect(view.byPath.get('draft.write')?.output).toBe('A shorter draft')
  })

  test('that was not approved failed, whatever its last round gave', () => {
    const error = { code: 'REVIEW_NOT_APPROVED', kind: 'terminal', message: 'not approved', path: 'r' } as const
    const flow = workflowOf([reviewOf('r', step('r.w'), step('r.v'), 1)])
    const story = new Story().begin().round(1).start('r.w').complete('r.w', 'x').start('r.v').complete('r.v', 'no').round(undefined)
    const view = story.tell({ type: 'step.failed', path: 'r', data: { error } }).settle('failed', error).view(flow)
    expect(view.byPath.get('r')).toMatchObject({ status: 'failed', error })
    expect(statuses(view)).toMatchObject({ 'r.w': 'completed', 'r.v': 'completed' })
  })
})

describe('a switch', () => {
  const deep = sequence('s.b', [step('s.b.x'), step('s.b.y')])
  const flow = workflowOf([switchOf('s', [step('s.a'), deep, step('s.c')])])

  test.each([
    ['completed', (story: Story) => story.complete('s.a', 'x')],
    ['failed', (story: Story) => story.fail('s.a', 'x')],
    ['cancelled', (story: Story) => story.cancel('s.a', 'x')],
  ])('whose case %s skips the others', (status, end) => {
    const running = new Story().begin().start('s.a')
    expect(statuses(running.view(flow))).toMatchObject({ s: 'running', 's.b.x': 'pending' })
    const view = end(running).view(flow)
    expect(statuses(view)).toEqual({
      s: status, 's.a': status, 's.b': 'skipped', 's.b.x': 'skipped', 's.b.y': 'skipped', 's.c': 'skipped',
    })
    expect(counts(view)).toBe('4/4')
  })

  test('of which no case holds is skipped as a whole', () => {
    expect(counts(new Story().begin().skip('s', 'none holds').view(flow))).toBe('4/4')
  })
})

test('a graph is what its nodes are, until it is joined', () => {
  const flow = workflowOf([graphOf('g', [step('g.a'), { ...step('g.b'), needs: ['a'] }])])
  const story = new Story().begin().open('g', ['a', 'b']).start('g.a').complete('g.a', 'x')
  expect(statuses(story.view(flow))).toEqual({ g: 'running', 'g.a': 'completed', 'g.b': 'pending' })
  expect(statuses(story.skip('g.b', 'no').join('g', 'completed').view(flow))).toMatchObject({ g: 'completed', 'g.b': 'skipped' })
})

test('a step that waits for a time is waiting, not running', () => {
  const view = new Story().begin().start('w').view(workflowOf([waitOf('w')]))
  expect(view.byPath.get('w')?.status).toBe('waiting')
})

test('the fixture of a translation is half way', () => {
  const view = midTranslation().view(translation)
  expect(counts(view)).toBe('26/82')
  expect(view.byPath.get('files')?.steps).toMatchObject({ running: 3, failed: 1, completed: 24 })
})
