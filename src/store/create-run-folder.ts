import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock } from '../clock.ts'
import { nodeErrorCode, UsageError } from '../errors.ts'
import { syncFolder, writeNewFile } from './atomic-file.ts'
import { storeWriteError, writing } from './disk-errors.ts'
import { firstCheckpoint } from './first-checkpoint.ts'
import { RunFolder } from './run-folder.ts'
import { acquireRunLock, type RunLock } from './run-lock.ts'
import type { RunSpec } from './store.ts'

/**
 * Makes the folder of a run, locked, with its spec, an empty journal and a checkpoint of nothing. It is built under another name and renamed,
 * so a run is there whole or not at all, and at most one of two who make the same run succeeds.
 * Throws UsageError RUN_EXISTS, TerminalError STORE_WRITE.
 */
export async function createRunFolder(folder: RunFolder, spec: RunSpec, clock: Clock): Promise<RunLock> {
  if (await isThere(folder.path)) throw runExists(spec.runId, folder.path)
  const runs = dirname(folder.path)
  const draft = new RunFolder(join(runs, `.new-${spec.runId}-${randomUUID()}`))
  let lock: RunLock | undefined
  try {
    await writing(draft.path, () => mkdir(draft.path))
    lock = await acquireRunLock({ path: draft.lock, runId: spec.runId, force: false, clock })
    await writing(folder.spec, () => writeNewFile(draft.spec, `${JSON.stringify(spec)}\n`))
    await writing(folder.checkpoint, () => writeNewFile(draft.checkpoint, `${JSON.stringify(firstCheckpoint(spec))}\n`))
    await writing(folder.journal, () => writeNewFile(draft.journal, ''))
    await writing(folder.path, async () => {
      await syncFolder(draft.path)
      await rename(draft.path, folder.path)
      lock?.moved(folder.lock)
      await syncFolder(runs)
    })
    return lock
  } catch (error) {
    lock?.release()
    await rm(draft.path, { recursive: true, force: true }).catch(() => undefined)
    if (['ENOTEMPTY', 'EEXIST'].includes(nodeErrorCode(causeOf(error)) ?? '')) throw runExists(spec.runId, folder.path)
    throw error
  }
}

/** Makes the folder that the runs of a store lie in. Throws TerminalError STORE_WRITE. */
export async function makeRunsFolder(runs: string): Promise<void> {
  await writing(runs, () => makeFolders(runs))
}

/**
 * Puts the names on disk that lead to the runs of a store: whoever made the folders may have died before they did.
 * Throws TerminalError STORE_WRITE.
 */
export async function syncRunsFolder(runs: string): Promise<void> {
  await writing(runs, async () => {
    await syncFolder(dirname(runs))
    await syncFolder(dirname(dirname(runs)))
  })
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined
}

/** mkdir -p, with the names of the new folders on disk. Node's own never returns where even the parent cannot be made, as in /proc. */
async function makeFolders(path: string): Promise<void> {
  for (let parentMade = false; ; parentMade = true) {
    try {
      await mkdir(path)
      break
    } catch (error) {
      const code = nodeErrorCode(error)
      if (code === 'EEXIST' && (await stat(path)).isDirectory()) return
      if (code !== 'ENOENT' || parentMade) throw error
      await makeFolders(dirname(path))
    }
  }
  await syncFolder(dirname(path))
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (nodeErrorCode(error) === 'ENOENT') return false
    throw storeWriteError(error, path)
  }
}

function runExists(runId: string, path: string): UsageError {
  return new UsageError('RUN_EXISTS', `there is a run ${runId} already (${path}): choose another id, or resume that one`)
}
