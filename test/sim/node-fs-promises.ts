/** What the store gets for `node:fs/promises` inside the simulation; see `node-fs.ts`. */
import type { Dirent, Stats } from 'node:fs'
import * as calls from './file-calls.ts'

export * from 'node:fs/promises'

interface FileHandle {
  readonly fd: number
  writeFile(content: string | Uint8Array): Promise<void>
  datasync(): Promise<void>
  sync(): Promise<void>
  truncate(length: number): Promise<void>
  stat(): Promise<Stats>
  close(): Promise<void>
}

export async function open(path: string, flags = 'r'): Promise<FileHandle> {
  const fd = await calls.later(() => calls.open(path, flags))
  const sync = (): Promise<void> =>
    new Promise((resolve, reject) => calls.sync(fd, (error) => (error === null ? resolve() : reject(error))))
  return {
    fd,
    writeFile: (content) => calls.later(() => void calls.write(fd, Buffer.from(content as string))),
    datasync: sync,
    sync,
    truncate: (length) => calls.later(() => calls.truncate(fd, length)),
    stat: () => calls.later(() => calls.statsOf(calls.opened(fd).entry)),
    close: async () => calls.close(fd),
  }
}

export function readFile(path: string, encoding?: string): Promise<string | Buffer> {
  return calls.later(() => (encoding === undefined ? calls.read(path) : calls.read(path).toString()))
}

export function writeFile(path: string, content: string | Uint8Array, { flag = 'w' }: { flag?: string } = {}): Promise<void> {
  return calls.later(() => {
    const fd = calls.open(path, flag)
    try {
      if (content.length > 0) calls.write(fd, Buffer.from(content as string))
    } finally {
      calls.close(fd)
    }
  })
}

export function appendFile(path: string, content: string): Promise<void> {
  return writeFile(path, content, { flag: 'a' })
}

export function rename(from: string, to: string): Promise<void> {
  return calls.later(() => calls.rename(from, to))
}

export function rm(path: string, options: { force?: boolean; recursive?: boolean } = {}): Promise<void> {
  return calls.later(() => calls.remove(path, options))
}

export function unlink(path: string): Promise<void> {
  return rm(path)
}

export function mkdir(path: string): Promise<void> {
  return calls.later(() => calls.makeFolder(path))
}

export function stat(path: string): Promise<Stats> {
  return calls.later(() => calls.stat(path))
}

export async function readdir(path: string, options?: { withFileTypes: true }): Promise<readonly (string | Pick<Dirent, 'name' | 'isFile'>)[]> {
  const names = await calls.later(() => calls.list(path))
  return options === undefined ? names : names.map((name) => ({ name, isFile: () => false }))
}
