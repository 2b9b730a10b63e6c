import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** Types of file systems that live in memory, where a sync costs nothing: tmpfs and ramfs. */
const inMemory = new Set([0x01021994, 0x858458f6])

/** A folder to measure durable writes in: the system's temporary one, or the current one when that is in memory. */
export function diskFolder(): { readonly folder: string; readonly onDisk: boolean } {
  const folders = [tmpdir(), process.cwd()]
  const folder = folders.find((path) => !inMemory.has(statfsSync(path).type))
  return { folder: folder ?? tmpdir(), onDisk: folder !== undefined }
}
