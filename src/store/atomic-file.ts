import { randomUUID } from 'node:crypto'
import { renameSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { nodeErrorCode } from '../errors.ts'
import { writing } from './disk-errors.ts'

/**
 * Replaces a file so that a reader, also one after a power cut, finds the old content or the new one, never a mix:
 * a new file under a unique name, fdatasync, rename, fsync of the folder. `beforeRename` can still refuse, by throwing.
 * Throws TerminalError STORE_WRITE.
 */
export async function writeFileAtomically(path: string, content: string | Uint8Array, beforeRename: () => void): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  await writing(path, async () => {
    try {
      await writeNewFile(temporary, content)
      beforeRename()
      // A blocking call: nothing comes between that look and the rename.
      renameSync(temporary, path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    await syncFolder(dirname(path))
  })
}

/** Makes a file that must not exist yet (EEXIST) and puts its content on disk. The folder is the caller's to sync. */
export async function writeNewFile(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(content)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** Puts the names in a folder on disk; does nothing where folders cannot be synced. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  } catch (error) {
    // Some file systems and Windows refuse to sync a folder, and one may be written but not read; there, the rename alone has to do.
    if (!['EPERM', 'EACCES', 'EISDIR', 'EINVAL', 'ENOTSUP'].includes(nodeErrorCode(error) ?? '')) throw error
  }
}

/** Calls `make` with `<path>.<label>-1`, `-2`, … until a name is free (no EEXIST); gives the name. */
export async function underFreeName(path: string, label: string, make: (name: string) => Promise<void>): Promise<string> {
  for (let n = 1; ; n += 1) {
    const name = `${path}.${label}-${n}`
    try {
      await make(name)
      return name
    } catch (error) {
      if (nodeErrorCode(error) !== 'EEXIST') throw error
    }
  }
}
