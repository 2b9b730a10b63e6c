import { onTestFinished, vi } from 'vitest'
import type { TerminalError } from '../src/errors.ts'
import { Journal, type JournalDisk } from '../src/store/journal.ts'
import { sampleEvents } from '../src/testing/store-samples.ts'

/** A disk in memory whose syncs end when the test says so. */
export class ScriptedDisk implements JournalDisk {
  bytes = Buffer.alloc(0)
  /** What a power cut would leave. */
  synced = Buffer.alloc(0)
  readonly calls: string[] = []
  readonly syncs: ((error?: Error) => void)[] = []
  /** Most bytes one write takes; an Error fails it. */
  nextWrites: (number | Error)[] = []
  nextBlockingSyncs: Error[] = []

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
  blockingSync(): void {
    this.calls.push('blocking sync')
    const failure = this.nextBlockingSyncs.shift()
    if (failure !== undefined) throw failure
    this.synced = this.bytes
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

export function journalOn(disk: JournalDisk, guard: () => TerminalError | undefined = () => undefined): Journal {
  return new Journal({ path: '/runs/r/events.ndjson', size: 0, nextSeq: 1, guard, disk })
}

export const event = (seq: number) => sampleEvents('r', 1, { from: seq })
export const systemError = (code: string) => Object.assign(new Error(`${code}: made up`), { code })

/** A journal after so many syncs in no time: from the eighth on it is busy, and the ninth line brings room with it. */
export async function busyJournal(disk: ScriptedDisk, syncs = 8): Promise<{ readonly journal: Journal; readonly add: (seq: number) => Promise<void> }> {
  // In no time whatever else the machine does.
  const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now())
  onTestFinished(() => clock.mockRestore())
  const journal = journalOn(disk)
  const add = async (seq: number): Promise<void> => {
    journal.append(event(seq))
    const flushed = journal.flushed()
    await Promise.resolve()
    for (const end of disk.syncs.splice(0)) end()
    await flushed
  }
  for (let seq = 1; seq <= syncs; seq += 1) await add(seq)
  return { journal, add }
}
