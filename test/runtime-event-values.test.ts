import { describe, expect, test } from 'vitest'
import type { RunEvent } from '../src/events.ts'
import type { Json } from '../src/json.ts'
import { EventValues, valueIn } from '../src/runtime/event-values.ts'

const completed = (seq: number, output: Json): RunEvent => ({ seq, runId: 'run', at: '', type: 'step.completed', path: `s${seq}`, data: { output } })

describe('values that events hold', () => {
  test('are the input of the run and what steps gave', () => {
    expect(valueIn({ seq: 1, runId: 'run', at: '', type: 'run.started', data: { workflow: 'w', input: { a: 1 }, scripted: false } })).toEqual({ a: 1 })
    expect(valueIn(completed(2, [1]))).toEqual([1])
    expect(valueIn({ seq: 3, runId: 'run', at: '', type: 'step.queued', path: 's', data: {} })).toBeUndefined()
    expect(valueIn(undefined)).toBeUndefined()
  })

  test('are found by the value itself, long texts by what they say; not those that are as short as their mark', () => {
    const values = new EventValues()
    const same = { x: 1 }
    for (const [index, output] of [same, 'x'.repeat(64), 'short', 7, null, same].entries()) values.take(completed(index + 1, output))
    const { seqOf } = values.upTo(6)
    expect(seqOf(same)).toBe(1)
    expect(seqOf({ x: 1 })).toBeUndefined()
    expect(seqOf(['x'.repeat(32), 'x'.repeat(32)].join(''))).toBe(2)
    expect(seqOf('short')).toBeUndefined()
  })

  test('of events after the checkpoint are not in it', () => {
    const values = new EventValues()
    const later = { later: true }
    const early = values.upTo(1)
    values.take(completed(2, later))
    expect(early.seqOf(later)).toBeUndefined()
    expect(values.upTo(2).seqOf(later)).toBe(2)
  })

  test('that a checkpoint did not need are forgotten, later ones kept', () => {
    const values = new EventValues()
    const [used, unused, later] = [{ n: 1 }, { n: 2 }, { n: 3 }]
    values.take(completed(1, used))
    values.take(completed(2, unused))
    const { seqOf, keep } = values.upTo(2)
    seqOf(used)
    values.take(completed(3, later))
    keep()
    const after = values.upTo(3)
    expect([after.seqOf(used), after.seqOf(unused), after.seqOf(later)]).toEqual([1, undefined, 3])
  })
})
