import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createFileStore } from '../src/store/file-store.ts'
import { type RunFolder, runFolder } from '../src/store/run-folder.ts'
import type { Store } from '../src/store/store.ts'
import { sampleCheckpoint, sampleEvents, sampleRunSpec } from '../src/testing/store-samples.ts'

/** A folder for this test alone, removed when it is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'forkchart-store-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export interface StoredRun {
  readonly dir: string
  readonly store: Store
  readonly folder: RunFolder
  /** Names of the files in the run's folder, in order. */
  files(): Promise<string[]>
}

/** A store with one closed run `run` of so many events, and a checkpoint of the first `checkpoint` of them. */
export async function storedRun({ events = 0, checkpoint }: { events?: number; checkpoint?: number } = {}): Promise<StoredRun> {
  const dir = await temporaryFolder()
  const store = createFileStore(dir)
  const writer = await store.create(sampleRunSpec('run'))
  writer.append(sampleEvents('run', events))
  await writer.flushed()
  if (checkpoint !== undefined) await writer.checkpoint(sampleCheckpoint('run', checkpoint))
  await writer.close()
  const folder = runFolder(dir, 'run')
  return { dir, store, folder, files: async () => (await readdir(folder.path)).sort() }
}
