import { closeSync, renameSync } from 'node:fs'
import { storeWriteError } from './disk-errors.ts'
import { createLockFile, isStale, type LockRecord, readLockFile, removeLockFile } from './lock-file.ts'

/**
 * Replaces the lock with this token by `mine`, for at most one of all who try at the same time; gives the open file.
 * Undefined: someone else was faster, look again.
 *
 * Whoever wants to succeed the lock T must first make the file `run.lock.claim-T`, which only one can. A claimant that
 * died half-way is itself succeeded in the same manner, by the claim on its own token. Who has the end of that chain
 * checks that the lock still is T and puts its own in place. Claims are removed only when T is no longer the lock, so a
 * slow one who still makes a claim on T finds that out by the check.
 */
export function replaceLock(path: string, token: string, mine: LockRecord, now: number): number | undefined {
  const claims = claimSuccession(path, token, mine, now)
  if (claims === undefined) return undefined
  try {
    const current = readLockFile(path, now)
    if (current.kind === 'none' || current.token !== token) return undefined
    return putInPlace(path, mine)
  } finally {
    for (const claim of claims) removeLockFile(claim)
  }
}

function claimSuccession(path: string, token: string, mine: LockRecord, now: number): string[] | undefined {
  const claims: string[] = []
  let predecessor = token
  for (;;) {
    const claim = `${path}.claim-${predecessor}`
    const fd = createLockFile(claim, mine)
    claims.push(claim)
    if (fd !== undefined) {
      closeSync(fd)
      return claims
    }
    const other = readLockFile(claim, now)
    if (other.kind === 'none' || !isStale(other, now)) return undefined
    predecessor = other.token
  }
}

function putInPlace(path: string, mine: LockRecord): number | undefined {
  const temporary = `${path}.${mine.token}`
  const fd = createLockFile(temporary, mine)
  if (fd === undefined) return undefined
  try {
    renameSync(temporary, path)
    return fd
  } catch (error) {
    closeSync(fd)
    removeLockFile(temporary)
    throw storeWriteError(error, path)
  }
}
