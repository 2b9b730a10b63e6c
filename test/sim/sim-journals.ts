import type { RunEvent } from '../../src/events.ts'
import type { SimDisk } from './disk.ts'
import { SimJournal } from './sim-journal.ts'

/** The journals of a simulated run and of its children. */
export class SimJournals {
  readonly #disk: SimDisk
  readonly #runId: string
  readonly #known = new Map<string, SimJournal>()

  constructor(disk: SimDisk, runId: string) {
    this.#disk = disk
    this.#runId = runId
  }

  /** By the ids of the runs, the one that all is about first. */
  all(): Map<string, SimJournal> {
    const folder = this.#disk.find('/store/runs')
    const ids = folder?.kind === 'folder' ? [...folder.seen.keys()].filter((name) => name.startsWith(`${this.#runId}.`)) : []
    return new Map([this.#runId, ...ids].map((id) => [id, this.of(id)]))
  }

  of(id: string): SimJournal {
    const known = this.#known.get(id) ?? new SimJournal(this.#disk, `/store/runs/${id}/events.ndjson`)
    this.#known.set(id, known)
    return known
  }

  children(): Map<string, RunEvent[]> {
    const journals = this.all()
    journals.delete(this.#runId)
    return new Map([...journals].map(([id, journal]) => [id, journal.events()]))
  }

  /** The files are no longer what they were. */
  forget(): void {
    for (const journal of this.#known.values()) journal.forget()
  }
}
