import nodeConsole from 'node:console'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { canShowTui, runTui, type Tui } from '../src/tui/run-tui.ts'
import { Story } from './tui-fixture.ts'
import { fakeRun, fakeTerminal } from './tui-fake-terminal.ts'

const enterScreen = '\u001b[?1049h'
const leaveScreen = '\u001b[?1049l'

let tui: Tui | undefined
// The console of the test runner is not a whole one, and the screen takes it over while it is open.
beforeEach(() => vi.stubGlobal('console', nodeConsole))
afterEach(async () => {
  await tui?.close()
  tui = undefined
  vi.unstubAllGlobals()
})

test('the screen opens, shows the run, and gives the terminal back when the run settles', async () => {
  const story = new Story().begin().start('fetch')
  const run = fakeRun(story)
  const terminal = fakeTerminal()
  tui = await runTui({ source: run.source, onInterrupt: () => {}, ...terminal.streams })
  await vi.waitFor(() => expect(terminal.plain()).toContain('● fetch'), { interval: 5 })
  expect(terminal.written()).toContain(enterScreen)
  expect(terminal.written()).not.toContain(leaveScreen)
  expect(terminal.stdin.isRaw).toBe(true)
  story.complete('fetch', 'x').settle('done')
  run.send(2)
  await tui.closed
  expect(terminal.written()).toContain(leaveScreen)
  expect(terminal.stdin.isRaw).toBe(false)
  expect(run.listeners.size).toBe(0)
  expect(tui.view.status).toBe('done')
})

test('keys reach it: they move, and q and Ctrl-C ask to interrupt', async () => {
  const onInterrupt = vi.fn()
  const terminal = fakeTerminal()
  tui = await runTui({ source: fakeRun(new Story().begin().start('fetch')).source, onInterrupt, ...terminal.streams })
  await vi.waitFor(() => expect(terminal.plain()).toContain('❯ ● fetch'), { interval: 5 })
  terminal.stdin.write('j')
  await vi.waitFor(() => expect(terminal.plain()).toContain('4 branches in parallel'), { interval: 5 })
  terminal.stdin.write('q')
  await vi.waitFor(() => expect(onInterrupt).toHaveBeenCalledTimes(1), { interval: 5 })
  terminal.stdin.write('\u0003')
  await vi.waitFor(() => expect(onInterrupt).toHaveBeenCalledTimes(2), { interval: 5 })
  await vi.waitFor(() => expect(terminal.plain()).toContain('Stopping'), { interval: 5 })
})

test('a run that is over already opens nothing', async () => {
  const terminal = fakeTerminal()
  tui = await runTui({ source: fakeRun(new Story().begin().settle('done')).source, onInterrupt: () => {}, ...terminal.streams })
  await tui.closed
  expect(terminal.written()).toBe('')
  expect(tui.view.status).toBe('done')
})

test('it needs a terminal at both ends', async () => {
  expect(canShowTui({ isTTY: true }, { isTTY: true }, { TERM: 'xterm' })).toBe(true)
  expect(canShowTui({ isTTY: true }, {}, { TERM: 'xterm' })).toBe(false)
  expect(canShowTui({}, { isTTY: true }, { TERM: 'xterm' })).toBe(false)
  expect(canShowTui({ isTTY: true }, { isTTY: true }, { TERM: 'dumb' })).toBe(false)
  const { streams } = fakeTerminal()
  const stdout = Object.assign(new PassThrough(), { isTTY: false }) as unknown as NodeJS.WriteStream
  const opening = runTui({ source: fakeRun(new Story()).source, onInterrupt: () => {}, ...streams, stdout })
  await expect(opening).rejects.toMatchObject({ code: 'NO_TERMINAL' })
})
