import { describe, expect, test } from 'vitest'
import { type AttendOptions, attendRun } from '../src/cli/attend.ts'
import { TerminalError } from '../src/errors.ts'
import type { EphemeralEvent, RunEvent, UnnumberedEvent } from '../src/events.ts'
import type { RunHandle, RunSettlement } from '../src/hosts/host.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import { fakeTerminal } from './cli-terminal.ts'
import { workflowOf } from './diagram-workflow.ts'

const workflow = workflowOf('hello', [{ id: 'greet', command: 'echo hi' }])
const started: readonly UnnumberedEvent[] = [
  { type: 'run.started', data: { workflow: 'hello', input: {}, scripted: false } },
  { type: 'step.started', path: 'greet', attempt: 1, data: {} },
]
const failure = { code: 'EXIT_CODE', kind: 'terminal', message: 'echo failed' } as const

interface FakeRun extends RunHandle {
  readonly interrupts: number
  happens(...events: UnnumberedEvent[]): void
  settle(settlement: RunSettlement): void
  break(error: Error): void
}

/** A run that does what a test tells it; interrupted, it settles as a host would. */
function fakeRun(): FakeRun {
  const events: RunEvent[] = []
  const listeners = new Set<(event: RunEvent | EphemeralEvent) => void>()
  const { promise, resolve, reject } = Promise.withResolvers<RunSettlement>()
  const run = {
    runId: 'r1',
    workflow,
    settled: promise,
    interrupts: 0,
    happens(...more: UnnumberedEvent[]) {
      for (const event of more) {
        const numbered: RunEvent = { ...event, seq: events.length + 1, runId: 'r1', at: '2026-11-01T10:00:00.000Z' }
        events.push(numbered)
        for (const listener of listeners) listener(numbered)
      }
    },
    settle: resolve,
    break: reject,
    subscribe(listener: (event: RunEvent | EphemeralEvent) => void) {
      for (const event of events) listener(event)
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    cancel: () => {},
    act: async () => {},
    async interrupt() {
      run.interrupts += 1
      run.happens({ type: 'run.paused', data: { reason: 'interrupted' } })
      resolve({ status: 'interrupted' })
    },
  }
  run.happens(...started)
  return run
}

const quiet: AttendOptions = { ui: 'none', json: false, store: createMemoryStore(), storeDir: '.forkchart', afterSeq: 0 }

function attend(run: RunHandle, options: Partial<AttendOptions> = {}, program = 'forkchart') {
  const terminal = fakeTerminal('/', { program })
  return { terminal, ended: attendRun(async () => run, { ...quiet, ...options }, terminal) }
}

function finish(run: FakeRun, output: string | { n: number }): void {
  run.happens(
    { type: 'step.completed', path: 'greet', attempt: 1, data: { output } },
    { type: 'run.settled', data: { status: 'done', output } },
  )
  run.settle({ status: 'done', output })
}

describe('the end of a run', () => {
  test('done: 0, and the output alone on stdout, a text as it is', async () => {
    const run = fakeRun()
    const { terminal, ended } = attend(run)
    finish(run, 'good day')
    expect(await ended).toBe(0)
    expect(terminal.written).toEqual({ out: 'good day\n', err: '' })
  })

  test('what is no text is printed as JSON', async () => {
    const run = fakeRun()
    const { terminal, ended } = attend(run)
    finish(run, { n: 1 })
    await ended
    expect(terminal.written.out).toBe('{\n  "n": 1\n}\n')
  })

  test('failed: 1, nothing on stdout, the error on stderr', async () => {
    const run = fakeRun()
    const { terminal, ended } = attend(run, { ui: 'lines' })
    run.happens(
      { type: 'step.failed', path: 'greet', attempt: 1, data: { error: failure } },
      { type: 'run.settled', data: { status: 'failed', error: failure } },
    )
    run.settle({ status: 'failed', error: failure })
    expect(await ended).toBe(1)
    expect(terminal.written.out).toBe('')
    expect(terminal.written.err).toContain('echo failed')
  })

  test('cancelled: 1', async () => {
    const run = fakeRun()
    const { ended } = attend(run)
    run.happens({ type: 'run.settled', data: { status: 'cancelled' } })
    run.settle({ status: 'cancelled' })
    expect(await ended).toBe(1)
  })

  test('paused by somebody: 130, and says so, not that it was interrupted', async () => {
    const run = fakeRun()
    const { terminal, ended } = attend(run)
    run.happens({ type: 'run.paused', data: { reason: 'paused' } })
    run.settle({ status: 'interrupted' })
    expect(await ended).toBe(130)
    expect(terminal.written.err).toMatch(/^paused; all that was done is saved/)
  })

  test('--json prints the result as the only thing on stdout', async () => {
    const run = fakeRun()
    const { terminal, ended } = attend(run, { json: true })
    finish(run, 'good day')
    expect(await ended).toBe(0)
    expect(JSON.parse(terminal.written.out)).toMatchObject({
      runId: 'r1', status: 'done', output: 'good day', steps: [{ path: 'greet', status: 'completed', attempt: 1 }],
    })
    expect(terminal.written.err).toBe('')
  })

  test('--ui json prints the events as NDJSON and nothing after them', async () => {
    const run = fakeRun()
    const { terminal, ended } = attend(run, { ui: 'json' })
    await Promise.resolve()
    finish(run, 'good day')
    await ended
    const events = terminal.written.out.trimEnd().split('\n').map((line) => JSON.parse(line))
    expect(events.map(({ seq, type }) => `${seq} ${type}`)).toEqual(['1 run.started', '2 step.started', '3 step.completed', '4 run.settled'])
  })

  test('a resumed run is shown from where the user left it', async () => {
    const run = fakeRun()
    const { terminal, ended } = attend(run, { ui: 'json', afterSeq: 2 })
    await Promise.resolve()
    run.happens({ type: 'run.resumed', data: { afterSeq: 2 } })
    finish(run, 'good day')
    await ended
    expect(JSON.parse(terminal.written.out.split('\n')[0] ?? '')).toMatchObject({ seq: 3, type: 'run.resumed' })
  })
})

test('lines of a resumed run begin where it goes on, and count what was done before', async () => {
  const run = fakeRun()
  const { terminal, ended } = attend(run, { ui: 'lines', afterSeq: 3 })
  run.happens({ type: 'step.completed', path: 'greet', attempt: 1, data: { output: 'hi' } })
  await Promise.resolve()
  run.happens({ type: 'run.resumed', data: { afterSeq: 3 } }, { type: 'run.settled', data: { status: 'done', output: 'hi' } })
  run.settle({ status: 'done', output: 'hi' })
  await ended
  const [first, second] = terminal.written.err.split('\n')
  expect(first).toContain('resumed after event 3')
  expect(second).toContain('1 of 1 step')
})

describe('an interruption', () => {
  test('saves the run and ends with 130; the last line says how to go on', async () => {
    const run = fakeRun()
    const { terminal, ended } = attend(run, { json: true })
    await Promise.resolve()
    process.emit('SIGINT')
    expect(await ended).toBe(130)
    expect(run.interrupts).toBe(1)
    expect(terminal.written.err.trimEnd().split('\n').at(-1)).toBe('forkchart resume r1')
    expect(JSON.parse(terminal.written.out)).toMatchObject({ runId: 'r1', status: 'stopped' })
    expect(process.listenerCount('SIGINT')).toBe(0)
  })

  test('in a clone the words are those of npm, and another store is named', async () => {
    const run = fakeRun()
    const { terminal, ended } = attend(run, { storeDir: '/tmp/my runs' }, 'npm run -s forkchart --')
    await Promise.resolve()
    process.emit('SIGTERM')
    await ended
    expect(terminal.written.err.trimEnd().split('\n').at(-1)).toBe("npm run -s forkchart -- resume r1 --store '/tmp/my runs'")
  })

  test('while the run is being made takes effect once it is', async () => {
    const run = fakeRun()
    const { promise, resolve } = Promise.withResolvers<RunHandle>()
    const ended = attendRun(() => promise, quiet, fakeTerminal('/'))
    process.emit('SIGINT')
    resolve(run)
    expect(await ended).toBe(130)
  })
})

test('when the store fails the error comes out, with how to go on later', async () => {
  const run = fakeRun()
  const { terminal, ended } = attend(run)
  run.break(new TerminalError('STORE_WRITE', 'the disk is full'))
  await expect(ended).rejects.toMatchObject({ code: 'STORE_WRITE' })
  expect(terminal.written.err).toContain('forkchart resume r1')
  expect(process.listenerCount('SIGINT')).toBe(0)
})
