import { describe, expect, test } from 'vitest'
import { initialScope, nestedStages, recordOutcome } from '../src/compiler/scope.ts'
import { TerminalError } from '../src/errors.ts'
import type { Json } from '../src/json.ts'
import { type Draft, draftWorkflow } from '../src/testing/draft-workflow.ts'
import { createBench } from './run-embedded.ts'

/** Runs a workflow whose steps give `<path>!`; what the steps were given, by path, and how it ended. */
async function given(stages: readonly Draft[], input: Json = 'in') {
  const inputs: Record<string, Json> = {}
  const bench = createBench(({ path, input: own }) => {
    inputs[path] = own
    if (path.endsWith('bad')) throw new TerminalError('BOOM', 'broke')
    return path.endsWith('nothing') ? null : `${path}!`
  })
  const handle = await bench.start(draftWorkflow(stages), { input })
  return { inputs, settlement: await bench.settled(handle) }
}

const see = (expression: string): Draft => ({ id: 'see', input: `\${{ ${expression} }}` })

describe('what a step is given', () => {
  test('is the output of the block before, from the input of the run on', async () => {
    const { inputs } = await given([{ id: 'a' }, { id: 'b' }])
    expect(inputs).toEqual({ a: 'in', b: 'a!' })
  })

  test('is null after a block that gave null', async () => {
    const { inputs } = await given([{ id: 'a' }, { id: 'nothing' }, { id: 'b' }])
    expect(inputs['b']).toBeNull()
  })

  test('passes through what was skipped', async () => {
    const skipped: Draft = { id: 's', when: 'false', parallel: [{ id: 'x' }] }
    const { inputs } = await given([{ id: 'a' }, { id: 'b', when: 'false' }, skipped, { id: 'c' }])
    expect(inputs).toEqual({ a: 'in', c: 'a!' })
  })

  test('is the same for every branch of a group: what came to the group', async () => {
    const { inputs } = await given([{ id: 'a' }, { id: 'g', parallel: [{ id: 'x' }, { id: 'y' }] }, { id: 'b' }])
    expect(inputs).toMatchObject({ 'g.x': 'a!', 'g.y': 'a!', b: ['g.x!', 'g.y!'] })
  })

  test('inside a group is the input of the group, when it has one', async () => {
    const input = { wrapped: '${{ prev }}' }
    const { inputs } = await given([
      { id: 'g', input, parallel: [{ id: 'x' }, { id: 'y', input: '${{ prev.wrapped + "?" }}' }] },
      { id: 's', input: { all: '${{ prev }}' }, sequence: [{ id: 'x' }, { id: 'y' }] },
    ])
    expect(inputs).toEqual({ 'g.x': { wrapped: 'in' }, 'g.y': 'in?', 's.x': { all: ['g.x!', 'g.y!'] }, 's.y': 's.x!' })
  })
})

describe('what expressions see of blocks that ended', () => {
  test.each<[string, readonly Draft[], string, Json]>([
    ['a stage', [{ id: 'a' }], 'stages.a.output', 'a!'],
    ['a branch', [{ id: 'g', parallel: [{ id: 'x' }, { id: 'y' }] }], 'stages.g.y.output', 'g.y!'],
    ['a step of a sequence', [{ id: 's', sequence: [{ id: 'x' }, { id: 'y' }] }], 'stages.s.x.output', 's.x!'],
    [
      'a step in a branch that is a sequence',
      [{ id: 'g', parallel: [{ id: 's', sequence: [{ id: 'x' }, { id: 'y' }] }, { id: 'z' }] }],
      'stages.g.s.x.output',
      'g.s.x!',
    ],
    [
      'a branch three groups deep',
      [{ id: 'g', parallel: [{ id: 'h', parallel: [{ id: 's', sequence: [{ id: 'i', parallel: [{ id: 'x' }, { id: 'y' }] }] }] }] }],
      'stages.g.h.s.i.y.output',
      'g.h.s.i.y!',
    ],
    ['a branch of a wide group', [{ id: 'g', parallel: Array.from({ length: 70 }, (_, n) => ({ id: `b${n}` })) }], 'stages.g.b69.output', 'g.b69!'],
    ['a skipped stage', [{ id: 'a' }, { id: 'b', when: 'false' }], 'stages.b.status + " " + stages.b.output', 'skipped a!'],
    ['a failed branch', [{ id: 'g', rule: 'continue', parallel: [{ id: 'bad' }, { id: 'ok' }] }], 'stages.g.bad.error.code', 'BOOM'],
    ['a group', [{ id: 'g', parallel: [{ id: 'x' }] }], 'stages.g.status', 'completed'],
    ['the run', [{ id: 'a' }], 'run.workflow + "/" + run.id + "/" + input', 'draft/run/in'],
  ])('%s', async (_, before, expression, value) => {
    const { inputs } = await given([...before, see(expression)])
    expect(inputs['see']).toEqual(value)
  })

  test('is there for the next block of the same sequence, inside a branch too', async () => {
    const inner: Draft = { id: 's', sequence: [{ id: 'x' }, { id: 'y', input: '${{ stages.g.s.x.output }}', when: 'stages.g.s.x.status == "completed"' }] }
    const { inputs } = await given([{ id: 'g', parallel: [inner] }])
    expect(inputs['g.s.y']).toBe('g.s.x!')
  })

  test('is not there for a sibling branch', async () => {
    const { settlement } = await given([{ id: 'g', parallel: [{ id: 'x' }, { id: 'y', input: '${{ stages.g.x.output }}' }] }])
    expect(settlement).toMatchObject({ status: 'failed', error: { errors: [{ code: 'EXPRESSION_FAILED', path: 'g.y' }] } })
  })
})

describe('a scope', () => {
  const scope = initialScope(draftWorkflow([]), 'in', 'run')

  test('shares all that a new outcome does not change', () => {
    const one = recordOutcome(scope, 'g.a', { status: 'completed', output: 'x' })
    const two = recordOutcome(one, 'h', { status: 'completed', output: 'y' })
    expect(two.stages['g']).toBe(one.stages['g'])
    expect(scope.stages).toEqual({})
  })

  test('keeps what is nested in a block when the block ends', () => {
    const inside = recordOutcome(scope, 'g.a', { status: 'completed', output: 'x' })
    const after = recordOutcome(inside, 'g', { status: 'skipped', reason: 'no', output: 'in' })
    expect(after.stages['g']).toMatchObject({ status: 'skipped', a: { status: 'completed', output: 'x' } })
    expect(nestedStages(after, 'g')).toEqual({ a: expect.objectContaining({ output: 'x' }) })
    expect(nestedStages(after, 'nope')).toBeUndefined()
  })

  test('takes ids for data, also those that every object has', () => {
    const after = recordOutcome(scope, 'constructor.name', { status: 'completed', output: 'x' })
    expect(JSON.stringify(after.stages)).toBe('{"constructor":{"name":{"status":"completed","output":"x","error":null,"usage":null}}}')
  })
})
