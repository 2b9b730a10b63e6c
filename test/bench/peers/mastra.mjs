import { join } from 'node:path'
import { Mastra } from '@mastra/core/mastra'
import { InMemoryStore } from '@mastra/core/storage'
import { createStep, createWorkflow } from '@mastra/core/workflows'
import { LibSQLStore } from '@mastra/libsql'
import { z } from 'zod'

const text = z.string()

function step(id) {
  return createStep({ id, inputSchema: z.any(), outputSchema: text, execute: async () => id })
}

/** `length` steps one after another. */
function chain(length) {
  let workflow = createWorkflow({ id: `chain-${length}`, inputSchema: z.any(), outputSchema: text })
  for (let index = 0; index < length; index += 1) workflow = workflow.then(step(`s${index}`))
  return workflow.commit()
}

/** A foreach of `width` items: what Mastra has for a group of any width. 20 at once, which is what it is fastest with. */
function foreach(width) {
  const each = createStep({ id: 'work', inputSchema: z.number(), outputSchema: z.number(), execute: async ({ inputData }) => inputData })
  return createWorkflow({ id: `fan-${width}`, inputSchema: z.array(z.number()), outputSchema: z.array(z.number()) })
    .foreach(each, { concurrency: 20 })
    .commit()
}

function parallel(width) {
  const branches = Array.from({ length: width }, (_, index) => step(`b${index}`))
  return createWorkflow({ id: `parallel-${width}`, inputSchema: z.any(), outputSchema: z.any() }).parallel(branches).commit()
}

/** µs per step of one run, from the moment it exists. */
async function timed(workflow, inputData, steps) {
  const run = await workflow.createRun()
  const begun = performance.now()
  const { status } = await run.start({ inputData })
  const µs = (performance.now() - begun) * 1000
  if (status !== 'success') throw new Error(`the run ended as ${status}`)
  return µs / steps
}

function casesOn(storage, kind) {
  const mastra = new Mastra({
    logger: false,
    storage,
    workflows: { chain: chain(100), fan20: foreach(20), parallel20: parallel(20), fan1000: foreach(1000) },
  })
  const items = (width) => Array.from({ length: width }, (_, index) => index)
  return {
    [`chain-100/${kind}`]: () => timed(mastra.getWorkflow('chain'), '', 100),
    [`fan-20/${kind}`]: () => timed(mastra.getWorkflow('fan20'), items(20), 20),
    [`fan-20-parallel/${kind}`]: () => timed(mastra.getWorkflow('parallel20'), '', 20),
    [`fan-1000/${kind}`]: () => timed(mastra.getWorkflow('fan1000'), items(1000), 1000),
  }
}

async function fileStore(path, isSynced) {
  const store = new LibSQLStore({ id: 'bench', url: `file:${path}` })
  await store.init()
  if (isSynced) await store.client.execute('PRAGMA synchronous=FULL')
  const { rows } = await store.client.execute('PRAGMA synchronous')
  return { store, synchronous: String(Object.values(rows[0])[0]) }
}

/**
 * Three variants: in memory; `durable`, in a libsql file whose commits are synced as ours are; `unsynced`, in one as Mastra
 * ships it, with synchronous=NORMAL, whose commits a power cut may undo.
 */
export async function open({ dir }) {
  const synced = await fileStore(join(dir, 'mastra-synced.db'), true)
  const unsynced = await fileStore(join(dir, 'mastra.db'), false)
  return {
    about: `libsql files in WAL mode, PRAGMA synchronous=${synced.synchronous} for durable (2 is FULL), ${unsynced.synchronous} as shipped for unsynced`,
    cases: {
      ...casesOn(new InMemoryStore(), 'memory'),
      ...casesOn(synced.store, 'durable'),
      ...casesOn(unsynced.store, 'unsynced'),
    },
    close: async () => {
      await synced.store.close()
      await unsynced.store.close()
    },
  }
}
