import { describe, expect, test } from 'vitest'
import type { ChartState } from '../src/compiler/chart.ts'
import { compileWorkflow } from '../src/compiler/compile.ts'
import { initialScope } from '../src/compiler/scope.ts'
import type { Workflow } from '../src/spec/ir.ts'
import { createProgram } from '../src/runtime/program.ts'
import { replay } from '../src/runtime/replay.ts'
import { RunTree } from '../src/runtime/run-tree.ts'
import { type Draft, draftWorkflow } from '../src/testing/draft-workflow.ts'
import { workflowOf } from './blocks-case.ts'
import { blockCases } from './blocks-cases.ts'
import { runHosted, workOf } from './blocks-run.ts'
import { evaluation } from './tree-driver.ts'

function* statesOf(state: ChartState): Generator<ChartState> {
  yield state
  for (const inner of Object.values(state.states ?? {})) yield* statesOf(inner)
}

function statesIn(workflow: Workflow): ChartState[] {
  return Object.values(compileWorkflow(workflow).machines).flatMap((machine) => [...statesOf(machine)])
}

describe('the chart', () => {
  test.each(blockCases)('is plain JSON, the same for the same workflow, of narrow nodes: $name', (one) => {
    const workflow = workflowOf(one)
    const chart = compileWorkflow(workflow)
    expect(JSON.parse(JSON.stringify(chart))).toEqual(chart)
    expect(JSON.stringify(compileWorkflow(workflowOf(one)))).toBe(JSON.stringify(chart))
    for (const state of statesIn(workflow)) {
      const width = Object.keys(state.states ?? {}).length
      if (state.type === 'parallel') expect(width).toBeLessThanOrEqual(8)
    }
  })

  test.each(blockCases)('names only states, machines and blocks that are there: $name', (one) => {
    const chart = compileWorkflow(workflowOf(one))
    for (const machine of Object.values(chart.machines)) {
      for (const state of statesOf(machine)) {
        const inside = Object.keys(state.states ?? {})
        if (state.initial !== undefined) expect(inside).toContain(state.initial)
        if (state.invoke !== undefined) expect(['step', ...Object.keys(chart.machines)]).toContain(state.invoke.src)
        for (const src of [state.meta?.['actors'] ?? []].flat()) {
          expect(['step', ...Object.keys(chart.machines)]).toContain(src)
        }
        for (const inner of Object.values(state.states ?? {})) {
          const transitions = [inner.always, inner.onDone, inner.invoke?.onDone, ...Object.values(inner.on ?? {})]
          const targets = transitions.flatMap((each) => each ?? []).flatMap(({ target }) => target ?? [])
          expect(inside).toEqual(expect.arrayContaining(targets))
        }
      }
    }
  })
})

describe('actors that live at once', () => {
  test.each(blockCases)('have ids of their own: $name', async (one) => {
    const { events, spec } = await runHosted(workflowOf(one), one.input ?? 'in', workOf(one))
    const tree = new RunTree(createProgram(compileWorkflow(spec.workflow), evaluation))
    // The tree refuses a second actor of the same id.
    replay(tree, events, initialScope(spec.workflow, spec.input, spec.runId))
    expect([...tree.cells()]).toEqual([])
  })

  test('are refused when they have not', () => {
    const twin: Draft = { id: 'twin' }
    const workflow = draftWorkflow([{ id: 'g', parallel: [{ id: 'one', sequence: [twin] }, { id: 'two', sequence: [twin] }] }])
    const text = JSON.stringify(workflow).replace('g.two.twin', 'g.one.twin')
    const tree = new RunTree(createProgram(compileWorkflow(JSON.parse(text) as Workflow), evaluation))
    expect(() => tree.start(initialScope(workflow, null, 'run'), 0)).toThrow('Two actors of the run are called "g.one.twin"')
  })
})
