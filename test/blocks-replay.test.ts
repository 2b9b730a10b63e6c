import { describe, expect, test } from 'vitest'
import { compileWorkflow } from '../src/compiler/compile.ts'
import { initialScope } from '../src/compiler/scope.ts'
import type { RunEvent } from '../src/events.ts'
import type { Json } from '../src/json.ts'
import { createProgram, type Program } from '../src/runtime/program.ts'
import { replay } from '../src/runtime/replay.ts'
import { RunTree } from '../src/runtime/run-tree.ts'
import { loadTree, saveTree } from '../src/runtime/tree-snapshot.ts'
import { type BlockCase, workflowOf } from './blocks-case.ts'
import { blockCases } from './blocks-cases.ts'
import { type Execution, type Ran, resumeHosted, runHosted, workOf } from './blocks-run.ts'
import { evaluation } from './tree-driver.ts'

const ran = new Map<string, Promise<Ran>>()

/** The case as it runs undisturbed; once for all tests. */
function whole(one: BlockCase): Promise<Ran> {
  let run = ran.get(one.name)
  run ??= runHosted(workflowOf(one), one.input ?? 'in', workOf(one))
  ran.set(one.name, run)
  return run
}

/** Keys of the executions whose results are in the journal: the nth start of a path is its nth execution. */
function committed(events: readonly RunEvent[], executed: readonly Execution[]): string[] {
  const turns = new Map<string, number>()
  const keys: string[] = []
  for (const { type, path = '' } of events) {
    if (type === 'step.started') turns.set(path, (turns.get(path) ?? 0) + 1)
    if (!['step.completed', 'step.failed', 'step.skipped'].includes(type)) continue
    const turn = turns.get(path)
    const execution = executed.find((each) => each.path === path && each.turn === turn)
    if (execution !== undefined) keys.push(execution.key)
  }
  return keys
}

async function expectResumed(one: BlockCase, cut: number, checkpoint?: { lastSeq: number; tree: Json }): Promise<void> {
  const { events, settlement, executed, spec } = await whole(one)
  const kept = events.slice(0, cut)
  const again = await resumeHosted(spec, kept, workOf(one), checkpoint)
  expect(again.settlement).toEqual(settlement)
  const done = committed(kept, executed)
  expect(again.executed.filter(({ key }) => done.includes(key))).toEqual([])
  expect(again.events.slice(0, cut)).toEqual(kept)
}

interface Point {
  readonly count: number
  readonly saved: Json
}

/** The tree after every turn of the run, as a checkpoint holds it. */
function savedTrees({ events, spec }: Ran, program: Program): Point[] {
  const scope = initialScope(spec.workflow, spec.input, spec.runId)
  const points: Point[] = []
  for (let count = 1; count < events.length; count += 1) {
    const tree = new RunTree(program)
    const { missing, outcome } = replay(tree, events.slice(0, count), scope)
    if (missing.length > 0 || outcome !== undefined) continue
    points.push({ count, saved: JSON.parse(JSON.stringify(saveTree(tree, program))) as Json })
  }
  return points
}

describe('goes on from any part of its journal as if nothing had been', () => {
  test.each(blockCases)('$name', async (one) => {
    const { events } = await whole(one)
    for (let cut = 0; cut < events.length; cut += 1) await expectResumed(one, cut)
  })
})

describe('goes on from a checkpoint at any turn', () => {
  test.each(blockCases)('$name', async (one) => {
    const run = await whole(one)
    const program = createProgram(compileWorkflow(run.spec.workflow), evaluation)
    const scope = initialScope(run.spec.workflow, run.spec.input, run.spec.runId)
    const { outcome } = replay(new RunTree(program), run.events, scope)
    for (const [turn, { count, saved }] of savedTrees(run, program).entries()) {
      // All that follows in the journal follows from the tree as it was saved, too.
      const rest = replay(loadTree(saved, program), run.events.slice(count), scope)
      expect(rest).toMatchObject({ missing: [] })
      expect(rest.outcome).toEqual(outcome)
      // A host that takes it up is slow to make: for every fifth turn.
      if (turn % 5 === 0) await expectResumed(one, count, { lastSeq: count, tree: saved })
    }
  })
})
