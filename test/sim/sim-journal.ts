import type { RunEvent } from '../../src/events.ts'
import type { SimDisk, SimFile } from './disk.ts'

const newline = 0x0a

/** The journal of the simulated run as the disk has it, read from outside. */
export class SimJournal {
  readonly #disk: SimDisk
  readonly #path: string
  #parsed: { readonly file: SimFile; readonly changes: number; readonly events: RunEvent[] } | undefined
  #known: { readonly file: SimFile; readonly end: number; readonly lines: number } | undefined

  constructor(disk: SimDisk, path: string) {
    this.#disk = disk
    this.#path = path
  }

  /** The whole lines that any process sees. */
  events(): RunEvent[] {
    const file = this.#file()
    if (file === undefined) return []
    const { changes } = file.seen
    if (this.#parsed?.file !== file || this.#parsed.changes !== changes) this.#parsed = { file, changes, events: parse(file.seen.copy()) }
    return this.#parsed.events
  }

  /** What a power cut leaves in any case: a new file of the name may be there then, or the one before. */
  durableEvents(): RunEvent[] {
    const before = this.#disk.findSynced(this.#path)
    const now = parse(this.#file()?.synced.copy())
    const then = before?.kind === 'file' ? parse(before.synced.copy()) : []
    return then.length < now.length ? then : now
  }

  /** How many events a power cut would leave. Counts on from where it was last asked, as long as the file only grew. */
  durable(): number {
    const file = this.#file()
    if (file === undefined) return 0
    const { synced } = file
    let { end, lines } = this.#known?.file === file && this.#known.end <= synced.length ? this.#known : { end: 0, lines: 0 }
    // An empty line is room.
    for (let at = synced.indexOf(newline, end); at > end; at = synced.indexOf(newline, end)) {
      end = at + 1
      lines += 1
    }
    this.#known = { file, end, lines }
    return lines
  }

  /** The file is no longer what it was. */
  forget(): void {
    this.#known = undefined
  }

  #file(): SimFile | undefined {
    const found = this.#disk.find(this.#path)
    return found?.kind === 'file' ? found : undefined
  }
}

function parse(bytes: Buffer | undefined): RunEvent[] {
  const events: RunEvent[] = []
  for (const line of (bytes ?? Buffer.alloc(0)).toString().split('\n').slice(0, -1)) {
    try {
      events.push(JSON.parse(line) as RunEvent)
    } catch {
      break
    }
  }
  return events
}
