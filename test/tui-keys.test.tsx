import { describe, expect, test } from 'vitest'
import { createVirtualClock } from '../src/testing/virtual-clock.ts'
import { screenKeys } from '../src/tui/App.tsx'
import { selectedNode } from '../src/tui/screen-rows.ts'
import { createScreenStore, type ScreenStore } from '../src/tui/screen-store.ts'
import { failedReview, midReview, output, review, runId, startTime, step, Story, workflowOf } from './tui-fixture.ts'
import { asked, indexes, loopOf, mapOf, release } from './tui-fixture-groups.ts'

const size = { columns: 80, rows: 24 }

function open(story: Story, workflow = review) {
  const clock = createVirtualClock(startTime)
  const calls: string[] = []
  const logs = new Map([['checks.tests', 'one\ntwo\n']])
  const listeners = new Set<(event: Story['events'][number] | ReturnType<typeof output>) => void>()
  const source = {
    runId,
    workflow,
    subscribe(listener: (event: Story['events'][number] | ReturnType<typeof output>) => void) {
      story.events.forEach(listener)
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    readLog: (path: string) => {
      calls.push(`read ${path}`)
      return Promise.resolve(logs.get(path) ?? '')
    },
  }
  const store = createScreenStore(source, clock, { stop: () => calls.push('stop'), leave: () => calls.push('leave') })
  const send = (event: Parameters<Parameters<typeof source.subscribe>[0]>[0]): void => listeners.forEach((each) => each(event))
  return { store, clock, calls, logs, listeners, send }
}

function selected(store: ScreenStore): string | undefined {
  const { view, ui } = store.model(size)
  return selectedNode(view, ui)?.path
}

describe('keys', () => {
  test('as a terminal sends them', () => {
    expect(screenKeys('jjk', {})).toEqual(['down', 'down', 'up'])
    expect(screenKeys('c', { ctrl: true })).toEqual(['quit'])
    expect(screenKeys('\r', { return: true })).toEqual(['toggle'])
    expect(screenKeys('', { downArrow: true })).toEqual(['down'])
    expect(screenKeys('x', {})).toEqual([])
    expect(screenKeys('q', { meta: true })).toEqual([])
  })

  test('lead from one open question to the next; without one they stay', () => {
    const { store } = open(asked(), release)
    expect(selected(store)).toBe('gates.approve')
    store.press('question', size)
    expect(selected(store)).toBe('gates.staged')
    store.press('question', size)
    expect(selected(store)).toBe('gates.approve')
    const quiet = open(midReview()).store
    const before = selected(quiet)
    quiet.press('question', size)
    expect(selected(quiet)).toBe(before)
    expect(screenKeys('a', {})).toEqual(['question'])
  })

  test('are not needed to see a question: the selection that follows the work goes to it', () => {
    const story = new Story().begin().start('checks.lint').start('checks.tests')
    const { store, send, clock } = open(story)
    expect(selected(store)).toBe('checks.lint')
    for (const event of story.ask('checks.tests', 'Which?').events.slice(-1)) send(event)
    clock.advance(200)
    expect(selected(store)).toBe('checks.tests')
  })

  test('stop a run that waits, as they stop one that is at work', () => {
    const { store, calls } = open(asked(), release)
    store.press('quit', size)
    expect(calls).toContain('stop')
  })

  test('move the selection within the tree', () => {
    const { store } = open(midReview())
    store.press('top', size)
    expect(selected(store)).toBe('fetch')
    store.press('up', size)
    expect(selected(store)).toBe('fetch')
    store.press('down', size)
    expect(selected(store)).toBe('checks')
    store.press('bottom', size)
    store.press('down', size)
    expect(selected(store)).toBe('report')
    store.press('pageUp', size)
    expect(selected(store)).toBe('fetch')
  })

  test('scroll an open log, which follows its end again once it is reached', async () => {
    const { store, clock, logs, send } = open(new Story().begin().start('checks.tests'))
    logs.set('checks.tests', Array.from({ length: 50 }, (_, index) => `line ${index}`).join('\n'))
    await settled(() => store.model(size).log.length > 0)
    send(output('checks.tests', 'line 49'))
    clock.advance(500)
    await settled(() => store.model(size).log.length === 50)
    store.press('toggle', size)
    expect(store.model(size).ui).toMatchObject({ isOpen: true, scroll: null })
    store.press('up', size)
    expect(store.model(size).ui.scroll).toBe(29)
    store.press('top', size)
    expect(store.model(size).ui.scroll).toBe(0)
    store.press('bottom', size)
    expect(store.model(size).ui.scroll).toBeNull()
    store.press('close', size)
    expect(store.model(size).ui.isOpen).toBe(false)
  })

  test('do nothing behind the help but close it', () => {
    const { store } = open(midReview())
    const before = selected(store)
    store.press('help', size)
    store.press('down', size)
    expect(selected(store)).toBe(before)
    store.press('close', size)
    expect(store.model(size).ui.isHelp).toBe(false)
  })

  test('q stops a run that goes on, every time, and leaves one that has ended', () => {
    const running = open(midReview())
    running.store.press('quit', size)
    running.store.press('quit', size)
    expect(running.calls.filter((call) => !call.startsWith('read'))).toEqual(['stop', 'stop'])
    const ended = open(failedReview())
    ended.store.press('quit', size)
    expect(ended.calls.filter((call) => !call.startsWith('read'))).toEqual(['leave', 'leave'])
  })
})

describe('the selection', () => {
  test('goes with the work until a person moves it, and again on request', () => {
    const story = new Story().begin().start('fetch')
    const { store, clock, send } = open(story)
    expect(selected(store)).toBe('fetch')
    const more = story.complete('fetch', 'x').start('checks.tests').start('checks.lint').events.slice(3)
    more.forEach(send)
    clock.advance(100)
    expect(selected(store)).toBe('checks.tests')
    store.press('up', size)
    expect(selected(store)).toBe('checks.lint')
    story.complete('checks.lint', 'x').events.slice(-1).forEach(send)
    clock.advance(100)
    expect(selected(store)).toBe('checks.lint')
    store.press('follow', size)
    expect(selected(store)).toBe('checks.tests')
  })
})

describe('the selection in a map', () => {
  test('stays with its block as items become known above it, and goes to the map when its item is gone', () => {
    const story = new Story().begin().round(1)
    const files = workflowOf([loopOf('again', mapOf('again.files', step('again.files.[].one'))), step('after')])
    const { store, clock, send } = open(story, files)
    store.press('bottom', size)
    expect(selected(store)).toBe('after')
    story.open('again.files', indexes(3)).events.slice(-1).forEach(send)
    clock.advance(100)
    expect(selected(store)).toBe('after')
    store.press('up', size)
    expect(selected(store)).toBe('again.files.2.one')
    story.round(2).open('again.files', indexes(1)).events.slice(-1).forEach(send)
    clock.advance(100)
    expect(selected(store)).toBe('again.files')
    store.press('down', size)
    expect(selected(store)).toBe('again.files.0.one')
  })
})

describe('listeners', () => {
  test('hear of many events at most every 100 ms, of the time every second, of nothing after the end', () => {
    const story = new Story().begin().start('fetch')
    const { store, clock, send } = open(story)
    let heard = 0
    store.subscribe(() => (heard += 1))
    for (let round = 0; round < 50; round += 1) {
      send(output('fetch', `line ${round}`))
      clock.advance(20)
    }
    expect(heard).toBe(10)
    clock.advance(3000)
    expect(heard).toBe(13)
    story.settle('done').events.slice(-1).forEach(send)
    clock.advance(60_000)
    expect(heard).toBe(14)
    expect(clock.pending).toBe(0)
  })

  test('are left alone once the screen is gone, and no timer stays', () => {
    const { store, clock, send, listeners } = open(new Story().begin().start('fetch'))
    let heard = 0
    store.subscribe(() => (heard += 1))
    send(output('fetch', 'x'))
    store.dispose()
    expect(listeners.size).toBe(0)
    expect(clock.pending).toBe(0)
    clock.advance(5000)
    expect(heard).toBe(0)
  })
})

describe('the end of the run', () => {
  test('leaves the screen, unless something is open that a person may be reading', () => {
    const story = new Story().begin().start('fetch')
    const reading = open(story)
    const watching = open(story)
    reading.store.press('toggle', size)
    story.settle('done')
    for (const { send } of [reading, watching]) story.events.slice(-1).forEach(send)
    expect(reading.calls).not.toContain('leave')
    expect(watching.calls).toContain('leave')
  })
})

describe('the log', () => {
  test('is read for the selected step, and again a while after it grew', async () => {
    const { store, clock, calls, logs, send } = open(new Story().begin().start('checks.tests'))
    expect(calls).toEqual(['read checks.tests'])
    await settled(() => store.model(size).log.length > 0)
    expect(store.model(size).log).toEqual(['one', 'two'])
    clock.advance(100)
    logs.set('checks.tests', 'one\ntwo\nthree\n')
    for (let round = 0; round < 20; round += 1) send(output('checks.tests', 'three'))
    clock.advance(100)
    expect(calls).toHaveLength(1)
    clock.advance(300)
    expect(calls).toEqual(['read checks.tests', 'read checks.tests'])
    await settled(() => store.model(size).log.length > 2)
    expect(store.model(size).log).toEqual(['one', 'two', 'three'])
  })

  test('of another step never shows up late under this one', async () => {
    const { store, logs } = open(new Story().begin().start('checks.tests'))
    logs.set('fetch', 'of fetch')
    store.press('top', size)
    expect(store.model(size).log).toEqual([])
    await settled(() => store.model(size).log.length > 0)
    expect(store.model(size).log).toEqual(['of fetch'])
  })
})

/** Lets promises resolve until it holds; there is nothing here that takes real time. */
async function settled(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 50 && !holds(); turn += 1) await Promise.resolve()
}
