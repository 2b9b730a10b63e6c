import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createFileStore } from '../src/store/file-store.ts'
import { sampleEvents } from '../src/testing/store-samples.ts'
import { startChild } from './store-child-process.ts'
import { temporaryFolder } from './store-folder.ts'

for (const appenders of [1, 20]) {
  it(`after kill -9 every event that ${appenders} appender(s) were told is on disk is there`, async () => {
    const dir = await temporaryFolder()
    const child = startChild('append-events', [dir, 'killed', String(appenders)])
    onTestFinished(() => void child.process.kill('SIGKILL'))
    const told: number[] = []
    while (told.length < 300) told.push(Number(await child.nextLine()))
    const [rest] = await Promise.all([child.restOfLines(), child.kill()])
    // The last line may be cut: the pipe is no journal.
    told.push(...rest.slice(0, -1).map(Number))

    const journal = join(dir, 'runs', 'killed', 'events.ndjson')
    // It was busy, and nobody gave its room back.
    expect(await readFile(journal, 'utf8')).toMatch(/\n{1000}$/)

    const { writer, contents } = await createFileStore(dir).open('killed')
    expect(await readFile(journal, 'utf8')).toMatch(/\}\n$/)
    expect(contents.events.length).toBeGreaterThanOrEqual(Math.max(...told))
    expect(contents.events).toEqual(sampleEvents('killed', contents.events.length))
    expect(contents.checkpoint?.lastSeq).toBeGreaterThanOrEqual(50)
    expect(contents.damage.every(({ file }) => file.endsWith('events.ndjson'))).toBe(true)
    await writer.close()
  })
}
