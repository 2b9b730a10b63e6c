import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Branches,
  branchPlaces,
  branchResults,
  branchStages,
  joinedEvent,
  joinOutcome as joinOutcomeIn,
} from '../src/compiler/join.ts'
import { initialScope } from '../src/compiler/scope.ts'
import type { Settlement } from '../src/compiler/scope.ts'
import type { FailureRule, ParallelBlock, Reducer } from '../src/spec/ir.ts'
import type { Outcome } from '../src/spec/outcome.ts'
import { draftWorkflow } from '../src/testing/draft-workflow.ts'
import { evaluation } from './tree-driver.ts'

function group(rule: FailureRule = 'settle', reduce: Reducer = 'list', ids = ['a', 'b', 'c']): ParallelBlock {
  const [block] = draftWorkflow([{ id: 'g', rule, reduce, parallel: ids.map((id) => ({ id })) }]).stages
  if (block?.kind !== 'parallel') throw new Error('no group')
  return block
}

const done = (output: string): Outcome => ({ status: 'completed', output })
const skipped: Outcome = { status: 'skipped', reason: 'no need', output: 'before' }
const failed = (path: string): Outcome => ({ status: 'failed', error: { code: 'BOOM', kind: 'terminal', message: `${path} broke`, path } })
const cancelled: Outcome = { status: 'cancelled', reason: 'enough' }

type Ended = Readonly<Record<string, Settlement>>

function ended(...outcomes: Settlement[]): Ended {
  return Object.fromEntries(outcomes.map((outcome, index) => [`g.${'abcdefgh'[index]}`, outcome]))
}

function branchesOf(it: ParallelBlock, outcomes: Ended): Branches {
  const places = branchPlaces(it, undefined, [])
  return { group: it, places, ended: places.map(({ path }) => outcomes[path]) }
}

/** How a group joins that was given the text `in`. */
function joinOutcome(it: ParallelBlock, outcomes: Ended): Outcome {
  return joinOutcomeIn(branchesOf(it, outcomes), initialScope(draftWorkflow([]), 'in', 'run'), evaluation)
}

describe('a group joins', () => {
  test('as completed, with the outputs of the branches that did', () => {
    expect(joinOutcome(group(), ended(done('x'), skipped, done('z')))).toEqual({ status: 'completed', output: ['x', 'z'] })
  })

  test('as skipped, passing its input on, when every branch was', () => {
    expect(joinOutcome(group(), ended(skipped, skipped, skipped))).toEqual({
      status: 'skipped',
      reason: 'every branch was skipped',
      output: 'in',
    })
  })

  test.each(['settle', 'fail_fast'] as const)('as failed by %s, with one error that names every failed branch in order', (rule) => {
    const outcome = joinOutcome(group(rule), ended(failed('g.a'), done('y'), failed('g.c')))
    expect(outcome).toEqual({
      status: 'failed',
      error: {
        code: 'BRANCHES_FAILED',
        kind: 'terminal',
        path: 'g',
        message: '2 of 3 branches of "g" failed: a (g.a broke); c (g.c broke)',
        errors: [failed('g.a'), failed('g.c')].map((each) => (each.status === 'failed' ? each.error : null)),
      },
    })
  })

  test('as completed by continue, failures left out', () => {
    expect(joinOutcome(group('continue'), ended(failed('g.a'), done('y'), failed('g.c')))).toEqual({ status: 'completed', output: ['y'] })
    expect(joinOutcome(group('continue'), ended(failed('g.a'), failed('g.b'), failed('g.c')))).toEqual({ status: 'completed', output: [] })
  })

  test('as cancelled when branches were and none failed, unless it goes on all the same', () => {
    expect(joinOutcome(group('settle'), ended(done('x'), cancelled, done('z')))).toEqual({ status: 'cancelled', reason: 'enough' })
    expect(joinOutcome(group('continue'), ended(done('x'), cancelled, done('z')))).toEqual({ status: 'completed', output: ['x', 'z'] })
    expect(joinOutcome(group('fail_fast'), ended(failed('g.a'), cancelled, cancelled))).toMatchObject({ status: 'failed' })
  })

  test('as failed when the outputs do not fit the reducer', () => {
    expect(joinOutcome(group('settle', 'merge'), ended(done('x'), skipped, skipped))).toMatchObject({
      status: 'failed',
      error: { code: 'REDUCE_FAILED', path: 'g' },
    })
  })

  test('the same in whichever order its branches ended', () => {
    const any = fc.constantFrom<Outcome>(done('x'), done('y'), skipped, failed('g.a'), cancelled)
    fc.assert(
      fc.property(
        fc.array(any, { minLength: 3, maxLength: 3 }),
        fc.constantFrom<FailureRule>('settle', 'fail_fast', 'continue'),
        fc.constantFrom<Reducer>('auto', 'list', 'merge', 'vote', 'concat', 'first'),
        fc.shuffledSubarray([0, 1, 2], { minLength: 3, maxLength: 3 }),
        (outcomes, rule, reduce, order) => {
          const inOrder = ended(...outcomes)
          const entries = Object.entries(inOrder)
          const shuffled = Object.fromEntries(order.flatMap((at) => (entries[at] === undefined ? [] : [entries[at]])))
          const it = group(rule, reduce)
          const outcome = joinOutcome(it, inOrder)
          expect(joinOutcome(it, shuffled)).toEqual(outcome)
          const [one, other] = [branchesOf(it, shuffled), branchesOf(it, inOrder)]
          expect(branchResults(one)).toEqual(branchResults(other))
          expect(joinedEvent(one, outcome)).toEqual(joinedEvent(other, outcome))
        },
      ),
    )
  })
})

describe('what is told of a joined group', () => {
  const outcomes = ended(done('x'), failed('g.b'), skipped)

  test('is its status and how many branches ended how', () => {
    const outcome = joinOutcome(group(), outcomes)
    expect(joinedEvent(branchesOf(group(), outcomes), outcome)).toEqual({
      status: 'failed',
      completed: 1,
      failed: 1,
      skipped: 1,
      cancelled: 0,
      error: expect.objectContaining({ code: 'BRANCHES_FAILED' }),
    })
  })

  test('to a reducer function is how every branch ended, in branch order', () => {
    expect(branchResults(branchesOf(group(), outcomes))).toEqual([
      { id: 'a', status: 'completed', output: 'x', error: null, reason: null },
      { id: 'b', status: 'failed', output: null, error: expect.objectContaining({ code: 'BOOM' }), reason: null },
      { id: 'c', status: 'skipped', output: 'before', error: null, reason: 'no need' },
    ])
  })

  test('to expressions is an entry per branch, with what is nested in it', () => {
    const nested = { inner: { status: 'completed' as const, output: 1 } } as unknown as NonNullable<Settlement['nested']>
    const tree = branchStages(branchesOf(group(), { ...outcomes, 'g.a': { ...done('x'), nested } }))
    expect(tree).toEqual({
      a: { status: 'completed', output: 'x', error: null, usage: null, inner: { status: 'completed', output: 1 } },
      b: { status: 'failed', output: null, error: expect.objectContaining({ message: 'g.b broke' }), usage: null },
      c: { status: 'skipped', output: 'before', error: null, usage: null },
    })
  })

  test('of its usage is the sum, with an unknown cost as soon as one is', () => {
    const used = (costUsd: number | null): Outcome => ({ ...done('x'), usage: { inputTokens: 1, outputTokens: 2, costUsd } } as Outcome)
    const sum = (...outcomes: Outcome[]): unknown => (joinOutcome(group(), ended(...outcomes)) as { usage?: unknown }).usage
    expect(sum(used(0.5), skipped, used(0.25))).toEqual({ inputTokens: 2, outputTokens: 4, costUsd: 0.75 })
    expect(sum(used(0.5), used(null), done('x'))).toEqual({ inputTokens: 2, outputTokens: 4, costUsd: null })
    expect(sum(done('x'), skipped, skipped)).toBeUndefined()
  })
})
