import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createActor, toPromise } from 'xstate'
import type { Chart, ChartInvoke, ChartState } from '../src/compiler/chart.ts'
import { compileWorkflow } from '../src/compiler/compile.ts'
import { branchSource } from '../src/compiler/crew.ts'
import { nodeWidth } from '../src/compiler/names.ts'
import { executeWith, workflowMachine } from '../src/compiler/workflow-machine.ts'
import { workflowBlocks } from '../src/spec/blocks.ts'
import { type Draft, draftWorkflow } from '../src/testing/draft-workflow.ts'
import { randomWorkflow } from './random-workflow.ts'

function wide(width: number, extra: Partial<Draft> = {}): Chart {
  const parallel = Array.from({ length: width }, (_, index) => ({ id: `b${index}` }))
  return compileWorkflow(draftWorkflow([{ ...extra, id: 'wide', parallel }]))
}

interface Place {
  readonly state: ChartState
  readonly parent: ChartState | undefined
  readonly key: string
}

function* statesOf(state: ChartState, key: string, parent?: ChartState): Generator<Place> {
  yield { state, parent, key }
  for (const [childKey, child] of Object.entries(state.states ?? {})) yield* statesOf(child, childKey, state)
}

function allStates(chart: Chart): Place[] {
  return Object.values(chart.machines).flatMap((machine) => [...statesOf(machine, machine.id)])
}

type Started = Pick<ChartInvoke, 'src' | 'id'>

/** The actors that a state invokes, or spawns as the crew of a slice of a group. */
function startedBy(chart: Chart, state: ChartState): Started[] {
  if (state.invoke !== undefined) return [state.invoke]
  const crew = state.entry?.find(({ type }) => type === 'startBranches')?.params
  if (crew === undefined) return []
  for (const group of workflowBlocks(chart.workflow)) {
    if (group.path !== crew['block'] || group.kind !== 'parallel') continue
    const slice = group.branches.slice(Number(crew['from'] ?? 0), Number(crew['to'] ?? group.branches.length))
    return slice.map((branch) => ({ src: branchSource(branch), id: branch.path }))
  }
  return []
}

function invokes(chart: Chart): Started[] {
  return allStates(chart).flatMap(({ state }) => startedBy(chart, state))
}

/** Paths of the branches in the order in which the shards hold them. */
function branchesInOrder(chart: Chart, state: ChartState): string[] {
  const started = [...statesOf(state, '')].flatMap((place) => startedBy(chart, place.state))
  return started.flatMap(({ src, id }) => {
    const machine = chart.machines[src]
    return machine === undefined ? [id] : branchesInOrder(chart, machine)
  })
}

describe('the chart of a sequence', () => {
  test('is a state per block, each leading to the next or, when it stops the run, to the end', () => {
    const { machines, root } = compileWorkflow(draftWorkflow([{ id: 'a', title: 'First' }, { id: 'b' }]))
    expect(root).toBe('workflow:draft')
    const machine = machines[root]
    expect(machine?.initial).toBe('a')
    expect(machine?.states?.['a']).toEqual({
      meta: { title: 'First' },
      invoke: {
        src: 'step',
        id: 'a',
        input: { block: 'a' },
        onDone: [
          { guard: { type: 'actorStops' }, target: '_done', actions: [{ type: 'settleActor', params: { block: 'a' } }] },
          { target: 'b', actions: [{ type: 'settleActor', params: { block: 'a' } }] },
        ],
      },
      on: { cancel: [{ actions: [{ type: 'markCancelled' }, { type: 'forwardCancel', params: { to: 'a' } }] }] },
    })
    expect(machine?.states?.['b']?.invoke?.onDone.map(({ target }) => target)).toEqual(['_done', '_done'])
    expect(Object.keys(machine?.states ?? {})).toEqual(['a', 'b', '_done', '_completed', '_skipped', '_failed', '_cancelled'])
  })
})

describe('the chart of a group', () => {
  test('is a parallel node with a region per branch, entered through an atomic state', () => {
    const { machines, root } = wide(2)
    const group = machines[root]?.states?.['wide']
    expect(group?.initial).toBe('_enter')
    expect(group?.states?.['_enter']?.states).toBeUndefined()
    expect(group?.states?.['_branches']?.type).toBe('parallel')
    expect(Object.keys(group?.states?.['_branches']?.states ?? {})).toEqual(['b0', 'b1'])
    expect(group?.states?.['_branches']?.states?.['b1']?.initial).toBe('active')
  })

  test('has a machine of its own for each branch that holds other blocks', () => {
    const chart = compileWorkflow(
      draftWorkflow([{ id: 'g', parallel: [{ id: 'a' }, { id: 's', sequence: [{ id: 'x' }, { id: 'p', parallel: [{ id: 'y' }] }] }] }]),
    )
    expect(Object.keys(chart.machines).sort()).toEqual(['g.s', 'workflow:draft'])
    expect(invokes(chart).map(({ id, src }) => `${id} ${src}`).sort()).toEqual(['g.a step', 'g.s g.s', 'g.s.p.y step', 'g.s.x step'])
  })

  test('cancels the others of the same node when it fails fast, and only then', () => {
    const actions = (chart: Chart): string[] =>
      allStates(chart).flatMap(({ state }) =>
        (state.invoke?.onDone ?? []).flatMap((transition) => transition.actions ?? []).map(({ type }) => type),
      )
    expect(actions(wide(3))).not.toContain('cancelActors')
    expect(actions(wide(3, { rule: 'fail_fast' } as Partial<Draft>)).filter((type) => type === 'cancelActors')).toHaveLength(3)
  })
})

describe('a wide group', () => {
  test.each([
    [1, 0],
    [8, 0],
    [9, 0],
    [128, 0],
    [129, 2],
    [600, 5],
    [1025, 2 + 8],
    [10_000, 2 + 8 + 64 + 2 + 8 + 7],
  ])('of %i branches is a tree of %i shards with every branch once, in order', (width, shards) => {
    const chart = wide(width)
    const paths = Array.from({ length: width }, (_, index) => `wide.b${index}`)
    expect(branchesInOrder(chart, chart.machines[chart.root] ?? {})).toEqual(paths)
    const ids = invokes(chart).map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toHaveLength(width + shards)
    expect(Object.keys(chart.machines)).toHaveLength(1 + shards)
  })

  test('runs as a plain machine, its outputs in branch order when they come in reverse', async () => {
    const width = 600
    const finish: (() => void)[] = []
    const execute = executeWith(({ path }) => new Promise((resolve) => finish.push(() => resolve(path))))
    const actor = createActor(workflowMachine(wide(width), { actors: { execute } }), { input: null })
    actor.start()
    expect(finish).toHaveLength(width)
    for (const end of finish.reverse()) end()
    const outcome = await toPromise(actor)
    expect(outcome).toEqual({ status: 'completed', output: Array.from({ length: width }, (_, index) => `wide.b${index}`) })
  })
})

describe('every chart', () => {
  test('is the same JSON, byte for byte, each time and after a round trip', () => {
    fc.assert(
      fc.property(randomWorkflow(), ({ workflow }) => {
        const chart = compileWorkflow(workflow)
        const text = JSON.stringify(chart)
        expect(JSON.stringify(compileWorkflow(structuredClone(workflow)))).toBe(text)
        const lost: string[] = []
        JSON.stringify(chart, (key, value: unknown) => {
          if (value === undefined || typeof value === 'function' || value instanceof Map) lost.push(key)
          return value
        })
        expect(lost).toEqual([])
      }),
    )
  })

  test('invokes every machine once, knows every source, and has no wide or initial parallel node', () => {
    fc.assert(
      fc.property(randomWorkflow(), ({ workflow, behaviours }) => {
        const chart = compileWorkflow(workflow)
        const all = invokes(chart)
        const machines = all.map(({ src }) => src).filter((src) => src !== 'step')
        expect([...machines, chart.root].sort()).toEqual(Object.keys(chart.machines).sort())
        const steps = all.filter(({ src }) => src === 'step').map(({ id }) => id)
        expect(steps.sort()).toEqual([...behaviours.keys()].sort())
        for (const { state, parent, key } of allStates(chart)) {
          if (state.type !== 'parallel') continue
          expect(Object.keys(state.states ?? {}).length).toBeLessThanOrEqual(nodeWidth)
          expect(parent?.initial).not.toBe(key)
        }
      }),
    )
  })

  test('leads from every state to one that is there', () => {
    fc.assert(
      fc.property(randomWorkflow(), ({ workflow }) => {
        for (const { state, parent } of allStates(compileWorkflow(workflow))) {
          const transitions = [...(state.always ?? []), ...(state.onDone ?? []), ...(state.invoke?.onDone ?? [])]
          for (const { target } of transitions) {
            if (target !== undefined) expect(Object.keys(parent?.states ?? {})).toContain(target)
          }
          if (state.initial !== undefined) expect(Object.keys(state.states ?? {})).toContain(state.initial)
        }
      }),
    )
  })
})
