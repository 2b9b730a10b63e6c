import { closeSync, fdatasync, fdatasyncSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { type ForkchartError, TerminalError } from '../errors.ts'
import type { RunEvent } from '../events.ts'
import { storeWriteError } from './disk-errors.ts'
import { Pace } from './journal-pace.ts'
import { withRoom } from './journal-room.ts'

/** The few calls a journal makes on its file, so that a test can let one fail. */
export interface JournalDisk {
  open(path: string): number
  /** Writes some of `bytes` from `offset` on to a place in the file; gives how many. */
  write(fd: number, bytes: Buffer, offset: number, position: number): number
  sync(fd: number, callback: (error: Error | null) => void): void
  /** The same at once. Throws. */
  blockingSync(fd: number): void
  truncate(fd: number, length: number): void
  close(fd: number): void
}

/**
 * The write is a blocking one: into the page cache it takes a few microseconds, less than the way to a worker thread
 * and back, which an awaited write would add to the latency of every step. The sync, which waits for the disk, is one
 * only where `Pace` says so.
 */
const nodeDisk: JournalDisk = {
  open: (path) => openSync(path, 'r+'),
  write: (fd, bytes, offset, position) => writeSync(fd, bytes, offset, bytes.length - offset, position),
  sync: (fd, callback) => fdatasync(fd, callback),
  blockingSync: (fd) => fdatasyncSync(fd),
  truncate: (fd, length) => ftruncateSync(fd, length),
  close: (fd) => closeSync(fd),
}

interface JournalOptions {
  readonly path: string
  /** Size of the file, which is there: everything before it is whole lines. */
  readonly size: number
  readonly nextSeq: number
  /** Asked before each write: says why this process must not write any more. */
  readonly guard: () => ForkchartError | undefined
  readonly disk?: JournalDisk
}

interface Waiter {
  /** Resolved once this many events are on disk. */
  readonly events: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** In UTF-16 units. */
const muchText = 1_000_000

/** After so long without a line, or up to twice so long, a journal gives its room back. */
const quietMs = 1_000

/**
 * The append-only list of a run's events, one JSON line each. Events are written in the microtask after `append`;
 * one fdatasync at a time, asked for by `flushed`, covers everything written before it. What comes while one runs
 * gathers and shares the next. While it is busy, and after the end of a process that was, blank lines follow the events.
 */
export class Journal {
  readonly #path: string
  readonly #disk: JournalDisk
  readonly #guard: () => ForkchartError | undefined
  readonly #fd: number
  /** Where the next line goes, and where the file ends: between them is room. */
  #size: number
  #end: number
  readonly #pace = new Pace()
  #look: NodeJS.Timeout | undefined
  #isQuiet = false
  #nextSeq: number
  /** Lines that wait to be written. */
  #pending = ''
  /** How many events were appended, written and synced since the journal was opened. */
  #appended = 0
  #written = 0
  #synced = 0
  #waiters: Waiter[] = []
  #scheduled = false
  #syncing = false
  /** How many written events the running sync covers, and up to where in the file. */
  #syncTarget = 0
  #syncEnd: number
  #closing = false
  #failure: ForkchartError | undefined

  /** Throws TerminalError STORE_WRITE when the file cannot be opened. */
  constructor(options: JournalOptions) {
    this.#path = options.path
    this.#disk = options.disk ?? nodeDisk
    this.#guard = options.guard
    this.#size = options.size
    this.#end = options.size
    this.#syncEnd = options.size
    this.#nextSeq = options.nextSeq
    try {
      this.#fd = this.#disk.open(options.path)
    } catch (error) {
      throw storeWriteError(error, options.path)
    }
  }

  /** Throws TerminalError SEQ_GAP, and adds nothing, when the events do not go on where the last ones ended. */
  append(events: readonly RunEvent[]): void {
    let lines = ''
    let seq = this.#nextSeq
    for (const event of events) {
      if (event.seq !== seq) throw seqGap(this.#path, seq, event.seq)
      lines += `${JSON.stringify(event)}\n`
      seq += 1
    }
    this.#pending += lines
    this.#nextSeq = seq
    this.#appended += events.length
    this.#schedule()
  }

  /** Resolves once everything appended before is on disk; rejects with the first error for good. */
  flushed(): Promise<void> {
    if (this.#failure === undefined && this.clean) this.#failure = this.#guard()
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.clean) return Promise.resolve()
    const events = this.#appended
    return new Promise((resolve, reject) => {
      this.#waiters.push({ events, resolve, reject })
      this.#schedule()
    })
  }

  /** Whether everything appended is on disk. */
  get clean(): boolean {
    return this.#synced === this.#appended
  }

  /** Hands everything appended to the operating system now, so that whoever opens the file sees it. */
  writeThrough(): void {
    if (this.#pending === '' || this.#failure !== undefined) return
    this.#failure = this.#guard() ?? this.#write()
    if (this.#failure !== undefined) this.#rejectAll(this.#failure)
  }

  /** Lets go of the file, once no sync runs on it any more. What is not flushed by then is lost. */
  close(): void {
    this.#failure ??= new TerminalError('STORE_WRITE', `${this.#path} was closed; nothing can be added to it`)
    this.#closing = true
    if (!this.#syncing) this.#letGo()
  }

  #letGo(): void {
    this.#giveBackRoom()
    this.#disk.close(this.#fd)
  }

  #giveBackRoom(): void {
    clearInterval(this.#look)
    this.#look = undefined
    if (this.#end === this.#size) return
    try {
      this.#disk.truncate(this.#fd, this.#size)
      this.#end = this.#size
    } catch {
      // Blank lines do no harm.
    }
  }

  #schedule(): void {
    // While a sync runs, its end takes care of what gathers.
    if (this.#scheduled || this.#syncing) return
    this.#scheduled = true
    // Much takes long to encode and write, and has just taken long to make: all else has its turn in between.
    if (this.#pending.length > muchText) setImmediate(this.#commit)
    else queueMicrotask(this.#commit)
  }

  // These two are on the way of every step: bound once, they allocate nothing when called.
  readonly #commit = (): void => {
    this.#scheduled = false
    this.writeThrough()
    if (this.#waiters.length === 0) return
    this.#syncing = true
    this.#syncTarget = this.#written
    const bytes = this.#size - this.#syncEnd
    this.#syncEnd = this.#size
    if (this.#pace.begins(performance.now(), bytes)) this.#syncBlocking()
    else this.#disk.sync(this.#fd, this.#synchronised)
  }

  #syncBlocking(): void {
    let failure: Error | null = null
    try {
      this.#disk.blockingSync(this.#fd)
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error))
    }
    this.#hasSynced(failure, true)
  }

  readonly #synchronised = (error: Error | null): void => this.#hasSynced(error, false)

  #hasSynced(error: Error | null, blocked: boolean): void {
    this.#syncing = false
    this.#pace.ended(performance.now(), { blocked, gathered: this.#appended > this.#syncTarget })
    if (this.#closing) this.#letGo()
    // The sync may have taken long, or this process been stopped meanwhile: is the run still ours to go on with?
    this.#failure ??= error === null ? this.#guard() : storeWriteError(error, this.#path)
    if (this.#failure !== undefined) return this.#rejectAll(this.#failure)
    this.#synced = this.#syncTarget
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) {
      if (waiter.events <= this.#synced) waiter.resolve()
      else this.#waiters.push(waiter)
    }
    // In a microtask again: those just told may append at once, and then share the next sync.
    if (this.#waiters.length > 0 || this.#pending !== '') this.#schedule()
  }

  /** Writes the pending lines whole; a failure leaves whole lines in the file, if the file system lets us. */
  #write(): ForkchartError | undefined {
    const lines = Buffer.from(this.#pending)
    const fits = this.#size + lines.length <= this.#end
    const bytes = fits || !this.#pace.isBusy ? lines : withRoom(lines)
    let done = 0
    try {
      // A write may be a short one: on a nearly full disk, at a size limit, on some network file systems.
      while (done < bytes.length) {
        const count = this.#disk.write(this.#fd, bytes, done, this.#size + done)
        if (count === 0) throw new Error('the file system took no more bytes')
        done += count
      }
    } catch (error) {
      if (done < lines.length) {
        this.#dropHalfLine(lines, done)
        return storeWriteError(error, this.#path)
      }
      // Only room is lacking: the next line that does not get on the disk will say so.
    }
    this.#end = Math.max(this.#end, this.#size + done)
    this.#size += lines.length
    this.#pending = ''
    this.#written = this.#appended
    if (this.#end > this.#size) this.#awaitQuiet()
    return undefined
  }

  #awaitQuiet(): void {
    this.#isQuiet = false
    this.#look ??= setInterval(() => {
      if (this.#isQuiet && !this.#syncing) this.#giveBackRoom()
      this.#isQuiet = true
    }, quietMs).unref()
  }

  #dropHalfLine(lines: Buffer, done: number): void {
    const whole = done === 0 ? 0 : lines.lastIndexOf(0x0a, done - 1) + 1
    this.#size += whole
    if (whole === done) return
    try {
      this.#disk.truncate(this.#fd, this.#size)
      this.#end = this.#size
    } catch {
      // Then the next writer cuts the half line off and says so.
    }
  }

  #rejectAll(error: ForkchartError): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters) waiter.reject(error)
  }
}

/** The error for events whose numbers leave a gap: a mistake in the program, caught before it reaches the disk. */
export function seqGap(where: string, expected: number, got: number): TerminalError {
  return new TerminalError('SEQ_GAP', `${where}: the next event must be number ${expected}, not ${got}`)
}
