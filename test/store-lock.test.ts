import { readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { LockRecord } from '../src/store/lock-file.ts'
import { replaceLock } from '../src/store/lock-takeover.ts'
import { acquireRunLock } from '../src/store/run-lock.ts'
import { thisProcess } from '../src/store/process-identity.ts'
import { sampleEvents } from '../src/testing/store-samples.ts'
import { type Child, startChild } from './store-child-process.ts'
import { storedRun } from './store-folder.ts'

function start(...args: Parameters<typeof startChild>): Child {
  const child = startChild(...args)
  onTestFinished(() => void child.process.kill('SIGKILL'))
  return child
}

const readLock = async (path: string): Promise<LockRecord> => JSON.parse(await readFile(path, 'utf8')) as LockRecord
const secondsAgo = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString()
/** A lock that some other process might have left. */
const lockOf = (fields: Partial<LockRecord>): string =>
  JSON.stringify({ ...thisProcess(), since: secondsAgo(60), heartbeat: secondsAgo(0), token: 'left-behind', ...fields })

describe('two processes on one run', () => {
  it('the second is told who holds it and since when; after kill -9 of the first it gets the run', async () => {
    const { dir, store, folder } = await storedRun({ events: 1 })
    const holder = start('hold-run', [dir, 'run'])
    expect(await holder.nextLine()).toBe(`open ${holder.process.pid}`)
    const { since } = await readLock(folder.lock)
    await expect(store.open('run')).rejects.toMatchObject({
      code: 'RUN_LOCKED',
      kind: 'usage',
      message: expect.stringMatching(new RegExp(`process ${holder.process.pid} on ${hostname()} since ${since}.*--force-unlock`)),
      details: { pid: holder.process.pid, host: hostname(), since },
    })
    expect((await store.list())[0]).toMatchObject({ status: 'running', owner: { pid: holder.process.pid } })
    await holder.kill()
    expect((await store.list())[0]).toMatchObject({ status: 'interrupted', owner: null })
    await (await store.open('run')).writer.close()
    await expect(stat(folder.lock)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('force takes it from a living one, which then cannot write; nothing of it gets into the journal', async () => {
    const { dir, store, folder } = await storedRun({ events: 1 })
    const { writer: old } = await store.open('run')
    const taker = start('hold-run', [dir, 'run', 'force'])
    expect(await taker.nextLine()).toBe(`open ${taker.process.pid}`)
    old.append(sampleEvents('run', 1, { from: 2 }))
    await expect(old.flushed()).rejects.toMatchObject({ code: 'LOCK_LOST', kind: 'terminal', message: expect.stringContaining(folder.lock) })
    await expect(old.close()).rejects.toMatchObject({ code: 'LOCK_LOST' })
    expect((await readLock(folder.lock)).pid).toBe(taker.process.pid)
    expect((await store.read('run')).events).toHaveLength(1)
    taker.process.stdin?.end()
    expect(await taker.nextLine()).toBe('closed')
  })

  it('of many that find a stale lock at the same moment, one gets the run', async () => {
    const { dir, folder, files } = await storedRun({ events: 1 })
    // Its owner is this process, but born at another time: pids are used again.
    await writeFile(folder.lock, lockOf({ birth: '1' }))
    const takers = Array.from({ length: 6 }, () => start('hold-run', [dir, 'run']))
    const said = await Promise.all(takers.map((taker) => taker.nextLine()))
    expect(said.filter((line) => line.startsWith('open'))).toHaveLength(1)
    expect(said.filter((line) => line === 'refused RUN_LOCKED')).toHaveLength(5)
    expect(await files()).toEqual(['events.ndjson', 'run.json', 'run.lock', 'spec.json'])
  })

  it('an owner that exits without closing leaves no lock', async () => {
    const { dir, folder } = await storedRun()
    const holder = start('hold-run', [dir, 'run', 'exit'])
    await holder.nextLine()
    holder.process.stdin?.end()
    expect(await holder.restOfLines()).toEqual([])
    await expect(stat(folder.lock)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('a lock that is held', () => {
  it('says every 2 s that its owner lives, and else stays as it was', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const { folder } = await storedRun()
    let now = Date.parse('2026-11-21T10:00:00.000Z')
    const clock = { now: () => now, schedule: () => () => {} }
    const lock = await acquireRunLock({ path: folder.lock, runId: 'run', force: false, clock })
    const taken = await readLock(folder.lock)
    expect(taken).toMatchObject({ ...thisProcess(), since: '2026-11-21T10:00:00.000Z', heartbeat: '2026-11-21T10:00:00.000Z' })
    now += 2_000
    vi.advanceTimersByTime(2_000)
    expect(await readLock(folder.lock)).toEqual({ ...taken, heartbeat: '2026-11-21T10:00:02.000Z' })
    lock.release()
    now += 2_000
    vi.advanceTimersByTime(2_000)
    await expect(stat(folder.lock)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('a lock that was left behind', () => {
  const elsewhere = { host: 'another-machine', machine: 'x/y', birth: '5', pid: 4711 }
  const refused = { code: 'RUN_LOCKED' }
  // Written when the test begins: on a busy machine that is long after they are listed.
  const cases: Record<string, { lock: () => string; free: boolean }> = {
    'by a process that is not there any more': { lock: () => lockOf({ pid: 2 ** 22 + 1 }), free: true },
    'by a process whose pid now is another one': { lock: () => lockOf({ birth: '1' }), free: true },
    'by a living process': { lock: () => lockOf({}), free: false },
    'by a living process that had no time for a sign of life': { lock: () => lockOf({ heartbeat: secondsAgo(100) }), free: false },
    'on another machine, 20 s ago': { lock: () => lockOf({ ...elsewhere, heartbeat: secondsAgo(20) }), free: true },
    'on another machine that was heard of 5 s ago': { lock: () => lockOf({ ...elsewhere, heartbeat: secondsAgo(5) }), free: false },
    'in another container of this host, 5 s ago': { lock: () => lockOf({ machine: 'x/y', heartbeat: secondsAgo(5) }), free: false },
    'before this machine was started again': { lock: () => lockOf({ machine: 'x/y', heartbeat: secondsAgo(60) }), free: true },
  }
  for (const [what, { lock: write, free }] of Object.entries(cases)) {
    it(`${what} ${free ? 'is taken over' : 'holds'}`, async () => {
      const { store, folder, files } = await storedRun({ events: 1 })
      const lock = write()
      await writeFile(folder.lock, lock)
      if (!free) {
        await expect(store.open('run')).rejects.toMatchObject(refused)
        expect(await readFile(folder.lock, 'utf8')).toBe(lock)
      }
      const { writer } = await store.open('run', { force: !free })
      expect((await readLock(folder.lock)).pid).toBe(process.pid)
      await writer.close()
      expect(await files()).toEqual(['events.ndjson', 'run.json', 'spec.json'])
    })
  }

  it('half-way through a takeover that was killed is taken over all the same', async () => {
    const { store, folder, files } = await storedRun({ events: 1 })
    await writeFile(folder.lock, lockOf({ birth: '1', token: 'first' }))
    await writeFile(`${folder.lock}.claim-first`, lockOf({ birth: '1', token: 'second' }))
    await writeFile(`${folder.lock}.claim-second`, lockOf({ birth: '1', token: 'third' }))
    const { writer } = await store.open('run')
    await writer.close()
    expect(await files()).toEqual(['events.ndjson', 'run.json', 'spec.json'])
  })

  it('in a takeover by a living process is not disturbed', async () => {
    const { store, folder } = await storedRun({ events: 1 })
    await writeFile(folder.lock, lockOf({ birth: '1', token: 'first' }))
    await writeFile(`${folder.lock}.claim-first`, lockOf({ token: 'second' }))
    await expect(store.open('run')).rejects.toMatchObject(refused)
  })

  it('is not replaced by who judged an earlier one', async () => {
    const { folder, files } = await storedRun({ events: 1 })
    const now = lockOf({ token: 'now' })
    await writeFile(folder.lock, now)
    const mine: LockRecord = { ...thisProcess(), since: secondsAgo(0), heartbeat: secondsAgo(0), token: 'mine' }
    expect(replaceLock(folder.lock, 'before', mine, Date.now())).toBeUndefined()
    expect(await readFile(folder.lock, 'utf8')).toBe(now)
    expect(await files()).toEqual(['events.ndjson', 'run.json', 'run.lock', 'spec.json'])
  })

  it('unreadable counts as being written at this moment, until it is 15 s old', async () => {
    const { store, folder } = await storedRun({ events: 1 })
    await writeFile(folder.lock, '')
    await expect(store.open('run')).rejects.toMatchObject(refused)
    await utimes(folder.lock, new Date(), new Date(Date.now() - 16_000))
    await (await store.open('run')).writer.close()
  })
})
