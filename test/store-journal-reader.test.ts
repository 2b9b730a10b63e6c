import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RunEvent } from '../src/events.ts'
import { describeBadLine, scanJournal } from '../src/store/journal-reader.ts'
import { sampleEvents } from '../src/testing/store-samples.ts'

const text = (events: readonly unknown[]) => Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''))
const scan = (bytes: Buffer) => scanJournal(bytes, { runId: 'r' })
const events = sampleEvents('r', 12)

describe('reading a journal', () => {
  it('gives every event of a whole one', () => {
    expect(scan(text(events))).toEqual({ events, goodBytes: text(events).length })
    expect(scan(Buffer.alloc(0))).toEqual({ events: [], goodBytes: 0 })
  })

  it('gives, wherever it is cut, the events whose lines are whole, and the offset of the rest', () => {
    const whole = text(events)
    fc.assert(
      fc.property(fc.nat(whole.length), (length) => {
        const cut = whole.subarray(0, length)
        const found = scan(cut)
        const lines = cut.toString('latin1').split('\n').length - 1
        expect(found.events).toEqual(events.slice(0, lines))
        expect(found.goodBytes).toBe(cut.lastIndexOf(0x0a) + 1)
        expect(found.bad?.offset).toBe(found.goodBytes === length ? undefined : found.goodBytes)
        if (found.bad !== undefined) expect(found.bad.kind).toBe('torn')
      }),
    )
  })

  it('gives, whatever byte is changed, nothing but true events from before the change or an event like it', () => {
    const whole = text(events)
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(whole)
        changed[at] = (changed[at] ?? 0) ^ flip
        const before = whole.subarray(0, at).toString('latin1').split('\n').length - 1
        const found = scan(changed)
        expect(found.events.slice(0, before)).toEqual(events.slice(0, before))
        found.events.forEach((event, index) => expect(event.seq).toBe(index + 1))
      }),
    )
  })

  it('says how much was behind a bad line in the middle', () => {
    const lines = [...events.slice(0, 4), { nonsense: true }, ...events.slice(5, 8)]
    const found = scan(Buffer.concat([text(lines), Buffer.from('torn')]))
    expect(found.events).toHaveLength(4)
    expect(found.bad).toMatchObject({ kind: 'damaged', offset: text(events.slice(0, 4)).length, line: 5, lines: 5, readableAfter: 3 })
    expect(found.bad && describeBadLine(found.bad)).toMatch(/line 5 .*4 lines after it \(3 of them readable\)/)
  })

  const wrong: Record<string, unknown> = {
    'a gap in the numbers': { ...events[2], seq: 4 },
    'a number twice': events[1],
    'an event of another run': { ...events[2], runId: 'other' },
    'an unknown key': { ...events[2], extra: 1 },
    'a prototype key': JSON.parse(`{"__proto__":{"polluted":1},${JSON.stringify(events[2]).slice(1)}`),
    'data of the wrong type': { ...events[2], data: { output: 1, usage: 'much' } },
    'no object': 3,
    null: null,
  }
  for (const [what, line] of Object.entries(wrong)) {
    it(`stops at ${what}`, () => {
      const found = scan(text([...events.slice(0, 2), line, ...events.slice(3)]))
      expect(found.events).toEqual(events.slice(0, 2))
      expect(found.bad).toMatchObject({ kind: 'damaged', line: 3 })
    })
  }

  it('knows blank lines at the end for room, and where a line over them was cut short', () => {
    const whole = text(events)
    const room = Buffer.from('\n\n\n\n')
    expect(scan(Buffer.concat([whole, room]))).toEqual({ events, goodBytes: whole.length })
    fc.assert(
      fc.property(fc.nat(whole.length - 1), (length) => {
        // The rest of what was written has not come to the disk: the room it was written over has.
        const cut = Buffer.concat([whole.subarray(0, length), Buffer.alloc(whole.length - length, '\n'), room])
        const found = scan(cut)
        const missing = whole[length] === 0x0a ? 1 : 0
        const lines = whole.subarray(0, length).toString('latin1').split('\n').length - 1 + missing
        expect(found.events).toEqual(events.slice(0, lines))
        expect(found.goodBytes).toBe(text(events.slice(0, lines)).length)
        const isAtEnd = missing === 1 || length === 0 || whole[length - 1] === 0x0a
        expect(found.bad).toEqual(isAtEnd ? undefined : expect.objectContaining({ kind: 'torn', offset: found.goodBytes, lines: 1 }))
      }),
    )
  })

  it('stops at an empty line with something behind it and at bytes that are no text', () => {
    const twoLines = text(events.slice(0, 2))
    expect(scan(Buffer.concat([twoLines, Buffer.from('\n'), text(events.slice(2))])).bad).toMatchObject({ kind: 'damaged', line: 3 })
    const latin1 = Buffer.from(`${JSON.stringify(events[2])}\n`, 'latin1')
    expect(scan(Buffer.concat([twoLines, latin1])).bad).toMatchObject({ line: 3, reason: 'it is not UTF-8 text' })
  })

  it('tells a line of a newer version from a damaged one', () => {
    const newer = { ...(events[2] as RunEvent), type: 'step.teleported' }
    expect(scan(text([...events.slice(0, 2), newer])).bad).toMatchObject({ kind: 'newer', line: 3 })
    expect(scan(text([...events.slice(0, 2), { ...newer, seq: 9 }])).bad).toMatchObject({ kind: 'damaged' })
    expect(scan(text([...events.slice(0, 2), { ...newer, type: 'toString' }])).bad).toMatchObject({ kind: 'newer' })
  })

  it('can begin in the middle', () => {
    expect(scanJournal(text(events.slice(5)), { runId: 'r', firstSeq: 6 }).events).toEqual(events.slice(5))
  })
})
