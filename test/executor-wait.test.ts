import { describe, expect, test } from 'vitest'
import { CancelledError, TerminalError } from '../src/errors.ts'
import { createExecutors } from '../src/executors/executors.ts'
import { createVirtualClock } from '../src/testing/virtual-clock.ts'

const noon = Date.parse('2026-11-21T12:00:00Z')

/** How long it waits from noon on, in ms. */
async function wait(until: string, since = noon): Promise<number> {
  const clock = createVirtualClock(noon)
  const waiting = start(until, clock, { since })
  await loaded(() => clock.pending > 0, waiting)
  clock.runAll()
  expect(await waiting).toEqual({ output: { kept: true } })
  return clock.now() - noon
}

function start(until: string, clock: ReturnType<typeof createVirtualClock>, more: { since?: number; signal?: AbortSignal } = {}) {
  const executors = createExecutors({ scripted: false, clock, env: {} })
  return executors.execute(
    { kind: 'wait', runId: 'r', path: 'p', attempt: 1, idempotencyKey: 'r/p', input: { kept: true }, until },
    { signal: new AbortController().signal, log: () => undefined, artifactsDir: '/', since: noon, ...more },
  )
}

/** The executor is loaded when it is first used; nothing else here takes real time. */
async function loaded(holds: () => boolean, work: Promise<unknown>): Promise<void> {
  let isOver = false
  work.then(() => (isOver = true), () => (isOver = true))
  while (!holds() && !isOver) await new Promise(setImmediate)
}

describe('a wait', () => {
  test('for a duration counts from the first start of the step', async () => {
    expect(await wait('90s')).toBe(90_000)
    expect(await wait(' 1h30m ')).toBe(5_400_000)
    expect(await wait('90s', noon - 60_000)).toBe(30_000)
    expect(await wait('90s', noon - 100_000)).toBe(0)
    expect(await wait('0s')).toBe(0)
  })

  test('for an instant ends then, or at once when that has passed', async () => {
    expect(await wait('2026-11-21T12:00:05Z')).toBe(5000)
    expect(await wait('2026-11-21T14:00+02:00', noon - 1)).toBe(0)
    expect(await wait('2026-11-21t14:00:00.250+01:00')).toBe(3_600_250)
    expect(await wait('2020-01-01T00:00:00Z')).toBe(0)
  })

  test('says until when', async () => {
    const clock = createVirtualClock(noon)
    const lines: string[] = []
    const executors = createExecutors({ scripted: false, clock, env: {} })
    const waiting = executors.execute(
      { kind: 'wait', runId: 'r', path: 'p', attempt: 1, idempotencyKey: 'r/p', input: null, until: '1m' },
      { signal: new AbortController().signal, log: (line) => lines.push(line), artifactsDir: '/', since: noon },
    )
    await loaded(() => clock.pending > 0, waiting)
    expect(lines).toEqual(['waits until 2026-11-21T12:01:00.000Z'])
    clock.runAll()
    await waiting
  })

  test('that is stopped ends at once and leaves no timer', async () => {
    const clock = createVirtualClock(noon)
    const stop = new AbortController()
    const waiting = start('1d', clock, { signal: stop.signal })
    await loaded(() => clock.pending > 0, waiting)
    stop.abort(new CancelledError('CANCELLED', 'enough'))
    await expect(waiting).rejects.toThrow('enough')
    expect(clock.pending).toBe(0)
  })

  test.each([
    '', 'soon', '90', '90 s', '-5s', '12:00', '2026-11-21', '2026-11-21T12:00:00', '2026-02-30T12:00:00Z', '2026-13-01T12:00:00Z',
    '2026-11-21T25:00:00Z', '999999999999999d', '[object Object]',
  ])('for %j fails and says what can be waited for', async (until) => {
    const error: unknown = await start(until, createVirtualClock(noon)).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(TerminalError)
    expect(error).toMatchObject({ code: 'WAIT_INVALID', message: expect.stringContaining(JSON.stringify(until)) })
    expect(error).toMatchObject({ message: expect.stringMatching(/90s.*2026-11-21T18:00:00Z/) })
  })
})
