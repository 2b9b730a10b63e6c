import { open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { nodeErrorCode } from '../errors.ts'
import { syncFolder, underFreeName, writeNewFile } from './atomic-file.ts'
import { storeReadError, writing } from './disk-errors.ts'
import { type BadLine, describeBadLine, type JournalScan, scanJournal } from './journal-reader.ts'
import { damaged, tooNew } from './migrations.ts'
import type { Damage } from './store.ts'

/** Reads a whole journal; changes nothing. Throws UsageError FORMAT_TOO_NEW, RUN_DAMAGED when it is missing, TerminalError STORE_READ. */
export async function readJournal(path: string, runId: string): Promise<JournalScan> {
  const scan = scanJournal(await readBytes(path), { runId })
  if (scan.bad?.kind === 'newer') throw tooNew(path, `${scan.bad.reason}, at byte ${scan.bad.offset}`)
  return scan
}

export function journalDamage(path: string, bad: BadLine): Damage {
  return { file: path, offset: bad.offset, message: describeBadLine(bad) }
}

/**
 * Cuts a journal at its first bad line. The bytes from there on are first copied to `<path>.cut-<n>` and synced.
 * Only for who holds the run's lock.
 */
export async function cutJournal(path: string, bad: BadLine): Promise<Damage> {
  return writing(path, async () => {
    const lost = (await readBytes(path)).subarray(bad.offset)
    const setAside = await underFreeName(path, 'cut', (name) => writeNewFile(name, lost))
    await syncFolder(dirname(path))
    const journal = await open(path, 'r+')
    try {
      await journal.truncate(bad.offset)
      await journal.sync()
    } finally {
      await journal.close()
    }
    return { ...journalDamage(path, bad), setAside }
  })
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    if (nodeErrorCode(error) === 'ENOENT') throw damaged(path, 'it is missing', error)
    throw storeReadError(error, path)
  }
}
