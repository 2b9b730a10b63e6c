import { expect, test } from 'vitest'
import type { RunEvent } from '../src/events.ts'
import { createEmbeddedHost } from '../src/hosts/embedded/embedded-host.ts'
import type { Host } from '../src/hosts/host.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import type { Store } from '../src/store/store.ts'
import { draftWorkflow } from '../src/testing/draft-workflow.ts'
import { createVirtualClock } from '../src/testing/virtual-clock.ts'

const width = 2_000
const runId = 'wide'
const workflow = draftWorkflow([{ id: 'g', parallel: Array.from({ length: width }, (_, index) => ({ id: `b${index}` })) }], {
  limits: { concurrency: width, agents: 1 },
})

function bench(): { host: Host; store: Store; begun: string[]; start: () => ReturnType<Host['start']>; kept: () => Promise<readonly RunEvent[]> } {
  const store = createMemoryStore()
  const begun: string[] = []
  const host = createEmbeddedHost({
    store,
    clock: createVirtualClock(1_000_000),
    execute: async ({ path }) => {
      begun.push(path)
      return { output: path }
    },
  })
  const place = { specDir: '/', workingDir: '/', source: { file: null, text: '' } }
  const start = () => host.start({ workflow, input: null, runId, ...place })
  return { host, store, begun, start, kept: async () => (await store.read(runId)).events }
}

const queued = Array.from({ length: width }, (_, index) => `step.queued g.b${index}`)
const begins = ['run.started ', 'group.started g', ...queued]

function told(events: readonly RunEvent[]): string[] {
  return events.map(({ type, path = '' }) => `${type} ${path}`)
}

test('a wide group begins in pieces, between which others have their turn, and what comes of it is the same', async () => {
  const { start, kept, begun } = bench()
  const run = await start()
  const first = (await kept()).length
  expect(first).toBeLessThan(width)
  expect(begun).toEqual([])
  let turns = 0
  for (let before = first; before < begins.length; turns += 1) {
    await new Promise(setImmediate)
    const now = (await kept()).length
    expect(now - before).toBeLessThan(width / 2)
    before = now
  }
  expect(turns).toBeGreaterThan(3)
  expect((await run.settled).status).toBe('done')
  const events = await kept()
  expect(told(events.slice(0, begins.length))).toEqual(begins)
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
})

test('a run that is interrupted in the middle of a turn has all of it, and goes on', async () => {
  const { host, start, kept, begun } = bench()
  const run = await start()
  await run.interrupt()
  expect(told(await kept())).toEqual([...begins, 'run.paused '])
  expect(begun).toEqual([])
  const again = await host.resume({ runId })
  expect((await again.settled).status).toBe('done')
  expect(new Set(begun).size).toBe(width)
})

test('what is done to a run in the middle of a turn comes after it', async () => {
  const { host, start, kept, begun } = bench()
  const run = await start()
  await host.act(runId, { type: 'cancel', path: 'g.b1999', reason: 'not that one' })
  const events = told(await kept())
  expect(events.slice(0, begins.length)).toEqual(begins)
  expect(events.slice(begins.length)).toContain('step.cancelled g.b1999')
  expect((await run.settled).status).toBe('cancelled')
  expect(new Set(begun).size).toBe(width - 1)
})

test('a run that is cancelled while it begins starts nothing', async () => {
  const { start, kept, begun } = bench()
  const run = await start()
  run.cancel('enough')
  expect((await run.settled).status).toBe('cancelled')
  expect(begun).toEqual([])
  const events = await kept()
  expect(told(events.slice(0, begins.length))).toEqual(begins)
  expect(events.filter(({ type }) => type === 'step.cancelled')).toHaveLength(width)
})

test('a subscriber may interrupt the run in any piece', async () => {
  for (const seq of [1, 2, 700, 1_500]) {
    const { start, kept } = bench()
    const run = await start()
    const stopped = new Promise<void>((resolve) => {
      run.subscribe((event) => {
        if ('seq' in event && event.seq === seq) void run.interrupt().then(resolve)
      })
    })
    await stopped
    expect(told(await kept())).toEqual([...begins, 'run.paused '])
  }
})
