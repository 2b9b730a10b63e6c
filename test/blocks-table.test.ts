import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { RunEvent } from '../src/events.ts'
import type { RunSettlement } from '../src/hosts/host.ts'
import { type BlockCase, workflowOf } from './blocks-case.ts'
import { blockCases } from './blocks-cases.ts'
import { runHosted, runPlain, told, workOf } from './blocks-run.ts'

// XState says so when an actor is told to stop that has just ended by itself: nothing is wrong with that.
beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}))
afterEach(() => vi.restoreAllMocks())

function expectSettled({ settles }: BlockCase, { status, output, error }: RunSettlement): void {
  if ('done' in settles) {
    expect({ status, output, error }).toEqual({ status: 'done', output: settles.done })
  } else {
    expect(status).toBe('failed')
    const text = `${error?.code} ${error?.path}: ${error?.message}`
    expect(text.slice(0, settles.failed.length)).toBe(settles.failed)
  }
}

/** Every start follows on its own place in the queue, and every end on a start, unless the step never wanted to run. */
function expectLives(events: readonly RunEvent[]): void {
  const states = new Map<string, string>()
  for (const { type, path = '', data } of events) {
    const before = states.get(path) ?? 'none'
    if (type === 'step.started') expect([path, before]).toEqual([path, 'step.queued'])
    else if (type === 'step.queued') expect(['step.queued', 'step.started']).not.toContain(before)
    else if (type === 'step.completed') expect([path, before]).toEqual([path, 'step.started'])
    else if (type === 'group.joined' && 'status' in data) expect([path, before]).toEqual([path, 'group.started'])
    if (path !== '') states.set(path, type)
  }
  expect([...states].filter(([, type]) => type === 'step.queued' || type === 'step.started' || type === 'group.started')).toEqual([])
}

describe('on the embedded host', () => {
  test.each(blockCases)('$name', async (one) => {
    const { settlement, events, executed } = await runHosted(workflowOf(one), one.input ?? 'in', workOf(one))
    expect(told(events).join(' | ')).toBe(one.events.trim().replace(/\s+/g, ' '))
    expectSettled(one, settlement)
    expectLives(events)
    // No event and no error names the place of an item that it stands in without its index.
    expect(JSON.stringify(events)).not.toContain('.[]')
    // No repetition of a step is taken for another one of it.
    expect(new Set(executed.map(({ key }) => key)).size).toBe(executed.length)
  })
})

describe('as a plain XState machine', () => {
  test.each(blockCases)('$name', async (one) => {
    const workflow = workflowOf(one)
    const plain = await runPlain(workflow, one.input ?? 'in', workOf(one))
    expectSettled(one, plain)
    const { settlement } = await runHosted(workflow, one.input ?? 'in', workOf(one))
    expect(plain).toEqual(settlement)
  })
})
