import { describe, expect, test } from 'vitest'
import type { RunEvent, UnnumberedEvent } from '../src/events.ts'
import { checkHistory, type History, type HistoryEntry } from './sim/history.ts'

function journal(...events: UnnumberedEvent[]): RunEvent[] {
  return events.map((event, index) => ({ seq: index + 1, runId: 'run', at: '2026-01-01T00:00:00.000Z', ...event }) as RunEvent)
}

const started: UnnumberedEvent = { type: 'run.started', data: { workflow: 'w', input: null, scripted: false } }
const resumed: UnnumberedEvent = { type: 'run.resumed', data: { afterSeq: 3 } }
const queued = (path: string): UnnumberedEvent => ({ type: 'step.queued', path, data: {} })
const began = (path: string, attempt = 1): UnnumberedEvent => ({ type: 'step.started', path, attempt, data: {} })
const lost: UnnumberedEvent = {
  type: 'step.retrying',
  path: 'a',
  attempt: 1,
  data: { error: { code: 'INTERRUPTED', kind: 'retryable', message: 'gone' }, delayMs: 0 },
}
const completed = (path: string, attempt = 1): UnnumberedEvent => ({ type: 'step.completed', path, attempt, data: { output: path } })
const settled: UnnumberedEvent = { type: 'run.settled', data: { status: 'done', output: 'a' } }

const effect = (durable: number, changes: Partial<Extract<HistoryEntry, { kind: 'began' }>> = {}): HistoryEntry => ({
  kind: 'began',
  process: 1,
  effect: 1,
  path: 'a',
  attempt: 1,
  key: 'run/a',
  durable,
  ...changes,
})
const gave = (by = 1): HistoryEntry => ({ kind: 'gave', effect: by, output: 'a' })
const told: HistoryEntry = { kind: 'settled', process: 1, settlement: { status: 'done', output: 'a' }, written: 5, durable: 5 }

const whole = journal(started, queued('a'), began('a'), completed('a'), settled)
const crashed = journal(started, queued('a'), began('a'), resumed, lost, queued('a'), began('a', 2), completed('a', 2), settled)

function codes(changes: Partial<History>): string[] {
  const history: History = { entries: [effect(3), gave(), told], events: whole, concurrency: 1, ...changes }
  return checkHistory(history).map(({ code }) => code)
}

describe('a history that keeps every promise', () => {
  test('has no violation when nothing happened to it', () => {
    expect(codes({ expected: { status: 'done', output: 'a' } })).toEqual([])
  })

  test('has none when a step was cut off and done again', () => {
    const entries: HistoryEntry[] = [
      effect(3),
      { kind: 'died', committed: crashed.slice(0, 3) },
      { kind: 'opened', process: 2, events: crashed.slice(0, 3) },
      effect(7, { process: 2, effect: 2, attempt: 2 }),
      gave(2),
    ]
    expect(codes({ entries, events: crashed })).toEqual([])
  })

  test('has none when what is missing was destroyed', () => {
    const entries: HistoryEntry[] = [effect(3), { kind: 'damaged', lost: whole.slice(2, 3) }, effect(3, { effect: 2 }), gave(2)]
    expect(codes({ entries })).toEqual([])
  })
})

describe('what people did to a run', () => {
  const opened: UnnumberedEvent = { type: 'ask.opened', path: 'a', attempt: 1, data: { ask: 'a', message: '?' } }
  const answered: UnnumberedEvent = { type: 'ask.answered', path: 'a', attempt: 1, data: { ask: 'a', value: 'a' } }
  const asked = journal(started, queued('a'), began('a'), opened, answered, completed('a'), settled)
  const acted: HistoryEntry = { kind: 'acted', run: 'run', number: 1, process: 1, action: { type: 'answer', ask: 'a', value: 'a' }, written: 4 }
  const acknowledged = (durable: number): HistoryEntry => ({ kind: 'acknowledged', run: 'run', number: 1, durable })

  test('is kept when it was acknowledged: on disk then, once, and with its effect', () => {
    expect(codes({ entries: [acted, acknowledged(5)], events: asked })).toEqual([])
    expect(codes({ entries: [acted, acknowledged(4)], events: asked })).toEqual(['ACTION_LOST'])
    const without = journal(started, queued('a'), began('a'), opened, { type: 'step.cancelled', path: 'a', attempt: 1, data: { reason: 'r', by: 'a' } }, settled)
    expect(codes({ entries: [acted, acknowledged(5)], events: without })).toEqual(['ACTION_LOST'])
    const twice = journal(started, queued('a'), began('a'), opened, answered, answered, completed('a'), settled)
    expect(codes({ entries: [acted], events: twice })).toContain('ACTION_LOST')
    const other = journal(started, queued('a'), began('a'), opened, { ...answered, data: { ask: 'a', value: 'b' } } as UnnumberedEvent, completed('a'), settled)
    expect(codes({ entries: [], events: other })).toEqual(['ACTION_LOST'])
  })

  test('has only that done again which it says, with what comes of it', () => {
    const again: UnnumberedEvent = { type: 'run.resumed', data: { afterSeq: 5, again: ['a'], undone: [] } }
    const repeated = (path: string): RunEvent[] => journal(started, queued('a'), began('a'), completed('a'), queued('b'), began('b'), completed('b'), settled, { ...again, data: { ...again.data, again: [path] } } as UnnumberedEvent, queued('a'), began('a'), completed('a'), settled)
    const entries = [effect(3), gave(), effect(6, { effect: 2, path: 'b', key: 'run/b' }), { kind: 'gave', effect: 2, output: 'b' }, effect(11, { effect: 3, key: 'run/a~1' }), gave(3)] as HistoryEntry[]
    expect(codes({ entries, events: repeated('a'), reads: () => undefined })).toEqual(['OTHER_OUTPUT'])
    expect(codes({ entries, events: repeated('b'), reads: () => undefined })).toContain('REDONE')
    expect(codes({ entries: entries.map((entry) => ({ ...entry, input: 'x' })), events: repeated('a'), reads: () => 'y' })).toContain('OTHER_INPUT')
  })
})

describe('a history is faulted', () => {
  const died = (count: number): HistoryEntry => ({ kind: 'died', committed: whole.slice(0, count) })
  const opened = (count: number): HistoryEntry => ({ kind: 'opened', process: 2, events: whole.slice(0, count) })
  const cases: Readonly<Record<string, [string, Partial<History>]>> = {
    'for an effect before its start was on disk': ['UNSYNCED', { entries: [effect(2), gave(), told] }],
    'for an end that was told before it was on disk': ['UNSYNCED', { entries: [effect(3), gave(), { ...told, durable: 4 } as HistoryEntry] }],
    'for two effects of one start': ['STARTED_TWICE', { entries: [effect(3), effect(3, { effect: 2 }), gave(2)] }],
    'for an effect whose result was on disk': ['REDONE', { entries: [effect(3), gave(), died(4), effect(4, { effect: 2, attempt: 2 })] }],
    'for a result that no effect gave': ['NOT_DONE', { entries: [effect(3)] }],
    'for a step that was completed without an effect': ['NOT_DONE', { entries: [] }],
    'for another result than the effect gave': ['NOT_DONE', { entries: [effect(3), { kind: 'gave', effect: 1, output: 'b' }] }],
    'for events that a crash took although they were on disk': ['EVENTS_LOST', { entries: [effect(3), gave(), died(4), opened(3)] }],
    'for an effect of a process that lost the run': ['NO_LONGER_WRITER', { entries: [opened(0), effect(3), gave()] }],
    'for another output than undisturbed': ['OTHER_OUTPUT', { expected: { status: 'done', output: 'b' } }],
    'for telling another end than the journal': ['OTHER_OUTPUT', { entries: [effect(3), gave(), { ...told, settlement: { status: 'cancelled' } } as HistoryEntry] }],
    'for not ending': ['NEVER_ENDED', { events: whole.slice(0, 4) }],
  }
  test.each(Object.entries(cases))('%s', (_, [code, changes]) => {
    expect(codes(changes)).toContain(code)
  })

  const orders: Readonly<Record<string, UnnumberedEvent[]>> = {
    'a step that starts unqueued': [started, began('a'), completed('a'), settled],
    'a step that ends twice': [started, queued('a'), began('a'), completed('a'), completed('a'), settled],
    'a step without an end': [started, queued('a'), began('a'), settled],
    'an attempt that is left out': [started, queued('a'), began('a', 2), completed('a', 2), settled],
    'more steps at once than may be': [started, queued('a'), queued('b'), began('a'), began('b'), completed('a'), completed('b'), settled],
    'something after the end': [started, settled, resumed],
    'no beginning': [resumed, settled],
  }
  test.each(Object.entries(orders))('for %s', (_, events) => {
    expect(codes({ events: journal(...events) })).toContain('ORDER')
  })

  test('for a gap in the numbers', () => {
    expect(codes({ events: whole.filter(({ seq }) => seq !== 3) })).toContain('ORDER')
  })
})
