import type { Clock } from '../../clock.ts'
import { inTurns } from '../../in-turns.ts'
import type { Program } from '../../runtime/program.ts'
import type { EventValues } from '../../runtime/event-values.ts'
import type { RunTree } from '../../runtime/run-tree.ts'
import { writingTree } from '../../runtime/tree-snapshot.ts'
import type { Checkpoint, RunWriter } from '../../store/store.ts'
import type { RunEvents } from './run-events.ts'

export interface CheckpointOptions {
  readonly runId: string
  readonly program: Program
  readonly writer: RunWriter
  readonly clock: Clock
  readonly events: RunEvents
  readonly values: EventValues
  readonly tree: () => RunTree
  readonly onFailure: (error: unknown) => void
}

/** Least events between two checkpoints: bounds how long a replay takes. */
const checkpointEvery = 2000
/**
 * Objects in a checkpoint for each event that goes by until the next one, at most: what checkpoints cost is shared by
 * the events, however wide the run is.
 */
const partsPerEvent = 4

/** Saves a run's tree from time to time, each save after what it holds is in the journal on disk. */
export class Checkpoints {
  readonly #o: CheckpointOptions
  #savedAt = 0
  #parts = 0
  #isWriting = false
  #saving: Promise<void> = Promise.resolve()

  constructor(options: CheckpointOptions) {
    this.#o = options
  }

  saveWhenDue(): void {
    const due = Math.max(checkpointEvery, this.#parts / partsPerEvent)
    if (!this.#isWriting && this.#o.events.count - this.#savedAt >= due) this.save('running')
  }

  /** As the run is now, whatever happens until it is written. */
  save(status: Checkpoint['status']): void {
    const { events, clock } = this.#o
    this.#savedAt = events.count
    this.#isWriting = true
    const lastSeq = events.count
    const savedAt = new Date(clock.now()).toISOString()
    const values = this.#o.values.upTo(lastSeq)
    const writing = status === 'running' ? this.#writing(values) : undefined
    this.#saving = this.#saving.then(async () => {
      const tree = writing === undefined ? null : await this.#write(writing)
      const { runId, writer } = this.#o
      await writer.flushed()
      await writer.checkpoint({ format: 1, runId, lastSeq, savedAt, status, tree })
      values.keep()
      events.leaveToJournal(lastSeq)
      this.#isWriting = false
    })
    this.#saving.catch((error: unknown) => this.#o.onFailure(error))
  }

  /** Resolves when all are on disk; rejects when one could not be written. */
  saved(): Promise<void> {
    return this.#saving
  }

  /** Undefined once the tree has ended: its outcome is not in it, so whoever resumes needs the journal. */
  #writing(values: Parameters<typeof writingTree>[2]): ReturnType<typeof writingTree> | undefined {
    const tree = this.#o.tree()
    return tree.cell(tree.rootId) === undefined ? undefined : writingTree(tree, this.#o.program, values)
  }

  /** A piece at a time: a large tree holds up nothing else. */
  async #write(writing: ReturnType<typeof writingTree>): Promise<Checkpoint['tree']> {
    const { saved, parts } = await inTurns(writing)
    this.#parts = parts
    return saved
  }
}
