import { UsageError } from '../../errors.ts'
import type { Program } from '../../runtime/program.ts'
import { RunTree } from '../../runtime/run-tree.ts'
import { valueIn } from '../../runtime/event-values.ts'
import { loadTree } from '../../runtime/tree-snapshot.ts'
import type { RunEvent } from '../../events.ts'
import type { RunContents } from '../../store/store.ts'

/** From the checkpoint when it is good, else from nothing: the journal holds all, also what was undone later. */
export function openTree(contents: RunContents, program: Program): { tree: RunTree; after: number } {
  const { checkpoint, events } = contents
  const isUndone = events.some(
    (event) => event.type === 'run.resumed' && event.data.again !== undefined && event.seq > (checkpoint?.lastSeq ?? 0),
  )
  if (!isUndone && checkpoint?.tree != null && checkpoint.lastSeq > 0 && checkpoint.lastSeq <= events.length) {
    try {
      const tree = loadTree(checkpoint.tree, program, valuesOf(events, checkpoint.lastSeq))
      // How a run ended is in the journal only.
      if (tree.cell(tree.rootId) !== undefined) return { tree, after: checkpoint.lastSeq }
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
    }
  }
  return { tree: new RunTree(program), after: 0 }
}

/** What a checkpoint names instead of holding it: values of events up to its last one. */
function valuesOf(events: readonly RunEvent[], lastSeq: number): { readonly partAt: (seq: number) => unknown } {
  return { partAt: (seq) => (seq <= lastSeq ? valueIn(events[seq - 1]) : undefined) }
}
