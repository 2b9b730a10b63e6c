import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Json } from '../src/json.ts'
import { createFileStore } from '../src/store/file-store.ts'
import type { RunWriter } from '../src/store/store.ts'
import { sampleRunSpec } from '../src/testing/store-samples.ts'

let dir = ''
let inbox = ''
let writer: RunWriter
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forkchart-inbox-'))
  inbox = join(dir, 'runs', 'run', 'inbox')
  writer = await createFileStore(dir).create(sampleRunSpec('run'))
  await mkdir(inbox, { recursive: true })
})
afterEach(async () => {
  await writer.close()
  await rm(dir, { recursive: true, force: true })
})

/** What the writer is handed of these files by the time that it has taken a message which came after them. */
async function takenOf(files: Readonly<Record<string, string>>): Promise<Json[]> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(inbox, name), text)
  const taken: Json[] = []
  writer.receive(async (message) => {
    taken.push(message)
    return 'ok'
  })
  expect(await createFileStore(dir).post('run', 'last')).toBe('ok')
  return taken
}

const letter = (message: Json, at = Date.now()): string => JSON.stringify({ at, message })

describe('the inbox of a run', () => {
  test('passes over what is no message', async () => {
    const taken = await takenOf({
      [`${randomUUID()}.json`]: '{"at":',
      [`${randomUUID()}.json.partial`]: letter('half'),
      [`${randomUUID()}.json`.replace('.json', '.txt')]: letter('text'),
      'note.json': letter('note'),
      [`${randomUUID()}.json`.padStart(41, '')]: 'null',
      [`${randomUUID()}.json`.toLowerCase()]: '[]',
    })
    expect(taken).toEqual(['last'])
  })

  test('passes over messages of those who have given up waiting, and takes one of somebody who is gone once', async () => {
    const gone = `${randomUUID()}.json`
    const taken = await takenOf({ [`${randomUUID()}.json`]: letter('late', Date.now() - 60_000), [gone]: letter('gone') })
    expect(taken.toSorted()).toEqual(['gone', 'last'])
    expect(await readdir(inbox)).toContain(`${gone}.reply`)
    await writer.close()
    const next = await createFileStore(dir).open('run')
    writer = next.writer
    expect(await takenOf({})).toEqual(['last'])
  })

  test('is left empty by who got a reply', async () => {
    await takenOf({})
    expect(await readdir(inbox)).toEqual([])
  })
})
