import { stat } from 'node:fs/promises'
import { type Clock, systemClock } from '../clock.ts'
import { nodeErrorCode, UsageError } from '../errors.ts'
import type { RunEvent } from '../events.ts'
import type { Json } from '../json.ts'
import { syncFolder } from './atomic-file.ts'
import { CheckpointFile } from './checkpoint-file.ts'
import { createRunFolder, makeRunsFolder, syncRunsFolder } from './create-run-folder.ts'
import { storeReadError, writing } from './disk-errors.ts'
import { followJournal } from './follow-journal.ts'
import { postMessage } from './inbox.ts'
import { damaged } from './migrations.ts'
import { readContents, repairContents } from './run-contents.ts'
import { type RunFolder, runFolder, runsFolder } from './run-folder.ts'
import { listRuns, summariseRun } from './run-list.ts'
import { acquireRunLock } from './run-lock.ts'
import { FileRunWriter, openWriterOf } from './run-writer.ts'
import { readStepLog } from './step-logs.ts'
import type { RunContents, RunWriter, Store } from './store.ts'

/**
 * Runs as folders `<dir>/runs/<runId>/`: `spec.json`, `run.json` (the lowdb checkpoint), `events.ndjson` (the journal),
 * `logs/`, `artifacts/`, and `run.lock` while someone writes. Nothing is made before the first run is.
 * `clock` only stamps locks and judges their age.
 */
export function createFileStore(dir: string, options: { readonly clock?: Clock } = {}): Store {
  const clock = options.clock ?? systemClock
  const runs = runsFolder(dir)
  let isKnownOnDisk = false

  /** Once for each store: its own folder may have been made a moment before a crash. */
  const foldersOnDisk = async (): Promise<void> => {
    if (isKnownOnDisk) return
    await syncRunsFolder(runs)
    isKnownOnDisk = true
  }

  const existing = async (runId: string): Promise<RunFolder> => {
    const folder = runFolder(dir, runId)
    await assertFolder(folder.path, runId)
    return folder
  }

  return {
    create: async (spec): Promise<RunWriter> => {
      const folder = runFolder(dir, spec.runId)
      await makeRunsFolder(runs)
      await foldersOnDisk()
      const lock = await createRunFolder(folder, spec, clock)
      try {
        return new FileRunWriter({ runId: spec.runId, folder, lock, journal: { size: 0, nextSeq: 1 } })
      } catch (error) {
        lock.release()
        throw error
      }
    },

    open: async (runId, { force = false } = {}): Promise<{ writer: RunWriter; contents: RunContents }> => {
      const folder = await existing(runId)
      const lock = await acquireRunLock({ path: folder.lock, runId, force, clock })
      try {
        await foldersOnDisk()
        // Whoever made the run may have died before its name was on disk.
        await writing(runs, () => syncFolder(runs))
        const assertHeld = (): void => lock.assertHeld()
        const checkpointFile = new CheckpointFile(folder.checkpoint, assertHeld)
        const { contents, size } = await repairContents(folder, checkpointFile, runId, assertHeld)
        // This process may have been stopped meanwhile, and what it read be old by now.
        assertHeld()
        const journal = { size, nextSeq: contents.events.length + 1 }
        return { writer: new FileRunWriter({ runId, folder, lock, journal }), contents }
      } catch (error) {
        lock.release()
        throw error
      }
    },

    read: async (runId): Promise<RunContents> => {
      const folder = await existing(runId)
      openWriterOf(folder)?.writeThrough()
      return readContents(folder, new CheckpointFile(folder.checkpoint), runId, clock)
    },

    follow: async function* (runId, options): AsyncGenerator<RunEvent> {
      const folder = await existing(runId)
      yield* followJournal({ ...options, runId, folder, clock })
    },

    post: async (runId, message): Promise<Json> => postMessage(await existing(runId), runId, message, clock),

    readLog: async (runId, path): Promise<string> => {
      const folder = await existing(runId)
      await openWriterOf(folder)?.logsWritten()
      return readStepLog(folder.logs, path)
    },

    status: async (runId) => summariseRun(runId, await existing(runId), clock),

    list: () => listRuns(dir, clock),
  }
}

async function assertFolder(path: string, runId: string): Promise<void> {
  try {
    if (!(await stat(path)).isDirectory()) throw damaged(path, 'it is not a folder')
  } catch (error) {
    if (nodeErrorCode(error) !== 'ENOENT') throw storeReadError(error, path)
    throw new UsageError('RUN_NOT_FOUND', `there is no run ${runId} (looked for ${path}): "forkchart ls" shows the runs there are`)
  }
}
