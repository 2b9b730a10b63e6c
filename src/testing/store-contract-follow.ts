import assert from 'node:assert/strict'
import type { RunEvent } from '../events.ts'
import type { Store } from '../store/store.ts'
import type { StoreCheck } from './store-check.ts'
import { sampleEvents, sampleRunSpec } from './store-samples.ts'

/** The events of a run as they come. */
export const followContract: readonly StoreCheck[] = [
  {
    name: 'following gives past events after a number, then new ones, and ends when the run settles',
    run: async (store) => {
      const writer = await store.create(sampleRunSpec('followed'))
      writer.append(sampleEvents('followed', 3))
      const followed = collect(store, 'followed', 2)
      await followed.until(3)
      writer.append(sampleEvents('followed', 1, { from: 4 }))
      await followed.until(4)
      writer.append(sampleEvents('followed', 2, { from: 5, settled: true }))
      await writer.flushed()
      await followed.ended
      assert.deepEqual(followed.events.map(({ seq }) => seq), [3, 4, 5, 6])
      assert.equal(followed.events.at(-1)?.type, 'run.settled')
      await writer.close()
    },
  },
  {
    name: 'following a settled run gives what is there and ends, also when nothing is left to give',
    run: async (store) => {
      const writer = await store.create(sampleRunSpec('over'))
      writer.append(sampleEvents('over', 4, { settled: true }))
      await writer.close()
      const all = collect(store, 'over', 0)
      await all.ended
      assert.equal(all.events.length, 4)
      const none = collect(store, 'over', 4)
      await none.ended
      assert.deepEqual(none.events, [])
    },
  },
  {
    name: 'several can follow one run, and one of them stopping does not stop the others',
    run: async (store) => {
      const writer = await store.create(sampleRunSpec('several'))
      const stops = collect(store, 'several', 0)
      const stays = collect(store, 'several', 0)
      writer.append(sampleEvents('several', 2))
      await Promise.all([stops.until(2), stays.until(2)])
      stops.abort()
      await stops.ended
      writer.append(sampleEvents('several', 1, { from: 3, settled: true }))
      await stays.ended
      assert.deepEqual([stops.events.length, stays.events.length], [2, 3])
      await writer.close()
    },
  },
  {
    name: 'an abort ends the following without an error, at once when it came before',
    run: async (store) => {
      const writer = await store.create(sampleRunSpec('aborted'))
      writer.append(sampleEvents('aborted', 1))
      const late = collect(store, 'aborted', 1)
      late.abort()
      await late.ended
      const early: RunEvent[] = []
      for await (const event of store.follow('aborted', { afterSeq: 0, signal: AbortSignal.abort() })) early.push(event)
      assert.deepEqual(early, [])
      await writer.close()
    },
  },
  {
    name: 'following while the run is written ends once nobody writes it, at once when nobody does',
    run: async (store) => {
      const writer = await store.create(sampleRunSpec('left'))
      writer.append(sampleEvents('left', 2))
      const seen: number[] = []
      const options = { afterSeq: 0, signal: new AbortController().signal, whileWritten: true }
      for await (const { seq } of store.follow('left', options)) {
        seen.push(seq)
        if (seq === 2) writer.append(sampleEvents('left', 1, { from: 3 }))
        if (seq === 3) await writer.close()
      }
      for await (const { seq } of store.follow('left', { ...options, afterSeq: 2 })) seen.push(seq)
      assert.deepEqual(seen, [1, 2, 3, 3])
    },
  },
  {
    name: 'following gives what comes after a settlement like all else',
    run: async (store) => {
      const writer = await store.create(sampleRunSpec('again'))
      writer.append(sampleEvents('again', 3, { settled: true }))
      writer.append(sampleEvents('again', 2, { from: 4, settled: true }))
      const all = collect(store, 'again', 0)
      await all.ended
      assert.deepEqual(all.events.map(({ seq }) => seq), [1, 2, 3, 4, 5])
      await writer.close()
    },
  },
]

interface Followed {
  readonly events: RunEvent[]
  /** Resolves when the event with this number has come. */
  until(seq: number): Promise<void>
  readonly ended: Promise<void>
  abort(): void
}

function collect(store: Store, runId: string, afterSeq: number): Followed {
  const controller = new AbortController()
  const events: RunEvent[] = []
  const waiting = new Map<number, () => void>()
  const ended = (async (): Promise<void> => {
    for await (const event of store.follow(runId, { afterSeq, signal: controller.signal })) {
      events.push(event)
      waiting.get(event.seq)?.()
    }
  })()
  return {
    events,
    ended,
    abort: () => controller.abort(),
    until: async (seq) => {
      if (events.some((event) => event.seq === seq)) return
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.set(seq, resolve)
      // Should it end before, that is the failure to show, not a time-out.
      await Promise.race([promise, ended.then(() => assert.fail(`ended before event ${seq}`))])
    },
  }
}
