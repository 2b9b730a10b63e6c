import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { nodeErrorCode } from '../errors.ts'
import { parseRunEvent, type RunEvent } from '../events.ts'
import { runIdPattern } from '../ids.ts'
import { storeReadError } from './disk-errors.ts'
import { newestFirst } from './newest-first.ts'
import { RunFolder, runsFolder } from './run-folder.ts'
import { isEvent } from './journal-reader.ts'
import { liveOwner } from './run-lock.ts'
import { runStatus } from './run-status.ts'
import { readRunTitle } from './spec-file.ts'
import type { RunSummary } from './store.ts'

/** Runs looked at at once: each has up to two files open. */
const atOnce = 16
const tailBytes = 64 * 1024

/** All runs of a store, newest first; [] when there is none yet. A folder that cannot be read is listed as `damaged`. */
export async function listRuns(storeDir: string, clock: Clock): Promise<readonly RunSummary[]> {
  const ids = await runIds(runsFolder(storeDir))
  const summaries: RunSummary[] = []
  const next = ids[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (const runId of next) summaries.push(await summariseRun(runId, new RunFolder(join(runsFolder(storeDir), runId)), clock))
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return summaries.sort(newestFirst)
}

async function runIds(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.filter((entry) => !entry.isFile() && runIdPattern.test(entry.name)).map((entry) => entry.name)
  } catch (error) {
    if (nodeErrorCode(error) === 'ENOENT') return []
    throw storeReadError(error, folder)
  }
}

/** One line of the list; `damaged` when its folder cannot be read. */
export async function summariseRun(runId: string, folder: RunFolder, clock: Clock): Promise<RunSummary> {
  try {
    const { createdAt, workflow, parent } = await readRunTitle(folder.spec, runId)
    // The lock first: an owner that settles the run in between has then written its last event.
    const owner = liveOwner(folder.lock, clock.now())
    const [last, before] = await lastEvents(folder.journal)
    const status = runStatus(last, before, owner !== null)
    return { runId, workflow: workflow.name, createdAt, status, lastEventAt: last?.at ?? null, owner, parent: parent ?? null }
  } catch {
    const createdAt = await madeAt(folder.path)
    return { runId, workflow: '', createdAt, status: 'damaged', lastEventAt: null, owner: null, parent: null }
  }
}

/**
 * The last whole line of a journal, and after a pause the one before it too, which tells what was paused; throws when one
 * is not an event.
 */
async function lastEvents(path: string): Promise<readonly RunEvent[]> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    for (let length = tailBytes; ; length *= 8) {
      const start = Math.max(0, size - length)
      const bytes = Buffer.alloc(size - start)
      await file.read(bytes, 0, bytes.length, start)
      const lines = wholeLines(bytes)
      // Where the bytes begin in the middle of the journal, the first line may lack its beginning.
      if (start > 0) lines.shift()
      const last = lines.length === 0 ? undefined : parseRunEvent(lines.at(-1) ?? '')
      const before = lines.at(-2)
      if (last !== undefined && last.type !== 'run.paused') return [last]
      if (last !== undefined && before !== undefined) return [last, parseRunEvent(before)]
      if (last !== undefined && start === 0) return [last]
      if (start === 0) return []
    }
  } finally {
    await file.close()
  }
}

/** The lines without the room behind them; the last is left out when it is not whole. */
function wholeLines(bytes: Buffer): string[] {
  const text = bytes.toString('utf8')
  const lines = text.split('\n')
  lines.pop()
  const isBeforeRoom = lines.at(-1) === ''
  while (lines.at(-1) === '') lines.pop()
  if (isBeforeRoom && !isEvent(lines.at(-1) ?? '')) lines.pop()
  return lines
}

async function madeAt(path: string): Promise<string> {
  try {
    return (await stat(path)).mtime.toISOString()
  } catch {
    return new Date(0).toISOString()
  }
}
