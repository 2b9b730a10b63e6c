import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileWorkflow } from '../src/compiler/compile.ts'
import type { RunEvent } from '../src/events.ts'
import type { Json } from '../src/json.ts'
import { createProgram } from '../src/runtime/program.ts'
import { replay } from '../src/runtime/replay.ts'
import { RunTree } from '../src/runtime/run-tree.ts'
import { loadTree } from '../src/runtime/tree-snapshot.ts'
import { draftWorkflow } from '../src/testing/draft-workflow.ts'
import { anyDrive, drive, type Drive, evaluation, journalOf, plainTree } from './tree-driver.ts'

/** What the journal must bring back when it was cut after `count` events: the turn that it was cut in, to its end. */
function expected({ taken }: Drive, ends: readonly number[], count: number) {
  const index = ends.findIndex((end) => end >= count)
  const turn = taken[index]
  if (turn === undefined || count === 0) return undefined
  const over = ends[index] === undefined ? 0 : ends[index] - count
  return { missing: turn.turn.events.slice(turn.turn.events.length - over), plain: turn.plain, index }
}

describe('replay', () => {
  test('of any part of a journal brings the tree to the end of the turn it was cut in', () => {
    fc.assert(
      fc.property(anyDrive, (run) => {
        const { events, ends } = journalOf(run)
        for (let count = 1; count <= events.length; count += 1) {
          const tree = new RunTree(run.program)
          const { missing } = replay(tree, events.slice(0, count), run.scope)
          const should = expected(run, ends, count)
          expect(missing).toEqual(should?.missing)
          expect(plainTree(tree, run.program)).toBe(should?.plain)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('goes on from any checkpoint as it does from the start', () => {
    fc.assert(
      fc.property(anyDrive, fc.nat(), fc.nat(), (run, from, to) => {
        const { events, ends } = journalOf(run)
        const count = 1 + (to % events.length)
        const should = expected(run, ends, count)
        const checkpoint = run.taken[from % ((should?.index ?? 0) + 1)]
        const at = checkpoint === undefined ? 0 : run.taken.indexOf(checkpoint)
        const after = ends[at] ?? 0
        if (after > count) return
        const tree = loadTree(JSON.parse(checkpoint?.saved ?? '') as Json, run.program)
        const { missing } = replay(tree, events.slice(after, count), run.scope)
        expect(missing).toEqual(should?.missing)
        expect(plainTree(tree, run.program)).toBe(should?.plain)
      }),
      { numRuns: 300 },
    )
  })

  test('of a whole journal knows how the run ended', () => {
    fc.assert(
      fc.property(anyDrive, (run) => {
        const { outcome } = replay(new RunTree(run.program), journalOf(run).events, run.scope)
        const last = run.taken.at(-1)?.turn.effects.find((effect) => effect.type === 'settled')
        expect(outcome).toEqual(last?.outcome)
      }),
      { numRuns: 60 },
    )
  })
})

describe('a journal that does not follow from the workflow', () => {
  const workflow = draftWorkflow([{ id: 'both', parallel: [{ id: 'a' }, { id: 'b' }] }, { id: 'c' }])
  const behaviour = { ends: 'completes', output: 'text', flaky: 0, ticks: 0 } as const
  const run = drive({ workflow, behaviours: new Map(['both.a', 'both.b', 'c'].map((path) => [path, behaviour])) }, () => 0)
  const { events } = journalOf(run)

  function replayed(changed: readonly RunEvent[], other = run.program): () => unknown {
    return () => replay(new RunTree(other), changed, run.scope)
  }
  const diverged = (seq: number): unknown => expect.objectContaining({ code: 'REPLAY_DIVERGED', details: { seq } })

  test('is replayed when nothing is wrong with it', () => {
    expect(replayed(events)).not.toThrow()
  })

  test('is refused where an event has another path', () => {
    const at = events.findIndex(({ type, path }) => type === 'step.queued' && path === 'both.b')
    const changed = events.map((event, index) => (index === at ? { ...event, path: 'both.x' } : event))
    expect(replayed(changed)).toThrow(diverged(at + 1))
  })

  test('is refused where an attempt has another number', () => {
    const at = events.findIndex(({ type }) => type === 'step.started')
    const changed = events.map((event, index) => (index === at ? { ...event, attempt: 7 } : event))
    expect(replayed(changed)).toThrow(diverged(at + 1))
  })

  test('is refused where an event is left out', () => {
    const at = events.findIndex(({ type }) => type === 'step.completed')
    expect(replayed(events.toSpliced(at, 1))).toThrow(expect.objectContaining({ code: 'REPLAY_DIVERGED' }))
  })

  test('is refused where a step ends that does not run', () => {
    const at = events.findIndex(({ type }) => type === 'step.started')
    const stray = { ...events[at], type: 'step.completed', path: 'c', data: { output: 1 } } as RunEvent
    expect(replayed(events.toSpliced(at, 0, stray))).toThrow(diverged(stray.seq))
  })

  test('is refused by another version of the workflow, in words that say what to do', () => {
    const other = draftWorkflow([{ id: 'both', parallel: [{ id: 'a' }, { id: 'z' }] }, { id: 'c' }])
    const call = replayed(events, createProgram(compileWorkflow(other), evaluation))
    expect(call).toThrow(/step\.queued of "both\.b".*Nothing was changed.*Resume with the version/s)
  })
})
