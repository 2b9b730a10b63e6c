import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { nodeErrorCode } from '../errors.ts'
import type { RunEvent } from '../events.ts'
import { inTurns } from '../in-turns.ts'
import { syncFolder, underFreeName, writeFileAtomically, writeNewFile } from './atomic-file.ts'
import { storeReadError, writing } from './disk-errors.ts'
import { type BadLine, describeBadLine, type JournalScan, scanningJournal } from './journal-reader.ts'
import { damaged, tooNew } from './migrations.ts'
import type { Damage } from './store.ts'

/** Reads a whole journal; changes nothing. Throws UsageError FORMAT_TOO_NEW, RUN_DAMAGED when it is missing, TerminalError STORE_READ. */
export async function readJournal(path: string, runId: string): Promise<JournalScan> {
  const scan = await inTurns(scanningJournal(await readBytes(path), { runId }))
  if (scan.bad?.kind === 'newer') throw tooNew(path, `${scan.bad.reason}, at byte ${scan.bad.offset}`)
  return scan
}

/**
 * The first events of a journal that this process writes; it has written or checked every line. Blocks. Throws UsageError
 * RUN_DAMAGED when they are not there any more, TerminalError STORE_READ.
 */
export function readOwnEvents(path: string, count: number): RunEvent[] {
  try {
    const lines = readFileSync(path, 'utf8').split('\n', count)
    const events = lines.map((line) => JSON.parse(line) as RunEvent)
    if (events.length === count) return events
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw storeReadError(error, path)
  }
  throw damaged(path, 'events that were in it are not any more')
}

export function journalDamage(path: string, bad: BadLine): Damage {
  return { file: path, offset: bad.offset, message: describeBadLine(bad) }
}

/** Copies what is in a journal from its first bad line on to `<path>.cut-<n>`. Throws TerminalError STORE_WRITE. */
export async function setTailAside(path: string, bad: BadLine): Promise<Damage> {
  return writing(path, async () => {
    const lost = (await readBytes(path)).subarray(bad.offset)
    const setAside = await underFreeName(path, 'cut', (name) => writeNewFile(name, lost))
    await syncFolder(dirname(path))
    return { ...journalDamage(path, bad), setAside }
  })
}

/**
 * Puts the first `size` bytes of a journal into a new file of its name. They are then on disk, whatever became of the
 * syncs of whoever wrote them: after a failed one the kernel holds pages for clean that it never wrote. And whoever still
 * has the old file open, stopped between a look at the lock and a write, writes to where nobody reads.
 * Only for who holds the run's lock, which `assertHeld` says by not throwing. Throws TerminalError STORE_WRITE.
 */
export async function renewJournal(path: string, size: number, assertHeld: () => void): Promise<void> {
  await writeFileAtomically(path, (await readBytes(path)).subarray(0, size), assertHeld)
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    if (nodeErrorCode(error) === 'ENOENT') throw damaged(path, 'it is missing', error)
    throw storeReadError(error, path)
  }
}
