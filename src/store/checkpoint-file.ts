import { renameSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Adapter, Low } from 'lowdb'
import { z } from 'zod'
import { nodeErrorCode, UsageError } from '../errors.ts'
import type { Json } from '../json.ts'
import { syncFolder, underFreeName, writeFileAtomically } from './atomic-file.ts'
import { storeReadError, writing } from './disk-errors.ts'
import { checkpointFormats, migrate } from './migrations.ts'
import { badJsonOffset, parseStoredJson } from './stored-json.ts'
import type { Checkpoint, Damage } from './store.ts'

const checkpointSchema = z.strictObject({
  format: z.literal(1),
  runId: z.string(),
  lastSeq: z.int().min(0),
  savedAt: z.iso.datetime(),
  status: z.enum(['running', 'done', 'failed', 'cancelled']),
  // Parsed JSON is JSON: walking a large tree again would only cost time.
  tree: z.custom<Json>((value) => value !== undefined),
})

/** Why a checkpoint cannot be used; `offset` in bytes. */
export interface CheckpointFlaw {
  readonly offset: number
  readonly message: string
}

class FlawedCheckpoint extends Error {
  readonly flaw: CheckpointFlaw
  constructor(flaw: CheckpointFlaw) {
    super(flaw.message)
    this.flaw = flaw
  }
}

/** lowdb's own file adapter neither syncs nor notices a file that holds `null`; this one does both. */
function durableAdapter(path: string, beforeReplace: () => void): Adapter<Checkpoint | null> {
  return {
    read: async () => {
      const text = await readIfThere(path)
      return text === undefined ? null : parseCheckpoint(path, text)
    },
    write: async (data) => writeFileAtomically(path, `${JSON.stringify(data)}\n`, beforeReplace),
  }
}

/** `run.json`, the lowdb checkpoint of a run. */
export class CheckpointFile {
  readonly #path: string
  readonly #beforeReplace: () => void

  /** `beforeReplace` is asked, by whether it throws, when all but the replacing is done. */
  constructor(path: string, beforeReplace: () => void = () => undefined) {
    this.#path = path
    this.#beforeReplace = beforeReplace
  }

  /** The checkpoint, nothing when there is none yet, or its flaw. Changes nothing. Throws UsageError FORMAT_TOO_NEW. */
  async load(): Promise<{ readonly checkpoint?: Checkpoint; readonly flaw?: CheckpointFlaw }> {
    const low = this.#low(null)
    try {
      await low.read()
    } catch (error) {
      if (error instanceof FlawedCheckpoint) return { flaw: error.flaw }
      throw error
    }
    return low.data === null ? {} : { checkpoint: low.data }
  }

  /** How a flaw is reported when the file stays where it is. */
  damage(flaw: CheckpointFlaw): Damage {
    return { file: this.#path, offset: flaw.offset, message: flaw.message }
  }

  /** Moves a flawed file to `run.json.damaged-<n>`, so that no later checkpoint overwrites it. */
  async setAside(flaw: CheckpointFlaw): Promise<Damage> {
    return writing(this.#path, async () => {
      const setAside = await underFreeName(this.#path, 'damaged', async (name) => {
        // rename() would replace a file of that name: take the name first.
        await writeFile(name, '', { flag: 'wx' })
        this.#beforeReplace()
        renameSync(this.#path, name)
      })
      await syncFolder(dirname(this.#path))
      return { ...this.damage(flaw), setAside }
    })
  }

  /** Replaces the checkpoint. Throws TerminalError STORE_WRITE. */
  async save(checkpoint: Checkpoint): Promise<void> {
    await this.#low(checkpoint).write()
  }

  /** Made anew each time: between its checkpoints a run holds on to nothing of them. */
  #low(data: Checkpoint | null): Low<Checkpoint | null> {
    return new Low(durableAdapter(this.#path, this.#beforeReplace), data)
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (nodeErrorCode(error) === 'ENOENT') return undefined
    throw storeReadError(error, path)
  }
}

function parseCheckpoint(path: string, text: string): Checkpoint {
  let raw: Json
  try {
    raw = parseStoredJson(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new FlawedCheckpoint({ offset: badJsonOffset(text, error), message: `the checkpoint is not whole JSON (${reason})` })
  }
  try {
    return checkpointSchema.parse(migrate(raw, checkpointFormats, path))
  } catch (error) {
    if (error instanceof z.ZodError) {
      const reason = z.prettifyError(error).replaceAll(/\s+/g, ' ')
      throw new FlawedCheckpoint({ offset: 0, message: `the checkpoint has the wrong shape (${reason})` })
    }
    if (error instanceof UsageError && error.code === 'RUN_DAMAGED') throw new FlawedCheckpoint({ offset: 0, message: error.message })
    throw error
  }
}
