import { basename, dirname } from 'node:path'
import { Bytes } from './bytes.ts'
import type { Dice } from './dice.ts'

/** A change of a file's content that may not be on the platters yet. */
type Change = { readonly at: number; readonly bytes: Uint8Array } | { readonly length: number }

export class SimFile {
  readonly kind = 'file'
  readonly ino: number
  readonly born: number
  /** What whoever opens the file sees. */
  readonly seen = new Bytes()
  /** What is there after a power cut in any case. */
  readonly synced = new Bytes()
  /** Changes since, in their order. A failed sync leaves them out of all later ones: the kernel holds their pages for clean. */
  unsynced: { readonly change: Change; forgotten: boolean }[] = []

  constructor(ino: number, born: number) {
    this.ino = ino
    this.born = born
  }

  change(change: Change): void {
    apply(this.seen, change)
    this.unsynced.push({ change, forgotten: false })
  }
}

type Entry = SimFile | SimFolder
type Naming = { readonly set?: readonly [name: string, entry: Entry]; readonly drop?: string }

export class SimFolder {
  readonly kind = 'folder'
  readonly ino: number
  readonly born: number
  readonly seen = new Map<string, Entry>()
  readonly synced = new Map<string, Entry>()
  unsynced: Naming[] = []

  constructor(ino: number, born: number) {
    this.ino = ino
    this.born = born
  }

  name(naming: Naming): void {
    rename(this.seen, naming)
    this.unsynced.push(naming)
  }
}

/**
 * A disk with a page cache in front of it. What was written is seen at once and is lost or torn at a power cut unless it
 * was synced: the content by a sync of the file, its name by a sync of the folder. That is as little as POSIX promises.
 */
export class SimDisk {
  readonly root = new SimFolder(1, 0)
  #lastIno = 1

  find(path: string): Entry | undefined {
    let entry: Entry | undefined = this.root
    for (const part of path.split('/')) {
      if (part === '') continue
      if (entry?.kind !== 'folder') return undefined
      entry = entry.seen.get(part)
    }
    return entry
  }

  /** What has this name after a power cut that takes all names with it that were not synced. */
  findSynced(path: string): Entry | undefined {
    let entry: Entry | undefined = this.root
    for (const part of path.split('/')) {
      if (part === '') continue
      if (entry?.kind !== 'folder') return undefined
      entry = entry.synced.get(part)
    }
    return entry
  }

  /** Throws ENOENT and ENOTDIR as the system does. */
  get(path: string): Entry {
    const entry = this.find(path)
    if (entry === undefined) throw diskError('ENOENT', path)
    return entry
  }

  folderOf(path: string): { readonly folder: SimFolder; readonly name: string } {
    const folder = this.get(dirname(path))
    if (folder.kind !== 'folder') throw diskError('ENOTDIR', path)
    return { folder, name: basename(path) }
  }

  create<K extends 'file' | 'folder'>(path: string, kind: K, now: number): K extends 'file' ? SimFile : SimFolder
  create(path: string, kind: 'file' | 'folder', now: number): Entry {
    const { folder, name } = this.folderOf(path)
    if (folder.seen.has(name)) throw diskError('EEXIST', path)
    this.#lastIno += 1
    const entry = kind === 'file' ? new SimFile(this.#lastIno, now) : new SimFolder(this.#lastIno, now)
    folder.name({ set: [name, entry] })
    return entry
  }

  /** One atomic change, as both names are in one folder in all that the store does. */
  rename(from: string, to: string): void {
    const entry = this.get(from)
    const { folder, name } = this.folderOf(to)
    const there = folder.seen.get(name)
    if (there?.kind === 'folder' && (entry.kind !== 'folder' || there.seen.size > 0)) throw diskError('ENOTEMPTY', to)
    if (dirname(from) !== dirname(to)) throw diskError('EXDEV', to)
    folder.name({ set: [name, entry], drop: basename(from) })
  }

  remove(path: string): void {
    const { folder, name } = this.folderOf(path)
    if (!folder.seen.has(name)) throw diskError('ENOENT', path)
    folder.name({ drop: name })
  }

  /** Begins a sync: gives what makes durable all that was changed until now. */
  sync(entry: Entry): () => void {
    if (entry.kind === 'folder') {
      const covered = new Set(entry.unsynced)
      return () => {
        // Another sync may have been faster.
        entry.unsynced = entry.unsynced.filter((naming) => {
          if (covered.has(naming)) rename(entry.synced, naming)
          return !covered.has(naming)
        })
      }
    }
    const covered = new Set(entry.unsynced.filter(({ forgotten }) => !forgotten))
    return () => {
      entry.unsynced = entry.unsynced.filter((waiting) => {
        if (!covered.has(waiting)) return true
        apply(entry.synced, waiting.change)
        return false
      })
    }
  }

  /** A sync that failed: the kernel says so once, and never again tries to write those pages. */
  forget(file: SimFile): void {
    for (const waiting of file.unsynced) waiting.forgotten = true
  }

  /** Power goes and comes back: of what was not synced each change is kept, lost, torn, or left as zeros. */
  cutPower(dice: Dice): void {
    cutFolder(this.root, dice, new Set())
  }
}

function cutFolder(folder: SimFolder, dice: Dice, visited: Set<Entry>): void {
  // Most file systems keep the order of names; POSIX does not ask for it.
  const ordered = dice.chance(60)
  const kept = dice.roll(folder.unsynced.length + 1)
  for (const [index, naming] of folder.unsynced.entries()) {
    if (ordered ? index < kept : dice.chance(50)) rename(folder.synced, naming)
  }
  folder.unsynced = []
  folder.seen.clear()
  for (const [name, entry] of folder.synced) folder.seen.set(name, entry)
  for (const entry of folder.seen.values()) {
    if (visited.has(entry)) continue
    visited.add(entry)
    if (entry.kind === 'folder') cutFolder(entry, dice, visited)
    else cutFile(entry, dice)
  }
}

function cutFile(file: SimFile, dice: Dice): void {
  const ordered = dice.chance(60)
  const kept = dice.roll(file.unsynced.length + 1)
  for (const [index, { change, forgotten }] of file.unsynced.entries()) {
    // Later writes may have been synced over it since.
    if (forgotten) continue
    const isKept = ordered ? index < kept : dice.chance(50)
    if (isKept) apply(file.synced, change)
    else if ('bytes' in change && !(ordered && index > kept)) tear(file.synced, change, dice)
  }
  file.unsynced = []
  file.seen.replace(file.synced.copy())
}

/** Some of a write got to the disk: its beginning, or only the length of the file. */
function tear(synced: Bytes, { at, bytes }: { readonly at: number; readonly bytes: Uint8Array }, dice: Dice): void {
  const way = dice.roll(3)
  if (way === 0) synced.write(at, bytes.subarray(0, dice.roll(bytes.length)))
  else if (way === 1) synced.write(at, new Uint8Array(1 + dice.roll(bytes.length)))
}

function apply(bytes: Bytes, change: Change): void {
  if ('bytes' in change) bytes.write(change.at, change.bytes)
  else bytes.truncate(change.length)
}

function rename(names: Map<string, Entry>, { set, drop }: Naming): void {
  if (drop !== undefined) names.delete(drop)
  if (set !== undefined) names.set(...set)
}

export function diskError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: simulated, '${path}'`), { code })
}
