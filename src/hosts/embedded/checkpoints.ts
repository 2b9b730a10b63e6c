import { inTurns } from '../../in-turns.ts'
import { writingTree } from '../../runtime/tree-snapshot.ts'
import type { Checkpoint } from '../../store/store.ts'
import type { EmbeddedRun } from './embedded-run.ts'

/** Least events between two checkpoints: bounds how long a replay takes. */
const checkpointEvery = 2000
/**
 * Objects in a checkpoint for each event that goes by until the next one, at most: what checkpoints cost is shared by
 * the events, however wide the run is.
 */
const partsPerEvent = 4

/** Saves a run's tree from time to time, each save after what it holds is in the journal on disk. */
export class Checkpoints {
  readonly #run: EmbeddedRun
  #savedAt = 0
  #parts = 0
  #isWriting = false
  #saving: Promise<void> | undefined

  constructor(run: EmbeddedRun) {
    this.#run = run
  }

  saveWhenDue(): void {
    const due = Math.max(checkpointEvery, this.#parts / partsPerEvent)
    if (!this.#isWriting && this.#run.events.count - this.#savedAt >= due) this.save('running')
  }

  /** As the run is now, whatever happens until it is written. */
  save(status: Checkpoint['status']): void {
    const { events, host, values: known } = this.#run
    this.#savedAt = events.count
    this.#isWriting = true
    const lastSeq = events.count
    const savedAt = new Date(host.clock.now()).toISOString()
    const values = known.upTo(lastSeq)
    const writing = status === 'running' ? this.#writing(values) : undefined
    const saved = (this.#saving ?? Promise.resolve()).then(async () => {
      const tree = writing === undefined ? null : await this.#write(writing)
      const { runId, options: { writer } } = this.#run
      await events.flushed()
      await writer.checkpoint({ format: 1, runId, lastSeq, savedAt, status, tree })
      values.keep()
      this.#isWriting = false
    })
    this.#saving = saved
    saved.catch((error: unknown) => this.#run.fail(error))
  }

  /** Resolves when all are on disk; rejects when one could not be written. */
  async saved(): Promise<void> {
    await this.#saving
  }

  /** Undefined once the tree has ended: its outcome is not in it, so whoever resumes needs the journal. */
  #writing(values: Parameters<typeof writingTree>[2]): ReturnType<typeof writingTree> | undefined {
    const { engine: { tree }, options: { program } } = this.#run
    return tree.cell(tree.rootId) === undefined ? undefined : writingTree(tree, program, values)
  }

  /** A piece at a time: a large tree holds up nothing else. */
  async #write(writing: ReturnType<typeof writingTree>): Promise<Checkpoint['tree']> {
    const { saved, parts } = await inTurns(writing)
    this.#parts = parts
    return saved
  }
}
