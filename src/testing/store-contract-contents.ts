import assert from 'node:assert/strict'
import type { StoreCheck } from './store-check.ts'
import { sampleCheckpoint, sampleEvents, sampleRunSpec } from './store-samples.ts'

/** What is stored, and that it comes back. */
export const contentsContract: readonly StoreCheck[] = [
  {
    name: 'a new run is there with its spec, without events or damage, and a checkpoint of nothing',
    run: async (store) => {
      const spec = sampleRunSpec('fresh', { input: { text: 'hello', deep: [{ n: 1 }] } })
      const writer = await store.create(spec)
      assert.equal(writer.runId, 'fresh')
      const checkpoint = { format: 1, runId: 'fresh', lastSeq: 0, savedAt: spec.createdAt, status: 'running', tree: null }
      assert.deepEqual(await store.read('fresh'), { spec, checkpoint, events: [], damage: [] })
      await writer.close()
    },
  },
  {
    name: 'what is appended is visible to readers of this process at once, in order',
    run: async (store) => {
      const writer = await store.create(sampleRunSpec('visible'))
      const events = sampleEvents('visible', 5)
      writer.append(events.slice(0, 2))
      writer.append(events.slice(2))
      assert.deepEqual((await store.read('visible')).events, events)
      await writer.close()
    },
  },
  {
    name: 'its writer reads back the first events that are flushed, of earlier writers too',
    run: async (store) => {
      const first = await store.create(sampleRunSpec('read-back'))
      first.append(sampleEvents('read-back', 2))
      await first.close()
      const { writer } = await store.open('read-back')
      writer.append(sampleEvents('read-back', 3, { from: 3 }))
      await writer.flushed()
      assert.deepEqual(writer.readEvents(5), sampleEvents('read-back', 5))
      assert.deepEqual(writer.readEvents(3), sampleEvents('read-back', 3))
      await writer.close()
    },
  },
  {
    name: 'what was flushed is there for the next writer, who goes on numbering where it ended',
    run: async (store) => {
      const first = await store.create(sampleRunSpec('goes-on'))
      first.append(sampleEvents('goes-on', 3))
      await first.flushed()
      await first.close()
      const { writer, contents } = await store.open('goes-on')
      assert.deepEqual(contents.events, sampleEvents('goes-on', 3))
      assert.deepEqual(contents.damage, [])
      writer.append(sampleEvents('goes-on', 2, { from: 4 }))
      await writer.close()
      assert.deepEqual((await store.read('goes-on')).events, sampleEvents('goes-on', 5))
    },
  },
  {
    name: 'closing brings to disk what was not flushed',
    run: async (store) => {
      const writer = await store.create(sampleRunSpec('closed'))
      writer.append(sampleEvents('closed', 4))
      await writer.close()
      assert.equal((await store.read('closed')).events.length, 4)
    },
  },
  {
    name: 'flushed resolves for many who wait at the same time, and when there is nothing to do',
    run: async (store) => {
      const writer = await store.create(sampleRunSpec('many'))
      await writer.flushed()
      await Promise.all(
        sampleEvents('many', 20).map(async (event) => {
          writer.append([event])
          await writer.flushed()
        }),
      )
      await writer.close()
      assert.deepEqual((await store.read('many')).events, sampleEvents('many', 20))
    },
  },
  {
    name: 'events that leave a gap in the numbers are refused, and nothing of them is kept',
    run: async (store) => {
      const writer = await store.create(sampleRunSpec('gap'))
      writer.append(sampleEvents('gap', 2))
      assert.throws(() => writer.append(sampleEvents('gap', 1, { from: 4 })), { code: 'SEQ_GAP' })
      assert.throws(() => writer.append(sampleEvents('gap', 1, { from: 2 })), { code: 'SEQ_GAP' })
      writer.append(sampleEvents('gap', 1, { from: 3 }))
      await writer.close()
      assert.deepEqual((await store.read('gap')).events, sampleEvents('gap', 3))
    },
  },
  {
    name: 'the last checkpoint is the one that is read',
    run: async (store) => {
      const writer = await store.create(sampleRunSpec('saved'))
      writer.append(sampleEvents('saved', 6))
      await writer.flushed()
      const saves = [2, 4, 6].map((lastSeq) => writer.checkpoint(sampleCheckpoint('saved', lastSeq, { at: lastSeq })))
      await Promise.all(saves)
      const expected = sampleCheckpoint('saved', 6, { at: 6 })
      assert.deepEqual((await store.read('saved')).checkpoint, expected)
      await writer.close()
      const { writer: next, contents } = await store.open('saved')
      assert.deepEqual(contents.checkpoint, expected)
      await next.close()
    },
  },
  {
    name: 'what a caller changes later does not change what is stored',
    run: async (store) => {
      const tree = { list: [1, 2, 3] }
      const writer = await store.create(sampleRunSpec('own'))
      await writer.checkpoint(sampleCheckpoint('own', 0, tree))
      tree.list.push(4)
      assert.deepEqual((await store.read('own')).checkpoint?.tree, { list: [1, 2, 3] })
      await writer.close()
    },
  },
  {
    name: 'each step has a log of its own, whatever its path looks like',
    run: async (store) => {
      const writer = await store.create(sampleRunSpec('logs'))
      const long = `${'very-long.'.repeat(40)}end`
      for (const path of ['a', 'a.b', 'a_b', 'a/b', '../a', 'ä', long, `${long}2`]) writer.log(path, `of ${path}`)
      writer.log('a', 'second\n')
      for (const path of ['a.b', 'a_b', 'a/b', '../a', 'ä', long, `${long}2`]) {
        assert.equal(await store.readLog('logs', path), `of ${path}\n`)
      }
      await writer.close()
      assert.equal(await store.readLog('logs', 'a'), 'of a\nsecond\n')
      assert.equal(await store.readLog('logs', 'nothing'), '')
    },
  },
]
