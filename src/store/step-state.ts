import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nodeErrorCode } from '../errors.ts'
import type { Json } from '../json.ts'
import { writeFileAtomically } from './atomic-file.ts'
import { storeReadError, writing } from './disk-errors.ts'
import { logFileName } from './run-folder.ts'

/** What was saved for the key; undefined when nothing was, or the file is damaged: nobody depends on it. */
export async function loadState(folder: string, key: string): Promise<Json | undefined> {
  const file = stateFile(folder, key)
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Json
  } catch (error) {
    if (error instanceof SyntaxError || nodeErrorCode(error) === 'ENOENT') return undefined
    throw storeReadError(error, file)
  }
}

/** `beforeRename` can still refuse, by throwing. */
export async function saveState(folder: string, key: string, value: Json, beforeRename: () => void): Promise<void> {
  const file = stateFile(folder, key)
  await writing(file, () => mkdir(folder, { recursive: true }))
  await writeFileAtomically(file, JSON.stringify(value), beforeRename)
}

function stateFile(folder: string, key: string): string {
  return join(folder, logFileName(key).replace(/\.log$/, '.json'))
}
