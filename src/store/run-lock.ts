import { randomBytes } from 'node:crypto'
import { closeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import { type ForkchartError, TerminalError, UsageError } from '../errors.ts'
import {
  createLockFile,
  fileIdentity,
  type FileIdentity,
  type FoundLock,
  isFileAt,
  isStale,
  type LockRecord,
  readLockFile,
  removeLockFile,
  writeHeartbeat,
} from './lock-file.ts'
import { replaceLock } from './lock-takeover.ts'
import { thisProcess } from './process-identity.ts'
import type { LockOwner } from './store.ts'

const heartbeatMs = 2_000
/** How often, and how long, to look again while someone is in the middle of taking the lock. */
const lookAgainMs = 10
const looks = 50

/** So long a look at the lock counts, since one before each batch of a busy run is felt; and how much longer a taker waits. */
const trustLookMs = 5
const fenceMs = 50

interface LockRequest {
  readonly path: string
  readonly runId: string
  /** Take it from whoever has it. */
  readonly force: boolean
  readonly clock: Clock
}

/** Takes the lock of a run. Throws UsageError RUN_LOCKED, TerminalError STORE_WRITE. */
export async function acquireRunLock({ path, runId, force, clock }: LockRequest): Promise<RunLock> {
  let found: FoundLock = { kind: 'none' }
  for (let look = 0; look < looks; look += 1) {
    const now = clock.now()
    const instant = new Date(now).toISOString()
    const mine: LockRecord = { ...thisProcess(), since: instant, heartbeat: instant, token: randomBytes(16).toString('hex') }
    const fd = createLockFile(path, mine)
    if (fd !== undefined) return new RunLock(path, runId, fd, clock)
    found = readLockFile(path, now)
    if (found.kind === 'none') continue
    const stale = isStale(found, now)
    if (force || stale) {
      const taken = replaceLock(path, found.token, mine, now)
      if (taken !== undefined) {
        const lock = new RunLock(path, runId, taken, clock)
        // A living owner may write until it looks at the lock again; what we read after that stays as it is.
        if (!stale) await delay(fenceMs)
        return lock
      }
    } else if (found.kind === 'owned') {
      throw runLocked(runId, found.record, now)
    }
    await delay(lookAgainMs)
  }
  throw runLocked(runId, found.kind === 'owned' ? found.record : undefined, clock.now())
}

/** Who writes the run now; null when nobody does, or whoever did is gone. Changes nothing. */
export function liveOwner(path: string, now: number): LockOwner | null {
  const found = readLockFile(path, now)
  if (found.kind !== 'owned' || isStale(found, now)) return null
  const { pid, host, since } = found.record
  return { pid, host, since }
}

/** A lock that this process holds. A sign of life is written every 2 s until it is released. */
export class RunLock {
  #path: string
  readonly #runId: string
  readonly #fd: number
  readonly #file: FileIdentity
  readonly #clock: Clock
  readonly #heartbeat: NodeJS.Timeout
  /** Told once when the lock is found to be lost: at a heartbeat at the latest. */
  onLost: ((error: ForkchartError) => void) | undefined
  #looked = Number.NEGATIVE_INFINITY
  #lost: TerminalError | undefined
  #released = false

  constructor(path: string, runId: string, fd: number, clock: Clock) {
    this.#path = path
    this.#runId = runId
    this.#fd = fd
    this.#file = fileIdentity(fd)
    this.#clock = clock
    // A lock must not keep a process alive that has nothing else to do.
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs).unref()
    releaseAtExit(this)
  }

  /** The folder of the lock was renamed. */
  moved(path: string): void {
    this.#path = path
  }

  /** TerminalError LOCK_LOST once the lock is no longer ours: nothing may be written then. At most one `stat` per 5 ms. */
  lost(): ForkchartError | undefined {
    if (this.#lost !== undefined || this.#released) return this.#lost
    const now = performance.now()
    if (now - this.#looked < trustLookMs) return undefined
    this.#looked = now
    if (!this.#isOurs()) {
      clearInterval(this.#heartbeat)
      this.#lost = new TerminalError(
        'LOCK_LOST',
        `this process no longer has the right to write the run ${this.#runId}: another one took ${this.#path} over (--force-unlock), ` +
          'or the folder was moved or removed. Nothing more was written; resume the run where it is wanted',
        { details: { file: this.#path } },
      )
      const lost = this.#lost
      queueMicrotask(() => this.onLost?.(lost))
    }
    return this.#lost
  }

  /** Throws what `lost` gives. */
  assertHeld(): void {
    const lost = this.lost()
    if (lost !== undefined) throw lost
  }

  /** Removes the lock if it still is ours. Idempotent; never throws. */
  release(): void {
    if (this.#released) return
    const ours = this.#isOurs()
    this.#released = true
    clearInterval(this.#heartbeat)
    held.delete(this)
    if (ours) removeLockFile(this.#path)
    closeSync(this.#fd)
  }

  #isOurs(): boolean {
    try {
      return isFileAt(this.#path, this.#file)
    } catch {
      return false
    }
  }

  #beat(): void {
    if (this.lost() !== undefined) return
    try {
      writeHeartbeat(this.#fd, new Date(this.#clock.now()).toISOString())
    } catch {
      // A full disk shows in the journal; a missed sign of life matters to other machines only, and after 15 s.
    }
  }
}

const held = new Set<RunLock>()

function releaseAtExit(lock: RunLock): void {
  held.add(lock)
  if (process.listeners('exit').includes(releaseAll)) return
  process.on('exit', releaseAll)
}

function releaseAll(): void {
  for (const lock of held) lock.release()
}

function runLocked(runId: string, owner: LockRecord | undefined, now: number): UsageError {
  if (owner === undefined) {
    return new UsageError('RUN_LOCKED', `the run ${runId} is being opened by another process: try again, or take it with --force-unlock`)
  }
  const heard = Math.max(0, Math.round((now - Date.parse(owner.heartbeat)) / 1000))
  return new UsageError(
    'RUN_LOCKED',
    `the run ${runId} is being written by process ${owner.pid} on ${owner.host} since ${owner.since} (last heard of ${heard} s ago): ` +
      'wait for it or stop it. Only if you are sure that it is gone, take the run with --force-unlock',
    { details: { pid: owner.pid, host: owner.host, since: owner.since } },
  )
}
