import { cp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createFileStore } from '../src/store/file-store.ts'
import type { RunContents, Store } from '../src/store/store.ts'
import { temporaryFolder } from './store-folder.ts'

/** Run folders as released versions wrote them. They are never changed; a new format gets a folder beside them. */
const corpus = fileURLToPath(new URL('fixtures/store/', import.meta.url))
const formats = (await readdir(corpus)).filter((name) => name.startsWith('format-'))

async function storeWith(format: string, kind: string, runId: string): Promise<Store> {
  const dir = await temporaryFolder()
  await cp(join(corpus, format, kind, runId), join(dir, 'runs', runId), { recursive: true })
  return createFileStore(dir)
}

for (const format of formats) {
  describe(`runs of ${format}`, async () => {
    for (const runId of await readdir(join(corpus, format, 'historical'))) {
      it(`${runId} still opens as it was`, async () => {
        const store = await storeWith(format, 'historical', runId)
        const expected = JSON.parse(await readFile(join(corpus, format, 'expected', `${runId}.json`), 'utf8')) as RunContents
        expect(await store.read(runId)).toEqual(expected)
        const { writer, contents } = await store.open(runId)
        expect(contents).toEqual(expected)
        await writer.close()
        expect((await store.list())[0]?.status).toBe(runId === 'finished' ? 'failed' : 'interrupted')
      })
    }
  })
}

describe('broken runs of format-1', async () => {
  const refused: Record<string, string> = {
    'spec-future-format': 'FORMAT_TOO_NEW',
    'spec-missing-format': 'RUN_DAMAGED',
    'spec-torn': 'RUN_DAMAGED',
    'spec-wrong-type': 'RUN_DAMAGED',
    'checkpoint-future-format': 'FORMAT_TOO_NEW',
    'journal-newer-event': 'FORMAT_TOO_NEW',
  }
  /** The file reported, and how many of the four events are left. */
  const repaired: Record<string, readonly [file: string, events: number]> = {
    'checkpoint-missing-format': ['run.json', 4],
    'checkpoint-null': ['run.json', 4],
    'checkpoint-torn': ['run.json', 4],
    'checkpoint-wrong-type': ['run.json', 4],
    'journal-gap': ['events.ndjson', 2],
    'journal-prototype-key': ['events.ndjson', 3],
    'journal-torn': ['events.ndjson', 3],
    'journal-wrong-type': ['events.ndjson', 2],
  }
  const harmless = ['checkpoint-prototype-key', 'spec-prototype-key']

  it('are all looked at', async () => {
    const names = await readdir(join(corpus, 'format-1', 'negative'))
    expect(names.sort()).toEqual([...Object.keys(refused), ...Object.keys(repaired), ...harmless].sort())
  })
  for (const [runId, code] of Object.entries(refused)) {
    it(`${runId} is refused`, async () => {
      const store = await storeWith('format-1', 'negative', runId)
      await expect(store.open(runId)).rejects.toMatchObject({ code, kind: 'usage' })
      await expect(store.read(runId)).rejects.toMatchObject({ code })
    })
  }
  for (const [runId, [file, events]] of Object.entries(repaired)) {
    it(`${runId} opens with the damage named`, async () => {
      const { writer, contents } = await (await storeWith('format-1', 'negative', runId)).open(runId)
      await writer.close()
      expect(contents.events).toHaveLength(events)
      expect(contents.checkpoint === undefined).toBe(file === 'run.json')
      expect(contents.damage).toEqual([
        { file: expect.stringMatching(`${file}$`), offset: expect.any(Number), message: expect.any(String), setAside: expect.any(String) },
      ])
    })
  }
  for (const runId of harmless) {
    it(`${runId} opens without the key`, async () => {
      const contents = await (await storeWith('format-1', 'negative', runId)).read(runId)
      expect(contents.damage).toEqual([])
      expect(JSON.stringify(contents)).not.toContain('polluted')
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    })
  }
})
