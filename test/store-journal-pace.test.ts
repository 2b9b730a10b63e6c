import { describe, expect, it } from 'vitest'
import { Pace } from '../src/store/journal-pace.ts'
import { sampleEvents } from '../src/testing/store-samples.ts'
import { busyJournal, event, ScriptedDisk, systemError } from './scripted-disk.ts'

interface Sync {
  readonly takes?: number
  readonly gathered?: boolean
  readonly bytes?: number
  /** Before it begins. */
  readonly idle?: number
}

/** Syncs of one journal, each right after the other; which of them blocked. */
function paced(): (...syncs: Sync[]) => boolean[] {
  let now = performance.now()
  const pace = new Pace()
  return (...syncs) =>
    syncs.map(({ takes = 0.2, gathered = false, bytes = 400, idle = 0 }) => {
      now += idle
      const blocked = pace.begins(now, bytes)
      now += takes
      pace.ended(now, { blocked, gathered })
      return blocked
    })
}

const times = (count: number, sync: Sync = {}): Sync[] => Array.from({ length: count }, () => sync)
const inARow = [...times(7).map(() => true), false]

describe('a sync blocks', () => {
  it('when the journal is busy and alone and the disk is quick: seven of eight', () => {
    const sync = paced()
    expect(sync(...times(7))).not.toContain(true)
    expect(sync(...times(16))).toEqual([...inARow, ...inARow])
  })

  it('not in a journal with a sync now and then', () => {
    const sync = paced()
    expect(sync(...times(64, { idle: 15 }))).not.toContain(true)
    expect(sync(...times(16))).toContain(true)
    expect(sync(...times(16, { idle: 15 })).slice(8)).not.toContain(true)
  })

  it('not when something came while the last one ran that did not block', () => {
    const sync = paced()
    expect(sync(...times(40, { gathered: true }))).not.toContain(true)
    expect(sync({}, ...times(8))).toEqual([false, ...inARow])
  })

  it('not when other journals sync too', () => {
    const [one, other] = [paced(), paced()]
    const both = times(32).flatMap(() => [...one({}), ...other({})])
    expect(both).not.toContain(true)
    expect(one({}, {})).toEqual([false, true])
  })

  it('not for much', () => {
    const sync = paced()
    sync(...times(7))
    expect(sync({ bytes: 16_384 }, { bytes: 16_385 }, {})).toEqual([true, false, true])
  })

  it('not for a while after a slow one, blocking or not', () => {
    const sync = paced()
    sync(...times(7))
    expect(sync({}, { takes: 2.1 })).toEqual([true, true])
    expect(sync(...times(33))).not.toContain(true)
    expect(sync(...times(8))).toEqual(inARow)
    const slow = paced()
    expect(slow(...times(64, { takes: 2.1 }))).not.toContain(true)
  })
})

describe('a blocking sync', () => {
  /** The last sync of a busy journal did not block, and nothing came meanwhile: the next seven do. */
  async function busy(disk: ScriptedDisk): ReturnType<typeof busyJournal> {
    const found = await busyJournal(disk, 15)
    disk.calls.length = 0
    return found
  }

  it('lets those go on who wait, at once; the last of eight does not block', async () => {
    const disk = new ScriptedDisk()
    const { journal } = await busy(disk)
    for (let seq = 16; seq <= 22; seq += 1) {
      journal.append(event(seq))
      await journal.flushed()
      expect(disk.synced.equals(disk.bytes)).toBe(true)
    }
    expect(disk.calls).toEqual(Array.from({ length: 7 }, () => ['write', 'blocking sync']).flat())
    journal.append(event(23))
    void journal.flushed()
    await Promise.resolve()
    expect(disk.calls.slice(-2)).toEqual(['write', 'sync'])
  })

  it('is for a long journal as for a short one', async () => {
    const disk = new ScriptedDisk()
    const { add } = await busy(disk)
    for (let seq = 16; seq <= 255; seq += 1) await add(seq)
    expect(disk.calls.filter((call) => call === 'blocking sync')).toHaveLength(210)
  })

  it('that fails is a failure for everyone', async () => {
    const disk = new ScriptedDisk()
    const { journal } = await busy(disk)
    disk.nextBlockingSyncs = [systemError('EIO')]
    journal.append(event(16))
    const [one, other] = [journal.flushed(), journal.flushed()]
    await expect(one).rejects.toMatchObject({ code: 'STORE_WRITE', details: { system: 'EIO' } })
    await expect(other).rejects.toMatchObject({ code: 'STORE_WRITE' })
    journal.append(event(17))
    await expect(journal.flushed()).rejects.toMatchObject({ code: 'STORE_WRITE' })
    expect(disk.calls).toEqual(['write', 'blocking sync'])
  })

  it('does not follow on one during which a line came, nor is it for a long line', async () => {
    const disk = new ScriptedDisk()
    const { journal, add } = await busy(disk)
    for (let seq = 16; seq <= 22; seq += 1) await add(seq)
    journal.append(event(23))
    const flushed = journal.flushed()
    await Promise.resolve()
    journal.append(event(24))
    for (const end of disk.syncs.splice(0)) end()
    await flushed
    disk.calls.length = 0
    await add(25)
    expect(disk.calls).toEqual(['write', 'sync'])
    const [settled] = sampleEvents('r', 1, { from: 26, settled: true })
    if (settled?.type !== 'run.settled') throw new Error('the sample is of another type')
    journal.append([{ ...settled, data: { ...settled.data, output: 'x'.repeat(20_000) } }])
    void journal.flushed()
    await Promise.resolve()
    expect(disk.calls).toEqual(['write', 'sync', 'write', 'sync'])
  })
})
