import type { Clock } from '../clock.ts'
import type { CheckpointFile, CheckpointFlaw } from './checkpoint-file.ts'
import { journalDamage, readJournal, renewJournal, setTailAside } from './journal-file.ts'
import type { JournalScan } from './journal-reader.ts'
import type { RunFolder } from './run-folder.ts'
import { liveOwner } from './run-lock.ts'
import { readSpecFile } from './spec-file.ts'
import type { Checkpoint, Damage, RunContents, RunSpec } from './store.ts'

interface Loaded {
  readonly spec: RunSpec
  readonly checkpoint?: Checkpoint
  readonly flaw?: CheckpointFlaw
  readonly journal: JournalScan
}

/** Reads a run as it is, without a lock; what is damaged is reported and left where it is. */
export async function readContents(folder: RunFolder, file: CheckpointFile, runId: string, clock: Clock): Promise<RunContents> {
  const found = await load(folder, file, runId)
  const journal = await withoutUnfinishedLine(folder, runId, found.journal, clock)
  const damage: Damage[] = []
  if (journal.bad !== undefined) damage.push(journalDamage(folder.journal, journal.bad))
  return contents({ ...found, journal }, damage, (flaw) => file.damage(flaw))
}

/**
 * Reads a run for its writer: the journal is cut at its first bad line, a damaged checkpoint moved away, both kept
 * beside the original and reported. What it gives is on disk, and nobody else has the journal open.
 * Only for who holds the lock, which `assertHeld` says by not throwing. `size`: of the journal after that, in bytes.
 */
export async function repairContents(
  folder: RunFolder,
  file: CheckpointFile,
  runId: string,
  assertHeld: () => void,
): Promise<{ readonly contents: RunContents; readonly size: number }> {
  const found = await load(folder, file, runId)
  const damage: Damage[] = []
  if (found.journal.bad !== undefined) damage.push(await setTailAside(folder.journal, found.journal.bad))
  await renewJournal(folder.journal, found.journal.goodBytes, assertHeld)
  return { contents: await contents(found, damage, (flaw) => file.setAside(flaw)), size: found.journal.goodBytes }
}

async function load(folder: RunFolder, file: CheckpointFile, runId: string): Promise<Loaded> {
  const spec = await readSpecFile(folder.spec, runId)
  // The checkpoint first: while someone writes, the journal read after it can only be further on.
  const { checkpoint, flaw } = await file.load()
  const journal = await readJournal(folder.journal, runId)
  return {
    spec,
    ...(checkpoint === undefined ? {} : { checkpoint }),
    ...(flaw === undefined ? {} : { flaw }),
    journal,
  }
}

async function contents(
  { spec, checkpoint, flaw, journal }: Loaded,
  damage: Damage[],
  report: (flaw: CheckpointFlaw) => Damage | Promise<Damage>,
): Promise<RunContents> {
  const { events } = journal
  const wrong = flaw ?? (checkpoint === undefined ? undefined : mismatch(checkpoint, spec.runId, events.length))
  if (wrong !== undefined) return { spec, events, damage: [...damage, await report(wrong)] }
  return { spec, ...(checkpoint === undefined ? {} : { checkpoint }), events, damage }
}

/** A checkpoint in itself whole that does not go with the journal. */
function mismatch(checkpoint: Checkpoint, runId: string, events: number): CheckpointFlaw | undefined {
  if (checkpoint.runId !== runId) {
    return { offset: 0, message: `the checkpoint belongs to the run ${JSON.stringify(checkpoint.runId)}` }
  }
  if (checkpoint.lastSeq > events) {
    return { offset: 0, message: `the checkpoint goes up to event ${checkpoint.lastSeq}, the journal only to ${events}` }
  }
  return undefined
}

/** A half line at the end is no damage while someone is writing it. */
async function withoutUnfinishedLine(folder: RunFolder, runId: string, scan: JournalScan, clock: Clock): Promise<JournalScan> {
  if (scan.bad?.kind !== 'torn') return scan
  const whole = { events: scan.events, goodBytes: scan.goodBytes }
  if (liveOwner(folder.lock, clock.now()) !== null) return whole
  // The writer may have finished the line and left since the first look.
  const again = await readJournal(folder.journal, runId)
  return again.bad?.kind === 'torn' && again.goodBytes > scan.goodBytes ? { events: again.events, goodBytes: again.goodBytes } : again
}
