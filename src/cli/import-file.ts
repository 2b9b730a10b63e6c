import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { nodeErrorCode, UsageError } from '../errors.ts'
import { isJsonObject, type JsonObject } from '../json.ts'
import { isOldState } from '../old-state/read-old-state.ts'
import { isPortableRun } from '../store/portable-run.ts'
import { parseStoredJson } from '../store/stored-json.ts'

/** A file that something can be taken in from, by what it holds. */
export type ImportFile =
  /** `savedAt` in ms since the epoch. */
  | { readonly kind: 'state' | 'run'; readonly document: JsonObject; readonly savedAt: number }
  | { readonly kind: 'spec' }

const keysOfSpecs = ['forkchart', 'stages', 'steps', 'stage_order', 'groups', 'stageGroups', 'workflows', 'key']

/** Whether a command means a file of that name where it could also mean a run. */
export async function isJsonFile(path: string): Promise<boolean> {
  if (!path.toLowerCase().endsWith('.json')) return false
  return (await stat(path).catch(() => undefined))?.isFile() === true
}

/** Recognises a file by its shape; only JSON can be anything but a spec. Throws UsageError IMPORT_NOT_FOUND, IMPORT_FORMAT. */
export async function readImportFile(path: string): Promise<ImportFile> {
  const text = await readText(path)
  if (!/\.json$/i.test(path)) {
    if (/\.(ya?ml|[cm]?[jt]s)$/i.test(path)) return { kind: 'spec' }
    throw unknownFormat(path, 'its name ends in none of .json, .yaml, .yml, .ts')
  }
  let document
  try {
    document = parseStoredJson(text)
  } catch (error) {
    throw unknownFormat(path, `it is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (Array.isArray(document)) return { kind: 'spec' }
  if (!isJsonObject(document)) throw unknownFormat(path, 'it does not hold an object')
  const { mtimeMs } = await stat(path)
  const savedAt = Math.round(mtimeMs)
  if (isPortableRun(document)) return { kind: 'run', document, savedAt }
  if (isOldState(document)) return { kind: 'state', document, savedAt }
  const known: JsonObject = document
  if (keysOfSpecs.some((key) => known[key] !== undefined)) return { kind: 'spec' }
  throw unknownFormat(path, 'it is neither a run, nor a state file (`current_stage`), nor a spec (`stages` or `steps`)')
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const isMissing = nodeErrorCode(error) === 'ENOENT' || nodeErrorCode(error) === 'ENOTDIR'
    const why = isMissing ? 'there is no such file' : error instanceof Error ? error.message : String(error)
    throw new UsageError(isMissing ? 'IMPORT_NOT_FOUND' : 'IMPORT_UNREADABLE', `${path} cannot be read: ${why}.`, { cause: error })
  }
}

function unknownFormat(path: string, why: string): UsageError {
  return new UsageError('IMPORT_FORMAT', `${basename(path)} is nothing that can be taken in: ${why}.`, { details: { file: path } })
}
