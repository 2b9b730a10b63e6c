import { expect, test, vi } from 'vitest'
import { runTui } from '../src/tui/run-tui.ts'
import { fakeRun, fakeTerminal } from './tui-fake-terminal.ts'
import { Story } from './tui-fixture.ts'

// Alone in its file: what decides is the first load of React in the process.
test('the screen loads the fast build of React and leaves the environment of the steps as it was', async () => {
  vi.stubEnv('NODE_ENV', undefined)
  const before = Object.keys(process.env)
  const run = fakeRun(new Story().begin().settle('done'))
  const tui = await runTui({ source: run.source, onInterrupt: () => {}, ...fakeTerminal().streams })
  await tui.closed
  expect(Object.keys(process.env)).toEqual(before)
  // Only the slow build has it.
  expect((await import('react')).act).toBeUndefined()
  vi.unstubAllEnvs()
})
