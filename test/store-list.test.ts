import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createFileStore } from '../src/store/file-store.ts'
import { sampleEvents, sampleRunSpec } from '../src/testing/store-samples.ts'
import { storedRun, temporaryFolder } from './store-folder.ts'

it('a store that does not exist yet has no runs, and listing does not make it', async () => {
  const dir = join(await temporaryFolder(), 'none')
  expect(await createFileStore(dir).list()).toEqual([])
  await expect(rm(dir)).rejects.toMatchObject({ code: 'ENOENT' })
})

it('shows broken folders as damaged, beside the good ones', async () => {
  const { dir, store, folder } = await storedRun({ events: 2 })
  const runs = join(dir, 'runs')
  await mkdir(join(runs, 'empty'))
  await mkdir(join(runs, '.new-half-made'))
  await writeFile(join(runs, 'notes.txt'), 'not a run')
  const broken = await store.create(sampleRunSpec('broken'))
  await broken.close()
  await writeFile(join(runs, 'broken', 'spec.json'), '{"format":1')
  await appendFile(folder.journal, '{"seq":3, torn')
  const list = await store.list()
  expect(list.map(({ runId, status }) => [runId, status]).sort()).toEqual([
    ['broken', 'damaged'],
    ['empty', 'damaged'],
    ['run', 'interrupted'],
  ])
  expect(list.find(({ runId }) => runId === 'run')?.lastEventAt).toBe(sampleEvents('run', 2)[1]?.at)
  await appendFile(folder.journal, '\n')
  expect((await store.list()).find(({ runId }) => runId === 'run')?.status).toBe('damaged')
})

it('finds the last event behind very long lines', async () => {
  const { store } = await storedRun()
  const { writer } = await store.open('run')
  const text = 'x'.repeat(100_000)
  writer.append(sampleEvents('run', 2))
  writer.append([{ seq: 3, runId: 'run', at: '2026-01-02T00:00:00.000Z', type: 'run.settled', data: { status: 'failed', output: text } }])
  await writer.close()
  expect((await store.list())[0]).toMatchObject({ status: 'failed', lastEventAt: '2026-01-02T00:00:00.000Z' })
})

it('finds the last event before the room of a journal that was left busy, also when one was being written over it', async () => {
  const { store, folder } = await storedRun({ events: 2 })
  const last = sampleEvents('run', 2)[1]?.at
  await appendFile(folder.journal, '\n'.repeat(100_000))
  expect((await store.list())[0]).toMatchObject({ status: 'interrupted', lastEventAt: last })
  const { writer } = await store.open('run')
  await writer.close()
  await appendFile(folder.journal, `{"seq":3, torn${'\n'.repeat(100)}`)
  expect((await store.list())[0]).toMatchObject({ status: 'interrupted', lastEventAt: last })
})
