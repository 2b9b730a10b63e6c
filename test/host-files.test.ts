import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createFileStore } from '../src/store/file-store.ts'
import { draftWorkflow } from '../src/testing/draft-workflow.ts'
import { createBench, eventsOf } from './run-embedded.ts'
import { temporaryFolder } from './store-folder.ts'

describe('a run in files', () => {
  test('leaves its spec, its journal and a checkpoint, and no lock', async () => {
    const dir = await temporaryFolder()
    const store = createFileStore(dir)
    const bench = createBench(({ path }) => path, { store })
    const handle = await bench.start(draftWorkflow([{ id: 'a' }, { id: 'g', parallel: [{ id: 'x' }, { id: 'y' }] }]))
    expect(await handle.settled).toEqual({ status: 'done', output: ['g.x', 'g.y'] })
    expect((await readdir(join(dir, 'runs', 'run'))).filter((name) => name !== 'logs').sort()).toEqual(['events.ndjson', 'run.json', 'spec.json'])
    const { checkpoint, events } = await store.read('run')
    expect(events).toEqual(eventsOf(handle))
    expect(checkpoint).toMatchObject({ status: 'done', lastSeq: events.length, tree: null })
  })
})
