import { stat } from 'node:fs/promises'
import { type Clock, systemClock } from '../clock.ts'
import { nodeErrorCode, UsageError } from '../errors.ts'
import type { RunEvent } from '../events.ts'
import { CheckpointFile } from './checkpoint-file.ts'
import { createRunFolder } from './create-run-folder.ts'
import { storeReadError } from './disk-errors.ts'
import { followJournal } from './follow-journal.ts'
import { damaged } from './migrations.ts'
import { readContents, repairContents } from './run-contents.ts'
import { type RunFolder, runFolder } from './run-folder.ts'
import { listRuns } from './run-list.ts'
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

  const existing = async (runId: string): Promise<RunFolder> => {
    const folder = runFolder(dir, runId)
    await assertFolder(folder.path, runId)
    return folder
  }

  return {
    create: async (spec): Promise<RunWriter> => {
      const folder = runFolder(dir, spec.runId)
      const lock = await createRunFolder(folder, spec, clock)
      try {
        const checkpointFile = new CheckpointFile(folder.checkpoint, () => lock.assertHeld())
        return new FileRunWriter({ runId: spec.runId, folder, lock, checkpointFile, journal: { size: 0, nextSeq: 1 } })
      } catch (error) {
        lock.release()
        throw error
      }
    },

    open: async (runId, { force = false } = {}): Promise<{ writer: RunWriter; contents: RunContents }> => {
      const folder = await existing(runId)
      const lock = await acquireRunLock({ path: folder.lock, runId, force, clock })
      try {
        const checkpointFile = new CheckpointFile(folder.checkpoint, () => lock.assertHeld())
        const { contents, size } = await repairContents(folder, checkpointFile, runId)
        const journal = { size, nextSeq: contents.events.length + 1 }
        return { writer: new FileRunWriter({ runId, folder, lock, checkpointFile, journal }), contents }
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

    follow: async function* (runId, { afterSeq, signal }): AsyncGenerator<RunEvent> {
      const folder = await existing(runId)
      yield* followJournal({ runId, folder, afterSeq, signal, clock })
    },

    readLog: async (runId, path): Promise<string> => {
      const folder = await existing(runId)
      await openWriterOf(folder)?.logsWritten()
      return readStepLog(folder.logs, path)
    },

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
