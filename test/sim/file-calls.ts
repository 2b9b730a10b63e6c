import type { Stats } from 'node:fs'
import { diskError, type SimFile, type SimFolder } from './disk.ts'
import { here, type Moment, type SimProcess, type World } from './world.ts'

/** The calls that `node:fs` makes of the simulated disk, on behalf of the process that runs now. */

export interface OpenFile {
  readonly entry: SimFile | SimFolder
  readonly path: string
  readonly appends: boolean
  /** Whether a process that is stopped in the middle of a write makes it when it goes on. */
  readonly isLate: boolean
}

const openFiles = new Map<number, OpenFile>()
let lastFd = 1000

/** What of a system call can go wrong does so here. Gives the world, for who is alive in it. */
function call(what: Moment['what'], path: string): World {
  const { world, process } = here()
  assertAlive(process, path)
  world.moment(process, what)
  assertAlive(process, path)
  if (world.readOnly && (what === 'write' || what === 'name')) throw diskError('EROFS', path)
  if (world.diskFull && what === 'write') throw diskError('ENOSPC', path)
  return world
}

function assertAlive(process: SimProcess, path: string): void {
  // It is in the middle of something: whatever it still does must come to nothing.
  if (!process.alive) throw diskError('EIO', path)
}

export function open(path: string, flags: string): number {
  const { disk, now } = call(flags === 'r' ? 'read' : 'name', path)
  const there = disk.find(path)
  if (flags.includes('x') && there !== undefined) throw diskError('EEXIST', path)
  if (there?.kind === 'folder' && flags !== 'r') throw diskError('EISDIR', path)
  if (there === undefined && flags.startsWith('r')) throw diskError('ENOENT', path)
  const entry = there ?? disk.create(path, 'file', now)
  if (flags === 'w' && entry.kind === 'file') entry.change({ length: 0 })
  lastFd += 1
  openFiles.set(lastFd, { entry, path, appends: flags.startsWith('a'), isLate: flags !== 'wx' })
  return lastFd
}

export function opened(fd: number): OpenFile {
  const file = openFiles.get(fd)
  if (file === undefined) throw diskError('EBADF', String(fd))
  return file
}

export function close(fd: number): void {
  openFiles.delete(fd)
}

/** Forgets the files that a run left open, as the end of its processes does. */
export function closeAll(): void {
  openFiles.clear()
}

export function write(fd: number, bytes: Uint8Array, position?: number | null): number {
  const { entry, path, appends, isLate } = opened(fd)
  if (entry.kind === 'folder') throw diskError('EISDIR', path)
  call('write', path)
  const copy = new Uint8Array(bytes)
  const make = (): void => entry.change({ at: appends || position == null ? entry.seen.length : position, bytes: copy })
  // Stopped right before it, whoever writes does so when it goes on: after all that it had looked at before.
  const { world, process } = here()
  if (isLate && process.stopped) world.hold(process, make)
  else make()
  return bytes.length
}

export function truncate(fd: number, length: number): void {
  const { entry, path } = opened(fd)
  if (entry.kind === 'folder') throw diskError('EISDIR', path)
  call('write', path)
  entry.change({ length })
}

/** Begins a sync; the returned function ends it, or fails. */
function beginSync(fd: number): () => void {
  const { entry, path } = opened(fd)
  const { world, process } = here()
  assertAlive(process, path)
  // Who is stopped has a write before it (see `write`), and syncs that too when it goes on.
  const finish = process.stopped ? () => world.disk.sync(entry)() : world.disk.sync(entry)
  return () => {
    try {
      call('sync', path)
    } catch (error) {
      if (process.alive && entry.kind === 'file') world.disk.forget(entry)
      throw error
    }
    finish()
  }
}

export function stat(path: string): Stats {
  const { disk } = call('read', path)
  return statsOf(disk.get(path))
}

export function statsOf(entry: SimFile | SimFolder): Stats {
  const isFile = entry.kind === 'file'
  const size = isFile ? entry.seen.length : 0
  const stats = {
    ino: entry.ino,
    dev: 1,
    size,
    mtimeMs: entry.born,
    mtime: new Date(entry.born),
    isDirectory: () => !isFile,
    isFile: () => isFile,
  }
  return stats as unknown as Stats
}

export function read(path: string): Buffer {
  const { disk } = call('read', path)
  const entry = disk.get(path)
  if (entry.kind === 'folder') throw diskError('EISDIR', path)
  return entry.seen.copy()
}

export function rename(from: string, to: string): void {
  call('name', to).disk.rename(from, to)
}

export function makeFolder(path: string, { recursive = false }: { recursive?: boolean } = {}): void {
  const { disk, now } = call('name', path)
  if (recursive && disk.find(path)?.kind === 'folder') return
  disk.create(path, 'folder', now)
}

export function remove(path: string, { force = false }: { force?: boolean } = {}): void {
  const { disk } = call('name', path)
  if (force && disk.find(path) === undefined) return
  disk.remove(path)
}

export function list(path: string): string[] {
  const entry = call('read', path).disk.get(path)
  if (entry.kind === 'file') throw diskError('ENOTDIR', path)
  return [...entry.seen.keys()]
}

/** How long a call to the disk takes, in ms: mostly next to nothing. */
function latency(slow: boolean): number {
  const { dice } = here().world
  if (dice.chance(90)) return dice.roll(slow ? 4 : 2)
  return dice.roll(slow ? 60 : 10)
}

/** Carries a call out after a while, and tells its end as node does. */
export function later<T>(work: () => T): Promise<T> {
  const { world, process } = here()
  return new Promise<T>((resolve, reject) => {
    world.after(latency(false), process, () => {
      try {
        resolve(work())
      } catch (error) {
        reject(error)
      }
    })
  })
}

/** For who is not stopped. */
export function syncNow(fd: number): void {
  beginSync(fd)()
}

/** A sync takes longest. */
export function sync(fd: number, told: (error: Error | null) => void): void {
  const finish = beginSync(fd)
  const { world, process } = here()
  world.after(latency(true) + (process.stopped ? 1 : 0), process, () => {
    let failure: Error | null = null
    try {
      finish()
    } catch (error) {
      failure = error as Error
    }
    told(failure)
  })
}
