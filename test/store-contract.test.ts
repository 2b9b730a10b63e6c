import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { createFileStore } from '../src/store/file-store.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import { storeContract } from '../src/testing/store-contract.ts'

describe('the memory store', () => {
  for (const { name, run } of storeContract) it(name, () => run(createMemoryStore()))
})

describe('the file store', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forkchart-store-'))
  })
  afterAll(() => rm(folder, { recursive: true }))
  for (const [index, { name, run }] of storeContract.entries()) {
    it(name, () => run(createFileStore(join(folder, String(index), 'not', 'there', 'yet'))))
  }
})
