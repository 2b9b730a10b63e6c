import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { ForkchartError } from '../src/errors.ts'
import { createFileStore } from '../src/store/file-store.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import type { Store } from '../src/store/store.ts'
import { sampleEvents, sampleRunSpec } from '../src/testing/store-samples.ts'
import { temporaryFolder } from './store-folder.ts'

const nextTask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
/** Longer than a lock is trusted. */
const aMoment = async (): Promise<void> => {
  const since = performance.now()
  while (performance.now() - since < 6) await nextTask()
}

describe.each<[string, () => Promise<Store>]>([
  ['memory', async () => createMemoryStore()],
  ['files', async () => createFileStore(await temporaryFolder())],
])('a writer to a store of %s', (_, create) => {
  it('is told that it has lost the run, once, also when it writes nothing', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const store = await create()
    const told: ForkchartError[] = []
    const first = await store.create(sampleRunSpec('run'))
    first.onLost((error) => void told.push(error))
    const { writer } = await store.open('run', { force: true })
    writer.onLost((error) => void told.push(error))
    await aMoment()
    vi.advanceTimersByTime(2_000)
    await nextTask()
    expect(told).toMatchObject([{ code: 'LOCK_LOST', kind: 'terminal' }])
    first.append(sampleEvents('run', 1))
    await expect(first.flushed()).rejects.toBe(told[0])
    await first.close().catch(() => {})
    await writer.close()
    vi.advanceTimersByTime(10_000)
    await nextTask()
    expect(told).toHaveLength(1)
  })

  it('that has let go of it is told nothing', async () => {
    const store = await create()
    const told: ForkchartError[] = []
    const first = await store.create(sampleRunSpec('run'))
    first.onLost((error) => void told.push(error))
    await first.close()
    const { writer } = await store.open('run', { force: true })
    await nextTask()
    await writer.close()
    expect(told).toEqual([])
  })
})
