import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import type { RunEvent, UnnumberedEvent } from '../events.ts'
import type { StoreCheck } from './store-check.ts'
import { sampleCheckpoint, sampleEvents, sampleRunSpec } from './store-samples.ts'

/** Who may write, who is told what, and the list of runs. */
export const lockContract: readonly StoreCheck[] = [
  {
    name: 'a run id is made once only',
    run: async (store) => {
      const made = await Promise.allSettled(Array.from({ length: 4 }, () => store.create(sampleRunSpec('twice'))))
      assert.equal(made.filter((result) => result.status === 'fulfilled').length, 1)
      for (const result of made) {
        if (result.status === 'fulfilled') await result.value.close()
        else assert.equal(result.reason.code, 'RUN_EXISTS')
      }
      await assert.rejects(store.create(sampleRunSpec('twice')), { code: 'RUN_EXISTS', kind: 'usage' })
    },
  },
  {
    name: 'a run that is not there cannot be opened, read, followed or asked for logs',
    run: async (store) => {
      const missing = { code: 'RUN_NOT_FOUND', kind: 'usage' }
      const { signal } = new AbortController()
      await assert.rejects(store.open('nobody'), missing)
      await assert.rejects(store.read('nobody'), missing)
      await assert.rejects(store.readLog('nobody', 'a'), missing)
      await assert.rejects(store.status('nobody'), missing)
      await assert.rejects(async () => {
        for await (const event of store.follow('nobody', { afterSeq: 0, signal })) assert.fail(event.type)
      }, missing)
    },
  },
  {
    name: 'an id that is no folder name is refused',
    run: async (store) => {
      for (const runId of ['', '.', '..', '../x', 'a/b', 'a\\b', '.hidden', 'a\u0000b', 'x'.repeat(129)]) {
        await assert.rejects(store.read(runId), { code: 'RUN_ID_INVALID', kind: 'usage' }, JSON.stringify(runId))
        await assert.rejects(store.create(sampleRunSpec(runId)), { code: 'RUN_ID_INVALID' }, JSON.stringify(runId))
      }
    },
  },
  {
    name: 'a second writer is told who holds the run, until the first one closes',
    run: async (store) => {
      const first = await store.create(sampleRunSpec('held'))
      await assert.rejects(store.open('held'), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'RUN_LOCKED')
        assert.match(error.message, new RegExp(`\\b${process.pid}\\b`))
        return true
      })
      await first.close()
      await first.close()
      const { writer: second } = await store.open('held')
      await first.close()
      await assert.rejects(store.open('held'), { code: 'RUN_LOCKED' })
      await second.close()
    },
  },
  {
    name: 'of several who open a free run at the same time, one gets it',
    run: async (store) => {
      await (await store.create(sampleRunSpec('race'))).close()
      const opened = await Promise.allSettled(Array.from({ length: 5 }, () => store.open('race')))
      const winners = opened.filter((result) => result.status === 'fulfilled')
      assert.equal(winners.length, 1)
      for (const winner of winners) await winner.value.writer.close()
    },
  },
  {
    name: 'who loses the run by force writes nothing any more, and closing does not take it from the new owner',
    run: async (store) => {
      const old = await store.create(sampleRunSpec('forced'))
      old.append(sampleEvents('forced', 2))
      await old.flushed()
      const { writer, contents } = await store.open('forced', { force: true })
      assert.equal(contents.events.length, 2)
      const lost = { code: 'LOCK_LOST', kind: 'terminal' }
      await assert.rejects(old.checkpoint(sampleCheckpoint('forced', 2)), lost)
      old.append(sampleEvents('forced', 1, { from: 3 }))
      await assert.rejects(old.flushed(), lost)
      await assert.rejects(old.flushed(), lost)
      await old.close().catch(() => undefined)
      writer.append(sampleEvents('forced', 2, { from: 3 }))
      await writer.flushed()
      await assert.rejects(store.open('forced'), { code: 'RUN_LOCKED' })
      await writer.close()
      assert.deepEqual((await store.read('forced')).events, sampleEvents('forced', 4))
      assert.equal((await store.read('forced')).checkpoint?.lastSeq, 0)
    },
  },
  {
    name: 'the list shows every run, newest first, with what became of it',
    run: async (store) => {
      assert.deepEqual(await store.list(), [])
      for (const [minutes, runId] of ['oldest', 'middle', 'newest'].entries()) {
        const writer = await store.create(sampleRunSpec(runId, { minutes }))
        writer.append(sampleEvents(runId, 3, { settled: runId === 'oldest' }))
        await writer.flushed()
        if (runId !== 'newest') await writer.close()
        else writer.log('a', 'still open')
      }
      const list = await store.list()
      assert.deepEqual(
        list.map(({ runId, status, workflow, lastEventAt }) => ({ runId, status, workflow, lastEventAt })),
        ['newest', 'middle', 'oldest'].map((runId, index) => ({
          runId,
          status: ['running', 'interrupted', 'done'][index],
          workflow: 'sample',
          lastEventAt: sampleEvents(runId, 3).at(-1)?.at,
        })),
      )
      assert.deepEqual(list.map(({ owner }) => owner?.pid), [process.pid, undefined, undefined])
      assert.equal(list[0]?.owner?.host, hostname())
      for (const one of list) assert.deepEqual(await store.status(one.runId), one)
      const { writer } = await store.open('newest', { force: true })
      await writer.close()
    },
  },
  {
    name: 'a run that was stopped while it waited for answers still waits for them, whosever child it is',
    run: async (store) => {
      const parent = { runId: 'above', path: 'sub' }
      const writer = await store.create({ ...sampleRunSpec('below'), parent })
      const status = async (): Promise<unknown> => {
        const { status, parent } = await store.status('below')
        return { status, parent }
      }
      const stopped = (from: number, ...bodies: UnnumberedEvent[]): RunEvent[] =>
        bodies.map((body, index) => ({ seq: from + index, runId: 'below', at: sampleEvents('below', 1)[0]?.at ?? '', ...body }))
      writer.append(stopped(1, { type: 'run.waiting', data: { asks: ['work'] } }))
      await writer.flushed()
      assert.deepEqual(await status(), { status: 'running', parent })
      await writer.close()
      assert.deepEqual(await status(), { status: 'waiting', parent })
      const { writer: second } = await store.open('below')
      second.append(stopped(2, { type: 'run.paused', data: { reason: 'interrupted' } }))
      await second.close()
      assert.deepEqual(await status(), { status: 'waiting', parent })
      const { writer: third } = await store.open('below')
      third.append(stopped(3, { type: 'run.resumed', data: { afterSeq: 2 } }, { type: 'run.paused', data: { reason: 'interrupted' } }))
      await third.close()
      assert.deepEqual(await status(), { status: 'interrupted', parent })
    },
  },
]
