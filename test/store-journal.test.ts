import { describe, expect, it } from 'vitest'
import { TerminalError } from '../src/errors.ts'
import { sampleEvents } from '../src/testing/store-samples.ts'
import { event, journalOn, ScriptedDisk, systemError } from './scripted-disk.ts'

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
