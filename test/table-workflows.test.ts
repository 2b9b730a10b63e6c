import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileWorkflow } from '../src/compiler/compile.ts'
import { initialScope } from '../src/compiler/scope.ts'
import type { ErrorData } from '../src/errors.ts'
import type { Json } from '../src/json.ts'
import { createProgram } from '../src/runtime/program.ts'
import { RunTree } from '../src/runtime/run-tree.ts'
import type { Turn } from '../src/runtime/turn.ts'
import { loadTree, saveTree } from '../src/runtime/tree-snapshot.ts'
import type { Workflow } from '../src/spec/ir.ts'
import { workflowOf } from './blocks-case.ts'
import { blockCases } from './blocks-cases.ts'
import { randomBlocks } from './blocks-random.ts'
import { randomWorkflow } from './random-workflow.ts'
import { lockstepProgram } from './table-lockstep.ts'
import { Dice } from './table-random-machine.ts'
import { evaluation } from './tree-driver.ts'

const numRuns = Number(process.env['FORKCHART_RUNS'] ?? 60)
const numbers = fc.array(fc.nat(5000), { minLength: 8, maxLength: 60 })

const outputs: readonly Json[] = ['ok', 'ok', null, 3, ['a', 'b'], { feedback: 'no' }]
const failures: readonly ErrorData[] = [
  { code: 'FLAKY', kind: 'retryable', message: 'stumbled' },
  { code: 'BROKE', kind: 'terminal', message: 'broke' },
  { code: 'STEP_SKIPPED', kind: 'terminal', message: 'nothing to do' },
]

/** Runs a workflow on both engines with whatever may come from outside, in any order; how many turns it took. */
function driveBoth(workflow: Workflow, dice: Dice): { turns: number; isSettled: boolean } {
  const program = lockstepProgram(compileWorkflow(workflow))
  let tree = new RunTree(program)
  const waiting = new Set<string>()
  const executing = new Set<string>()
  const timers = new Map<string, { actor: string; timer: string; dueAt: number }>()
  let now = 1000
  let isSettled = false
  const take = ({ effects }: Turn): void => {
    for (const effect of effects) {
      if (effect.type === 'acquire') waiting.add(effect.path)
      else if (effect.type === 'release') waiting.delete(effect.path)
      else if (effect.type === 'execute') executing.add(effect.path)
      else if (effect.type === 'abort') executing.delete(effect.path)
      else if (effect.type === 'arm') timers.set(`${effect.actor} ${effect.timer}`, effect)
      else if (effect.type === 'disarm') timers.delete(`${effect.actor} ${effect.timer}`)
      else if (effect.type === 'settled') isSettled = true
    }
  }
  take(tree.start(initialScope(workflow, 'in', 'run'), now))
  let turns = 1
  for (; turns < 300 && !isSettled; turns += 1) {
    now += dice.roll(5)
    if (dice.once(25)) tree = loadTree(JSON.parse(JSON.stringify(saveTree(tree, program))) as Json, program)
    const could: (() => Turn)[] = []
    const path = executing.size > 0 ? dice.pick([...executing]) : undefined
    const next = [...timers].sort(([, a], [, b]) => a.dueAt - b.dueAt)[0]
    const [place] = waiting
    if (place !== undefined) {
      could.push(() => {
        waiting.delete(place)
        return tree.deliver(place, { type: 'slot.granted' }, now)
      })
    }
    if (path !== undefined) {
      could.push(() => {
        if (dice.once(12)) return tree.deliver(path, { type: 'step.lost' }, now)
        executing.delete(path)
        return dice.once(4) ? tree.failed(path, dice.pick(failures), now) : tree.completed(path, { output: dice.pick(outputs) }, now)
      })
    }
    if (next !== undefined && (could.length === 0 || dice.once(4))) {
      const [key, { actor, timer, dueAt }] = next
      timers.delete(key)
      now = Math.max(now, dueAt)
      take(tree.fire(actor, timer, now))
    } else if (dice.once(60)) take(tree.cancel('enough', now))
    else if (could.length > 0) take(dice.pick(could)())
    // What else a run may wait for comes from people.
    else break
  }
  return { turns, isSettled }
}

describe('workflows take the same turns on tables as on XState', () => {
  test.each(blockCases)('$name', (one) => {
    const workflow = workflowOf(one)
    for (let seed = 0; seed < 5; seed += 1) {
      driveBoth(workflow, new Dice(Array.from({ length: 40 }, (_, at) => (at * 7919 + seed * 104_729) % 5003)))
    }
  })

  test('nested at random, of steps and groups', () => {
    let settled = 0
    fc.assert(
      fc.property(randomWorkflow(), numbers, ({ workflow }, given) => {
        if (driveBoth(workflow, new Dice(given)).isSettled) settled += 1
      }),
      { numRuns },
    )
    expect(settled).toBeGreaterThan(numRuns / 2)
  }, 60_000 + numRuns * 100)

  test('nested at random, of blocks of all kinds', () => {
    let settled = 0
    fc.assert(
      fc.property(randomBlocks, numbers, ({ workflow }, given) => {
        if (driveBoth(workflow, new Dice(given)).isSettled) settled += 1
      }),
      { numRuns },
    )
    expect(settled).toBeGreaterThan(numRuns / 2)
  }, 60_000 + numRuns * 100)
})

test('every machine of every case runs on tables, unless told otherwise', () => {
  for (const one of blockCases) {
    const chart = compileWorkflow(workflowOf(one))
    const program = createProgram(chart, evaluation)
    const stock = createProgram(chart, evaluation, { engine: 'stock' })
    for (const src of [...Object.keys(chart.machines), 'step']) {
      expect([src, program.machine(src).engine, stock.machine(src).engine]).toEqual([src, 'table', 'stock'])
    }
  }
})
