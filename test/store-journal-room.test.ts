import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { sampleEvents } from '../src/testing/store-samples.ts'
import { busyJournal, event, ScriptedDisk, systemError } from './scripted-disk.ts'

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
