import { appendFile } from 'node:fs/promises'
import { expect, it, onTestFinished } from 'vitest'
import type { RunEvent } from '../src/events.ts'
import { createFileStore } from '../src/store/file-store.ts'
import { sampleEvents } from '../src/testing/store-samples.ts'
import { startChild } from './store-child-process.ts'
import { storedRun, temporaryFolder } from './store-folder.ts'

it('gives the events that another process writes, as it writes them, and ends with the run', async () => {
  const { dir, store } = await storedRun({ events: 2 })
  const child = startChild('write-slowly', [dir, 'run'])
  onTestFinished(() => void child.process.kill('SIGKILL'))
  await child.nextLine()
  const seen: RunEvent[] = []
  for await (const event of store.follow('run', { afterSeq: 1, signal: new AbortController().signal })) {
    seen.push(event)
    // The next one is asked for only when this one has come, so each has to come by itself.
    if (event.seq < 6) child.send('one more')
    if (event.seq === 6) child.send('settle')
  }
  expect(seen).toEqual(sampleEvents('run', 7, { settled: true }).slice(1))
})

it('gives the events that a busy process writes over blank lines', async () => {
  const dir = await temporaryFolder()
  const child = startChild('append-events', [dir, 'busy', '1'])
  onTestFinished(() => void child.process.kill('SIGKILL'))
  await child.nextLine()
  const stop = new AbortController()
  const seen: RunEvent[] = []
  for await (const event of createFileStore(dir).follow('busy', { afterSeq: 0, signal: stop.signal })) {
    seen.push(event)
    if (event.seq === 400) stop.abort()
  }
  expect(seen).toEqual(sampleEvents('busy', 400))
})

it('waits for the end of a half-written line', async () => {
  const { store, folder } = await storedRun({ events: 1 })
  const [settled] = sampleEvents('run', 1, { from: 2, settled: true })
  const line = `${JSON.stringify(settled)}\n`
  const seen: number[] = []
  await appendFile(folder.journal, line.slice(0, 30))
  for await (const event of store.follow('run', { afterSeq: 0, signal: new AbortController().signal })) {
    seen.push(event.seq)
    if (event.seq === 1) await appendFile(folder.journal, line.slice(30))
  }
  expect(seen).toEqual([1, 2])
})

it('ends with an error at a line that nobody will repair', async () => {
  const { store, folder } = await storedRun({ events: 1 })
  await appendFile(folder.journal, 'no event\n')
  const seen: number[] = []
  await expect(async () => {
    for await (const event of store.follow('run', { afterSeq: 0, signal: new AbortController().signal })) seen.push(event.seq)
  }).rejects.toMatchObject({ code: 'RUN_DAMAGED', message: expect.stringContaining('line 1') })
  expect(seen).toEqual([1])
})

it('goes on behind a bad line once a writer has cut it off', async () => {
  const { store, folder } = await storedRun({ events: 1 })
  const { writer } = await store.open('run')
  await appendFile(folder.journal, 'no event\n')
  const seen: number[] = []
  for await (const event of store.follow('run', { afterSeq: 0, signal: new AbortController().signal })) {
    seen.push(event.seq)
    if (event.seq > 1) continue
    await writer.close()
    const next = await store.open('run')
    next.writer.append(sampleEvents('run', 1, { from: 2, settled: true }))
    await next.writer.close()
  }
  expect(seen).toEqual([1, 2])
})
