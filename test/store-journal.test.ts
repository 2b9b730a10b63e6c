import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { TerminalError } from '../src/errors.ts'
import { Journal, type JournalDisk } from '../src/store/journal.ts'
import { sampleEvents } from '../src/testing/store-samples.ts'

/** A disk in memory whose syncs end when the test says so. */
class ScriptedDisk implements JournalDisk {
  bytes = Buffer.alloc(0)
  /** What a power cut would leave. */
  synced = Buffer.alloc(0)
  readonly calls: string[] = []
  readonly syncs: ((error?: Error) => void)[] = []
  /** Most bytes one write takes; an Error fails it. */
  nextWrites: (number | Error)[] = []

  open(): number {
    return 7
  }
  write(_fd: number, bytes: Buffer, offset: number, position: number): number {
    this.calls.push('write')
    const most = this.nextWrites.shift() ?? Number.POSITIVE_INFINITY
    if (most instanceof Error) throw most
    const part = bytes.subarray(offset, Math.min(bytes.length, offset + most))
    this.bytes = Buffer.concat([this.bytes.subarray(0, position), part, this.bytes.subarray(position + part.length)])
    return part.length
  }
  sync(_fd: number, callback: (error: Error | null) => void): void {
    this.calls.push('sync')
    const covered = this.bytes
    this.syncs.push((error) => {
      if (error === undefined) this.synced = covered
      callback(error ?? null)
    })
  }
  truncate(_fd: number, length: number): void {
    this.bytes = this.bytes.subarray(0, length)
  }
  close(): void {
    this.calls.push('close')
  }
  get lines(): number {
    return this.bytes.toString().trimEnd().split('\n').length
  }
}

function journalOn(disk: JournalDisk, guard: () => TerminalError | undefined = () => undefined): Journal {
  return new Journal({ path: '/runs/r/events.ndjson', size: 0, nextSeq: 1, guard, disk })
}

const event = (seq: number) => sampleEvents('r', 1, { from: seq })
const systemError = (code: string) => Object.assign(new Error(`${code}: made up`), { code })

/** Whether a promise has been settled by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false
  const note = (): void => {
    done = true
  }
  promise.then(note, note)
  await new Promise((resolve) => setImmediate(resolve))
  return done
}

describe('group commit', () => {
  it('writes and starts the sync in the microtask after append', async () => {
    const disk = new ScriptedDisk()
    const journal = journalOn(disk)
    journal.append(event(1))
    const flushed = journal.flushed()
    await Promise.resolve()
    expect(disk.calls).toEqual(['write', 'sync'])
    expect(await settled(flushed)).toBe(false)
    disk.syncs[0]?.()
    await flushed
    expect(disk.synced.toString()).toBe(`${JSON.stringify(event(1)[0])}\n`)
  })

  it('has one sync at a time; what comes meanwhile shares the next one', async () => {
    const disk = new ScriptedDisk()
    const journal = journalOn(disk)
    journal.append(event(1))
    const first = journal.flushed()
    await Promise.resolve()
    const later = [2, 3, 4].map((seq) => {
      journal.append(event(seq))
      return journal.flushed()
    })
    expect(await settled(Promise.all(later))).toBe(false)
    expect(disk.calls).toEqual(['write', 'sync'])
    disk.syncs[0]?.()
    await first
    await Promise.resolve()
    expect(disk.calls).toEqual(['write', 'sync', 'write', 'sync'])
    expect(await settled(Promise.race(later))).toBe(false)
    disk.syncs[1]?.()
    await Promise.all(later)
    expect(disk.lines).toBe(4)
  })

  it('does not count a line as flushed that was written while a sync was running already', async () => {
    const disk = new ScriptedDisk()
    const journal = journalOn(disk)
    journal.append(event(1))
    const first = journal.flushed()
    await Promise.resolve()
    journal.append(event(2))
    journal.writeThrough()
    const second = journal.flushed()
    disk.syncs[0]?.()
    await first
    expect(await settled(second)).toBe(false)
    disk.syncs[1]?.()
    await second
    expect(disk.synced.equals(disk.bytes)).toBe(true)
  })

  it('writes very much only when all else has had its turn', async () => {
    const disk = new ScriptedDisk()
    const journal = journalOn(disk)
    const [settled] = sampleEvents('r', 1, { settled: true })
    if (settled?.type !== 'run.settled') throw new Error('the sample is of another type')
    journal.append([{ ...settled, data: { ...settled.data, output: 'x'.repeat(1_000_000) } }])
    const flushed = journal.flushed()
    await Promise.resolve()
    expect(disk.calls).toEqual([])
    await new Promise((resolve) => setImmediate(resolve))
    expect(disk.calls).toEqual(['write', 'sync'])
    disk.syncs[0]?.()
    await flushed
  })

  it('does not sync for lines that nobody waits for', async () => {
    const disk = new ScriptedDisk()
    const journal = journalOn(disk)
    journal.append(event(1))
    await Promise.resolve()
    expect(disk.calls).toEqual(['write'])
  })

  it('finishes a short write', async () => {
    const disk = new ScriptedDisk()
    disk.nextWrites = [3, 1, 40]
    const journal = journalOn(disk)
    journal.append(sampleEvents('r', 2))
    const flushed = journal.flushed()
    await Promise.resolve()
    disk.syncs[0]?.()
    await flushed
    expect(disk.bytes.toString()).toBe(sampleEvents('r', 2).map((line) => `${JSON.stringify(line)}\n`).join(''))
  })
})

describe('a journal that fails', () => {
  it('rejects everyone who waits, and everyone later, with the same error, and writes nothing more', async () => {
    const disk = new ScriptedDisk()
    disk.nextWrites = [systemError('ENOSPC')]
    const journal = journalOn(disk)
    journal.append(event(1))
    const error = await journal.flushed().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(TerminalError)
    expect(error).toMatchObject({ code: 'STORE_WRITE', message: expect.stringMatching(/events\.ndjson.*disk is full.*resume/) })
    journal.append(event(2))
    await expect(journal.flushed()).rejects.toBe(error)
    expect(disk.calls).toEqual(['write'])
  })

  it('leaves whole lines only when the disk fills up in the middle of one', async () => {
    const disk = new ScriptedDisk()
    const journal = journalOn(disk)
    const oneLine = Buffer.byteLength(JSON.stringify(event(1)[0])) + 1
    disk.nextWrites = [oneLine + 10, systemError('ENOSPC')]
    journal.append(sampleEvents('r', 3))
    await expect(journal.flushed()).rejects.toMatchObject({ code: 'STORE_WRITE' })
    expect(disk.bytes.toString()).toBe(`${JSON.stringify(event(1)[0])}\n`)
  })

  it('takes a sync that fails for a failure: what it covered is not known to be on disk', async () => {
    const disk = new ScriptedDisk()
    const journal = journalOn(disk)
    journal.append(event(1))
    const first = journal.flushed()
    await Promise.resolve()
    journal.append(event(2))
    const second = journal.flushed()
    disk.syncs[0]?.(systemError('EIO'))
    await expect(first).rejects.toMatchObject({ code: 'STORE_WRITE', details: { system: 'EIO' } })
    await expect(second).rejects.toMatchObject({ code: 'STORE_WRITE' })
    expect(disk.calls).toEqual(['write', 'sync'])
  })

  it('asks after each sync whether it still may', async () => {
    const disk = new ScriptedDisk()
    const verdicts: TerminalError[] = []
    const journal = journalOn(disk, () => verdicts[0])
    journal.append(event(1))
    const flushed = journal.flushed()
    await Promise.resolve()
    const lost = new TerminalError('LOCK_LOST', 'taken while it was stopped')
    verdicts.push(lost)
    disk.syncs[0]?.()
    await expect(flushed).rejects.toBe(lost)
  })

  it('asks before each write whether it still may', async () => {
    const disk = new ScriptedDisk()
    const verdicts: TerminalError[] = []
    const journal = journalOn(disk, () => verdicts[0])
    journal.append(event(1))
    const first = journal.flushed()
    await Promise.resolve()
    disk.syncs[0]?.()
    await first
    const lost = new TerminalError('LOCK_LOST', 'taken')
    verdicts.push(lost)
    journal.append(event(2))
    await expect(journal.flushed()).rejects.toBe(lost)
    expect(disk.lines).toBe(1)
  })

  it('lets go of the file only when no sync runs on it', async () => {
    const disk = new ScriptedDisk()
    const journal = journalOn(disk)
    journal.append(event(1))
    const flushed = journal.flushed()
    await Promise.resolve()
    journal.close()
    expect(disk.calls).not.toContain('close')
    disk.syncs[0]?.()
    await expect(flushed).rejects.toMatchObject({ code: 'STORE_WRITE' })
    expect(disk.calls).toContain('close')
  })
})

/** A journal after eight syncs in no time: a busy one, whose next line brings room with it. */
async function busyJournal(disk: ScriptedDisk): Promise<{ readonly journal: Journal; readonly add: (seq: number) => Promise<void> }> {
  const journal = journalOn(disk)
  const add = async (seq: number): Promise<void> => {
    journal.append(event(seq))
    const flushed = journal.flushed()
    await Promise.resolve()
    disk.syncs.at(-1)?.()
    await flushed
  }
  for (let seq = 1; seq <= 8; seq += 1) await add(seq)
  return { journal, add }
}

describe('room', () => {
  const lines = (count: number) => sampleEvents('r', count).map((line) => `${JSON.stringify(line)}\n`).join('')

  it('is behind the lines of a busy journal, which then no longer grows; given back at its end', async () => {
    const disk = new ScriptedDisk()
    const { journal, add } = await busyJournal(disk)
    expect(disk.bytes.toString()).toBe(lines(8))
    await add(9)
    const grown = disk.bytes.length
    expect(grown).toBeGreaterThan(lines(9).length + 60_000)
    for (let seq = 10; seq <= 60; seq += 1) await add(seq)
    expect(disk.bytes.length).toBe(grown)
    expect(disk.bytes.toString().trimEnd()).toBe(lines(60).trimEnd())
    expect(disk.synced.equals(disk.bytes)).toBe(true)
    journal.close()
    expect(disk.bytes.toString()).toBe(lines(60))
  })

  it('is given back when nothing has been written for a while', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const disk = new ScriptedDisk()
    const { add } = await busyJournal(disk)
    await add(9)
    vi.advanceTimersByTime(1_500)
    await add(10)
    vi.advanceTimersByTime(1_400)
    expect(disk.bytes.length).toBeGreaterThan(60_000)
    vi.advanceTimersByTime(1_000)
    expect(disk.bytes.toString()).toBe(lines(10))
    expect(vi.getTimerCount()).toBe(0)
    await add(11)
    expect(disk.bytes.toString().trimEnd()).toBe(lines(11).trimEnd())
  })

  it('may be lacking on a disk that is nearly full', async () => {
    const disk = new ScriptedDisk()
    const { journal, add } = await busyJournal(disk)
    disk.nextWrites = [Buffer.byteLength(lines(9)) - Buffer.byteLength(lines(8)) + 10, systemError('ENOSPC')]
    await add(9)
    expect(disk.bytes.toString()).toBe(`${lines(9)}${'\n'.repeat(10)}`)
    journal.close()
    expect(disk.bytes.toString()).toBe(lines(9))
  })

  it('is not left behind half a line', async () => {
    const disk = new ScriptedDisk()
    const { journal, add } = await busyJournal(disk)
    await add(9)
    disk.nextWrites = [5, systemError('EIO')]
    journal.append(event(10))
    await expect(journal.flushed()).rejects.toMatchObject({ code: 'STORE_WRITE' })
    expect(disk.bytes.toString()).toBe(lines(9))
  })

  it('is not for lines that would fill much of it', async () => {
    const disk = new ScriptedDisk()
    const { journal } = await busyJournal(disk)
    journal.append(sampleEvents('r', 200, { from: 9 }))
    journal.writeThrough()
    expect(disk.bytes.toString()).toBe(lines(208))
  })
})
