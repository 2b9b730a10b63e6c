import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import { nodeErrorCode, TerminalError, UsageError } from '../errors.ts'
import type { Json } from '../json.ts'
import { storeWriteError } from './disk-errors.ts'
import type { RunFolder } from './run-folder.ts'
import { liveOwner } from './run-lock.ts'

/** How often a writer looks for messages, and somebody who left one for the reply. */
const lookMs = 100
const replyLookMs = 20
const patienceMs = 10_000
/** A message of somebody who has given up waiting is not acted upon. */
const oldestMs = patienceMs + 1_000

const messageName = /^[0-9a-f-]{36}\.json$/

/**
 * Leaves a message in the run's folder and waits for the reply, which is a file beside it. Throws UsageError
 * RUN_NOT_WRITTEN, TerminalError NO_REPLY, STORE_WRITE.
 */
export async function postMessage(folder: RunFolder, runId: string, message: Json, clock: Clock): Promise<Json> {
  if (liveOwner(folder.lock, clock.now()) === null) throw notWritten(runId)
  const file = join(folder.inbox, `${randomUUID()}.json`)
  const reply = replyTo(file)
  const partial = `${file}.partial`
  try {
    mkdirSync(folder.inbox, { recursive: true })
    writeFileSync(partial, JSON.stringify({ at: Date.now(), message }))
    renameSync(partial, file)
  } catch (error) {
    throw storeWriteError(error, file)
  }
  try {
    for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += replyLookMs) {
      const text = readIfThere(reply)
      if (text !== undefined) return JSON.parse(text) as Json
      if (liveOwner(folder.lock, clock.now()) === null) throw notWritten(runId)
      await delay(replyLookMs)
    }
  } finally {
    for (const path of [file, reply]) removeQuietly(path)
  }
  throw new TerminalError('NO_REPLY', `whoever writes the run ${runId} did not take a message within 10 s: is that process stopped?`)
}

export function notWritten(runId: string): UsageError {
  return new UsageError('RUN_NOT_WRITTEN', `no process works on the run ${runId}`)
}

interface Inbox {
  readonly folder: string
  readonly handle: (message: Json) => Promise<Json>
  /** Names of the messages that were taken, once there was one. */
  taken?: Set<string>
}

/** The inboxes that this process looks into, all by one timer. It keeps the process alive: a run may wait for nothing else. */
const inboxes = new Set<Inbox>()
let timer: NodeJS.Timeout | undefined

/** Calls `handle` with each message that is left in the folder and leaves its reply. The returned function ends that. */
export function watchInbox(folder: string, handle: (message: Json) => Promise<Json>): () => void {
  const inbox: Inbox = { folder, handle }
  inboxes.add(inbox)
  timer ??= setInterval(() => inboxes.forEach(look), lookMs)
  return () => {
    inboxes.delete(inbox)
    if (inboxes.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

function look(inbox: Inbox): void {
  const { folder, handle } = inbox
  const names = namesIn(folder)
  if (names.length === 0) return
  inbox.taken ??= new Set()
  const { taken } = inbox
  for (const name of names) {
    // One that has its reply was left by somebody who is gone, and taken by a writer before this one.
    if (taken.has(name) || !messageName.test(name) || names.includes(replyTo(name))) continue
    taken.add(name)
    const file = join(folder, name)
    const message = messageIn(file)
    if (message === undefined) continue
    void handle(message).then((reply) => leaveReply(file, reply))
  }
}

/** Undefined when there is none that still counts. */
function messageIn(file: string): Json | undefined {
  try {
    const { at, message } = JSON.parse(readIfThere(file) ?? '{}') as { at?: number; message?: Json }
    return at !== undefined && Date.now() - at < oldestMs ? message : undefined
  } catch {
    return undefined
  }
}

function leaveReply(file: string, reply: Json): void {
  const partial = `${file}.reply.partial`
  try {
    writeFileSync(partial, JSON.stringify(reply))
    renameSync(partial, replyTo(file))
  } catch {
    // Whoever asked is told that no reply came.
  }
}

function replyTo(file: string): string {
  return `${file}.reply`
}

function namesIn(folder: string): readonly string[] {
  try {
    // Mostly there is none, and to be told so by an error costs ten times as much.
    return statSync(folder, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(folder)
  } catch {
    return []
  }
}

/** What cannot be removed is too old to count before long. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // Whoever asked is to hear how it went, not this.
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (nodeErrorCode(error) === 'ENOENT') return undefined
    throw error
  }
}
