import { watch } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Clock } from '../clock.ts'
import { nodeErrorCode } from '../errors.ts'
import type { RunEvent } from '../events.ts'
import { inTurns } from '../in-turns.ts'
import { storeReadError } from './disk-errors.ts'
import { describeBadLine, scanningJournal } from './journal-reader.ts'
import { damaged, tooNew } from './migrations.ts'
import type { RunFolder } from './run-folder.ts'
import { liveOwner } from './run-lock.ts'
import { openWriterOf } from './run-writer.ts'
import type { FollowOptions } from './store.ts'

/** Watching is not to be had on every file system, and misses changes on some: look this often anyway. */
const pollMs = 100

interface FollowRequest extends FollowOptions {
  readonly runId: string
  readonly folder: RunFolder
  readonly clock: Clock
}

/**
 * The events of a journal as they are written, by this process or another one. Ends when the last event is
 * `run.settled`, on abort, or, with `whileWritten`, when nobody writes the run. Throws UsageError RUN_DAMAGED at a bad line that no writer is about to cut off.
 */
export async function* followJournal(request: FollowRequest): AsyncGenerator<RunEvent> {
  const { runId, folder, afterSeq, signal, clock, whileWritten = false } = request
  const doorbell = new Doorbell(signal)
  const stopWatching = watchQuietly(folder.journal, () => doorbell.ring())
  const writer = openWriterOf(folder)
  const stopListening = writer?.onAppend(() => doorbell.ring())
  let offset = 0
  let last: RunEvent | undefined
  try {
    while (!signal.aborted) {
      // Before the journal is read: whoever lets go of the run has written its last event by then.
      const isLeft = whileWritten && liveOwner(folder.lock, clock.now()) === null
      writer?.writeThrough()
      const added = await readFrom(folder.journal, offset)
      const scan = await inTurns(scanningJournal(added, { runId, firstSeq: (last?.seq ?? 0) + 1 }))
      offset += scan.goodBytes
      for (const event of scan.events) {
        last = event
        if (event.seq > afterSeq) yield event
        if (signal.aborted) return
      }
      if (scan.events.length > 0) continue
      if (last?.type === 'run.settled') return
      if (scan.bad?.kind === 'newer') throw tooNew(folder.journal, scan.bad.reason)
      if (scan.bad?.kind === 'damaged' && liveOwner(folder.lock, clock.now()) === null) {
        throw damaged(folder.journal, `${describeBadLine(scan.bad)} (byte ${offset})`)
      }
      if (isLeft) return
      await doorbell.wait(pollMs)
    }
  } finally {
    stopWatching()
    stopListening?.()
  }
}

/** A wait that a ring, also an earlier one, a time or an abort ends. */
class Doorbell {
  readonly #signal: AbortSignal
  #rung = false
  #wake: (() => void) | undefined

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  async wait(ms: number): Promise<void> {
    if (!this.#rung && !this.#signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, ms)
      const stop = (): void => resolve()
      this.#wake = stop
      this.#signal.addEventListener('abort', stop, { once: true })
      await promise
      clearTimeout(timer)
      this.#signal.removeEventListener('abort', stop)
      this.#wake = undefined
    }
    this.#rung = false
  }
}

function watchQuietly(path: string, changed: () => void): () => void {
  try {
    const watcher = watch(path, { persistent: false }, changed)
    watcher.on('error', () => watcher.close())
    return () => watcher.close()
  } catch {
    return () => undefined
  }
}

async function readFrom(path: string, offset: number): Promise<Buffer> {
  try {
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat()
      const bytes = Buffer.alloc(Math.max(0, size - offset))
      let length = 0
      while (length < bytes.length) {
        const { bytesRead } = await file.read(bytes, length, bytes.length - length, offset + length)
        if (bytesRead === 0) break
        length += bytesRead
      }
      return bytes.subarray(0, length)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (nodeErrorCode(error) === 'ENOENT') throw damaged(path, 'it is missing', error)
    throw storeReadError(error, path)
  }
}
