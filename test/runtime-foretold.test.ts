import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileWorkflow } from '../src/compiler/compile.ts'
import { initialScope } from '../src/compiler/scope.ts'
import type { RunEvent } from '../src/events.ts'
import { type Foretold, foretell, type KnownEnd } from '../src/runtime/foretold.ts'
import { createProgram } from '../src/runtime/program.ts'
import { replay } from '../src/runtime/replay.ts'
import { RunTree } from '../src/runtime/run-tree.ts'
import type { Workflow } from '../src/spec/ir.ts'
import { draftWorkflow } from '../src/testing/draft-workflow.ts'
import { load } from './dialect-reading.ts'
import { randomWorkflow } from './random-workflow.ts'
import { evaluation, plainTree } from './tree-driver.ts'

function told(workflow: Workflow, endOf: (path: string, turn: number) => KnownEnd | undefined) {
  const program = createProgram(compileWorkflow(workflow), evaluation)
  const scope = initialScope(workflow, { text: 'in' }, 'run')
  const tree = new RunTree(program)
  return { program, scope, tree, foretold: foretell(tree, scope, 1000, endOf) }
}

function journal({ events }: Foretold): RunEvent[] {
  const started = { event: { type: 'run.started', data: { workflow: 'w', input: null, scripted: false } }, at: 1000 }
  const all = [started, ...events].map(({ event, at }, index) => ({ seq: index + 1, runId: 'run', at: new Date(at).toISOString(), ...event }))
  return JSON.parse(JSON.stringify(all)) as RunEvent[]
}

describe('a foretold journal', () => {
  test('replays to the tree it was told of, whatever is known', () => {
    const known = fc.record({ random: randomWorkflow(), choices: fc.array(fc.nat(5), { minLength: 1, maxLength: 20 }) })
    fc.assert(
      fc.property(known, ({ random: { workflow }, choices }) => {
        let asked = 0
        const endOf = (path: string): KnownEnd | undefined => {
          asked += 1
          const choice = choices[asked % choices.length] ?? 0
          if (choice === 0) return undefined
          if (choice === 1) return { skipped: 'not needed', endedAt: 2000 + asked }
          if (choice === 2) return { error: { code: 'X', kind: 'terminal', message: 'no' } }
          return { output: () => path, startedAt: 1000 + asked * 10 }
        }
        const { program, scope, tree, foretold } = told(workflow, endOf)
        const events = journal(foretold)
        const replayed = replay(new RunTree(program), events, scope)
        expect(replayed.missing).toEqual([])
        expect(plainTree(replayed.tree, program)).toBe(plainTree(tree, program))
        expect(replayed.outcome).toEqual(foretold.outcome)
        const times = events.map(({ at }) => Date.parse(at))
        expect(times).toEqual(times.toSorted((a, b) => a - b))
      }),
      { numRuns: 150 },
    )
  })

  test('starts nothing of which nothing is known, and lets branches overlap', () => {
    const workflow = draftWorkflow([{ id: 'a' }, { id: 'g', parallel: [{ id: 'x' }, { id: 'y' }, { id: 'z' }] }, { id: 'b' }])
    const { foretold } = told(workflow, (path) =>
      path === 'g.y' ? undefined : { output: () => path, startedAt: 2000, endedAt: path === 'g.x' ? 5000 : 3000 },
    )
    expect(foretold.outcome).toBeUndefined()
    expect(foretold.events.map(({ event, at }) => `${at} ${event.type} ${event.path ?? ''}`)).toEqual([
      '1000 step.queued a', '2000 step.started a', '3000 step.completed a', '3000 group.started g',
      '3000 step.queued g.x', '3000 step.queued g.y', '3000 step.queued g.z', '3000 step.started g.x', '3000 step.started g.z',
      '5000 step.completed g.x', '5000 step.completed g.z',
    ])
  })

  test('counts the turns of what repeats', () => {
    const { workflow } = load(`
forkchart: 1
name: w
stages: [{ id: l, loop: { do: { id: do, run: [echo] }, until: prev == "3", max: 9 } }]
`)
    const { foretold } = told(workflow, (_, turn) => ({ output: () => String(turn) }))
    expect(foretold.outcome).toMatchObject({ status: 'completed', output: '3' })
  })
})
