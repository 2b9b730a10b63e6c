import { closeSync, fstatSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { z } from 'zod'
import { nodeErrorCode } from '../errors.ts'
import { storeReadError, storeWriteError } from './disk-errors.ts'
import { liveness } from './process-identity.ts'

/** What `run.lock` holds. */
const lockRecordSchema = z.object({
  pid: z.int(),
  host: z.string(),
  since: z.string(),
  heartbeat: z.string(),
  /** Unique per taking. */
  token: z.string().regex(/^[\w-]+$/),
  machine: z.string().optional(),
  birth: z.string().optional(),
})
export type LockRecord = z.infer<typeof lockRecordSchema>

/** A lock file as found. One that cannot be read is being written at this moment, or is damaged: its age tells. */
export type FoundLock =
  | { readonly kind: 'none' }
  | { readonly kind: 'owned'; readonly token: string; readonly record: LockRecord }
  | { readonly kind: 'unreadable'; readonly token: string; readonly ageMs: number }

/** Without a sign of life for so long, an owner on another machine counts as gone. */
const staleAfterMs = 15_000

export function readLockFile(path: string, now: number): FoundLock {
  try {
    const parsed = lockRecordSchema.safeParse(parse(readFileSync(path, 'utf8')))
    if (parsed.success) return { kind: 'owned', token: parsed.data.token, record: parsed.data }
    const { ino, mtimeMs } = statSync(path)
    return { kind: 'unreadable', token: `unreadable-${ino}`, ageMs: now - mtimeMs }
  } catch (error) {
    if (nodeErrorCode(error) === 'ENOENT') return { kind: 'none' }
    throw storeReadError(error, path)
  }
}

/** Whether the owner is gone: its process ended, or, on another machine, nothing was heard of it for 15 s. */
export function isStale(found: Exclude<FoundLock, { kind: 'none' }>, now: number): boolean {
  if (found.kind === 'unreadable') return found.ageMs > staleAfterMs
  if (leftBehind.has(found.token)) return true
  const life = liveness(found.record)
  if (life !== 'unknown') return life === 'dead'
  const heartbeat = Date.parse(found.record.heartbeat)
  return Number.isNaN(heartbeat) || now - heartbeat > staleAfterMs
}

/** Makes a lock file and leaves it open; undefined when there is one already. Throws TerminalError STORE_WRITE. */
export function createLockFile(path: string, record: LockRecord): number | undefined {
  let fd: number
  try {
    fd = openSync(path, 'wx')
  } catch (error) {
    if (nodeErrorCode(error) === 'EEXIST') return undefined
    throw storeWriteError(error, path)
  }
  try {
    writeLockRecord(fd, record)
    return fd
  } catch (error) {
    closeSync(fd)
    removeLockFile(path)
    throw storeWriteError(error, path)
  }
}

/** Tokens of locks and claims that this process has let go of and could not remove: it lives on, they count for nothing. */
const leftBehind = new Set<string>()

/**
 * Removes a lock or claim of this process, or of one that is gone. Never throws: what cannot be removed, as on a disk that
 * has become read-only, counts as stale from now on in this process, and everywhere once it has ended.
 */
export function removeLockFile(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    const token = ownTokenIn(path)
    if (token !== undefined) leftBehind.add(token)
  }
}

function ownTokenIn(path: string): string | undefined {
  try {
    const found = readLockFile(path, 0)
    return found.kind === 'owned' && found.record.pid === process.pid ? found.token : undefined
  } catch {
    return undefined
  }
}

/** The heartbeat comes first, so it is known where. */
const beforeHeartbeat = '{"heartbeat":"'

function writeLockRecord(fd: number, { heartbeat, ...owner }: LockRecord): void {
  writeWhole(fd, `${JSON.stringify({ heartbeat, ...owner })}\n`, 0)
}

/**
 * Replaces the heartbeat of a lock that we made, by an instant that is as long as any: 24 characters. In place: a rename
 * would put our file over that of someone who took the lock away a moment ago.
 */
export function writeHeartbeat(fd: number, heartbeat: string): void {
  writeWhole(fd, heartbeat, beforeHeartbeat.length)
}

function writeWhole(fd: number, text: string, position: number): void {
  const bytes = Buffer.from(text)
  if (writeSync(fd, bytes, 0, bytes.length, position) !== bytes.length) throw new Error('the lock could not be written whole')
}

/** What tells a file from all others for as long as it is open: after that its inode number may go to another one. */
export interface FileIdentity {
  readonly ino: bigint
  readonly dev: bigint
}

export function fileIdentity(fd: number): FileIdentity {
  // All that `fstat` tells would be kept for as long as the lock is.
  const { ino, dev } = fstatSync(fd, { bigint: true })
  return { ino, dev }
}

export function isFileAt(path: string, { ino, dev }: FileIdentity): boolean {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found !== undefined && found.ino === ino && found.dev === dev
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
