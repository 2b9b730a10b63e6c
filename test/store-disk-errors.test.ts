import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { storeWriteError } from '../src/store/disk-errors.ts'
import { createFileStore } from '../src/store/file-store.ts'
import { Journal } from '../src/store/journal.ts'
import { RunFolder } from '../src/store/run-folder.ts'
import { acquireRunLock } from '../src/store/run-lock.ts'
import { FileRunWriter } from '../src/store/run-writer.ts'
import { sampleCheckpoint, sampleEvents, sampleRunSpec } from '../src/testing/store-samples.ts'
import { startChild } from './store-child-process.ts'
import { storedRun, temporaryFolder } from './store-folder.ts'

describe('a disk that takes no more', () => {
  it.skipIf(!existsSync('/dev/full'))('is named in the error of who waits', async () => {
    const journal = new Journal({ path: '/dev/full', size: 0, nextSeq: 1, guard: () => undefined })
    journal.append(sampleEvents('r', 1))
    await expect(journal.flushed()).rejects.toMatchObject({ code: 'STORE_WRITE', message: expect.stringContaining('disk is full') })
    journal.close()
  })

  it.skipIf(!existsSync('/dev/full'))('is told to who closes without having flushed; the lock is given back all the same', async () => {
    const { folder, files } = await storedRun()
    const lock = await acquireRunLock({ path: folder.lock, runId: 'run', force: false, clock: systemClock })
    const writer = new FileRunWriter({
      runId: 'run',
      folder: new (class extends RunFolder {
        override get journal(): string {
          return '/dev/full'
        }
      })(folder.path),
      lock,
      journal: { size: 0, nextSeq: 1 },
    })
    writer.append(sampleEvents('run', 1))
    await expect(writer.close()).rejects.toMatchObject({ code: 'STORE_WRITE' })
    expect(await files()).toEqual(['events.ndjson', 'run.json', 'spec.json'])
  })

  it.skipIf(process.platform === 'win32')('in the middle of a line loses nothing that was acknowledged, and leaves the run whole', async () => {
    const { dir, store, files } = await storedRun({ events: 5 })
    const child = startChild('fill-disk', [dir, 'run'], { fileSizeKb: 64 })
    onTestFinished(() => void child.process.kill('SIGKILL'))
    const lines = await child.restOfLines()
    const error: unknown = JSON.parse(lines.at(-1) ?? '')
    expect(error).toMatchObject({ code: 'STORE_WRITE', kind: 'terminal', details: { system: 'EFBIG' } })
    const acknowledged = Number(lines.at(-2))
    expect(acknowledged).toBeGreaterThan(100)
    const { events, damage } = await store.read('run')
    expect(events.length).toBeGreaterThanOrEqual(acknowledged)
    expect(events).toEqual(sampleEvents('run', events.length))
    expect(damage).toEqual([])
    expect(await files()).toEqual(['events.ndjson', 'run.json', 'spec.json'])
  })
})

describe('a store that cannot be written', () => {
  it('says so when there is a file where a folder should be', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'file'), '')
    for (const dir of [join(folder, 'file'), join(folder, 'file', 'below')]) {
      await expect(createFileStore(dir).create(sampleRunSpec('run'))).rejects.toMatchObject({
        code: 'STORE_WRITE',
        kind: 'terminal',
        message: expect.stringMatching(/file where a folder is needed.*--store/),
      })
    }
    await expect(createFileStore(join(folder, 'file')).list()).rejects.toMatchObject({ code: 'STORE_READ' })
    await expect(createFileStore(join(folder, 'file')).read('run')).rejects.toMatchObject({ code: 'STORE_READ' })
  })

  it('says so when there is a folder where a file should be, and keeps the run', async () => {
    const { store, folder } = await storedRun({ events: 2 })
    const { writer } = await store.open('run')
    await rm(folder.checkpoint)
    await mkdir(folder.checkpoint)
    await expect(writer.checkpoint(sampleCheckpoint('run', 2))).rejects.toMatchObject({
      code: 'STORE_WRITE',
      message: expect.stringMatching(/run\.json: there is a folder where a file is needed/),
    })
    writer.append(sampleEvents('run', 1, { from: 3 }))
    await writer.close()
  })

  // As root, permissions do not bind; /proc refuses everyone. (mkdir with `recursive` never comes back from there.)
  it.skipIf(!existsSync('/proc/self'))('says so where nobody may write', async () => {
    await expect(createFileStore('/proc/forkchart').create(sampleRunSpec('run'))).rejects.toMatchObject({
      code: 'STORE_WRITE',
      message: expect.stringMatching(/\/proc\/forkchart.*--store/),
    })
  })

  it('gives the advice that fits', () => {
    const advice = (code: string) => storeWriteError(Object.assign(new Error('raw'), { code }), '/s/run.json').message
    expect(advice('EROFS')).toMatch(/\/s\/run\.json.*read-only.*--store/)
    expect(advice('EACCES')).toMatch(/permission/)
    expect(advice('ENOSPC')).toMatch(/full.*resume/)
    expect(advice('EWHATEVER')).toBe('cannot write /s/run.json: raw')
  })
})

it('a run that could not be made leaves nothing behind', async () => {
  const { dir, store } = await storedRun()
  await expect(store.create(sampleRunSpec('run'))).rejects.toMatchObject({ code: 'RUN_EXISTS' })
  await writeFile(join(dir, 'runs', 'taken'), '')
  await expect(store.create(sampleRunSpec('taken'))).rejects.toMatchObject({ code: 'RUN_EXISTS' })
  expect((await store.list()).map(({ runId }) => runId)).toEqual(['run'])
})
