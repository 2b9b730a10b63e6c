/**
 * What the store gets for `node:fs` inside the simulation (see `node-modules.ts`): the calls it makes, under their
 * names. Anything else is Node's own, and finds no file.
 */
import type { BigIntStats, OpenMode } from 'node:fs'
import * as calls from './file-calls.ts'
import { diskError } from './disk.ts'
import { here, isAnywhere } from './world.ts'

export * from 'node:fs'

export function openSync(path: string, flags: OpenMode): number {
  return calls.open(path, String(flags))
}

export function closeSync(fd: number): void {
  calls.close(fd)
}

export function writeSync(fd: number, bytes: Uint8Array, offset = 0, length = bytes.length - offset, position: number | null = null): number {
  return calls.write(fd, bytes.subarray(offset, offset + length), position)
}

export function ftruncateSync(fd: number, length: number): void {
  calls.truncate(fd, length)
}

export function fdatasync(fd: number, callback: (error: Error | null) => void): void {
  // It must not throw, and whoever died a moment ago hears of nothing.
  if (!here().process.alive) return
  calls.sync(fd, callback)
}

export function fdatasyncSync(fd: number): void {
  calls.syncNow(fd)
}

export function fstatSync(fd: number): BigIntStats {
  return big(calls.opened(fd).entry.ino)
}

export function statSync(path: string): unknown {
  const entry = here().world.disk.find(path)
  // The store asks for a lock's identity, in bigints, or for its age.
  return entry === undefined ? undefined : { ...big(entry.ino), ino: BigInt(entry.ino), mtimeMs: entry.born }
}

export function readFileSync(path: string): string {
  return path.startsWith('/proc/') ? procFile(path) : calls.read(path).toString()
}

export function readlinkSync(path: string): string {
  if (path === '/proc/self/ns/pid') return 'pid:[1]'
  throw diskError('EINVAL', path)
}

export function renameSync(from: string, to: string): void {
  calls.rename(from, to)
}

export function rmSync(path: string, options: { force?: boolean } = {}): void {
  calls.remove(path, options)
}

export function unlinkSync(path: string): void {
  // At the end of a run its locks are released, when nothing is left to remove them from.
  if (isAnywhere()) calls.remove(path)
}

export function mkdirSync(path: string, options: { recursive?: boolean } = {}): void {
  calls.makeFolder(path, options)
}

export function writeFileSync(path: string, content: string): void {
  // All are new files that are renamed then: who is stopped in the middle does not rename them before they are written.
  const fd = calls.open(path, 'wx')
  try {
    calls.write(fd, Buffer.from(content))
  } finally {
    calls.close(fd)
  }
}

export function readdirSync(path: string): string[] {
  return calls.list(path)
}

function big(ino: number): BigIntStats {
  return { ino: BigInt(ino), dev: 1n } as BigIntStats
}

/** As much of /proc as tells processes and machines apart. */
function procFile(path: string): string {
  const { world, process } = here()
  if (path === '/proc/sys/kernel/random/boot_id') return process.machine
  const pid = Number(/^\/proc\/(\d+)\/stat$/.exec(path)?.[1])
  const found = world.processOf(pid)
  if (found === undefined || found.machine !== process.machine) throw diskError('ENOENT', path)
  // Another process may have the number by now: that is seen from when it was born.
  return `${pid} (node) ${found.stopped ? 'T' : 'S'} ${'0 '.repeat(18)}${found.alive ? pid : pid + 1}`
}
