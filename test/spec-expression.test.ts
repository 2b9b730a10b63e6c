import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TerminalError } from '../src/errors.ts'
import type { Json } from '../src/json.ts'
import { type EvaluationScope, evaluateCondition, evaluateExpression } from '../src/spec/expression.ts'
import { compileExpression } from '../src/spec/expression-compile.ts'

const scope: EvaluationScope = {
  input: { n: 2, d: 2.5, s: 'x', list: [3, 1, 2], words: ['b', 'a'], none: null, obj: { a: 1 }, yes: true },
  run: { id: 'r-1', workflow: 'demo' },
  stages: {
    draft: { status: 'completed', output: 'd', literal: { status: 'completed', output: 5, error: null } },
    'secret-scan': { status: 'completed', output: { hits: 3 }, 'deep-look': { output: 4 } },
    'error-report': { status: 'failed', output: 9 },
  },
  prev: 'before',
  env: { HOME: '/home' },
}

function valueOf(source: string): Json {
  return evaluateExpression(source, scope)
}

function failureOf(work: () => unknown): TerminalError {
  try {
    work()
  } catch (error) {
    if (error instanceof TerminalError) return error
    throw error
  }
  throw new Error('it did not fail')
}

describe('an expression', () => {
  it.each<[string, Json]>([
    ['input.n + 1', 3],
    ['1 + input.n', 3],
    ['input.n * 1.5 - 1', 2],
    ['2 / 4.0', 0.5],
    ['7 / 2', 3],
    ['7 % input.n', 1],
    ['7.5 % 2.0', 1.5],
    ['input.n == 2', true],
    ['1 == 1.0 && 2.5 != 2', true],
    ['input.n in [1, 2]', true],
    ['input.list[input.n]', 2],
    ['size(input.list) > 2.5', true],
    ['[1, 2.5, "a", null]', [1, 2.5, 'a', null]],
    ['{"a": 1, "b": [2]}', { a: 1, b: [2] }],
  ])('mixes whole and decimal numbers: %s', (source, value) => {
    expect(valueOf(source)).toEqual(value)
  })

  it.each<[string, Json]>([
    ['math.greatest(1, 2.5, input.n)', 2.5],
    ['math.least(input.list)', 1],
    ['math.ceil(input.d) + math.floor(input.d)', 5],
    ['math.round(2.5)', 3],
    ['math.round(-2.5)', -3],
    ['math.abs(-3)', 3],
    ['math.sqrt(16)', 4],
    ['input.list.sort()', [1, 2, 3]],
    ['input.words.sort().join(", ")', 'a, b'],
    ['[3, 1.5, 2].sort()', [1.5, 2, 3]],
    ['[10, 9].sort()', [9, 10]],
    ['[1, 1.0, "a", "a", {"x": 1}, {"x": 1}].distinct()', [1, 'a', { x: 1 }]],
    ['[[1], [2, [3]]].flatten()', [1, 2, [3]]],
    ['[[1], [2, [3]]].flatten(2)', [1, 2, 3]],
    ['input.list.slice(0, input.n)', [3, 1]],
    ['input.list.reverse()', [2, 1, 3]],
    ['input.list.first() + input.list.last()', 5],
    ['input.list.sum()', 6],
    ['[1, 2].sum()', 3],
    ['lists.range(3)', [0, 1, 2]],
    ['input.list.join("-")', '3-1-2'],
    ['"a,b".split(",")', ['a', 'b']],
    ['"aXbX".replace("X", "$&")', 'a$&b$&'],
    ['"aXbX".replace("X", "-", 1)', 'a-bX'],
    ['"Ab".lowerAscii() + "Ab".upperAscii() + " c ".trim()', 'abABc'],
    ['"abc".charAt(1) + "abc".reverse()', 'bcba'],
    ['"abcdef".substring(input.n)', 'cdef'],
    ['"abcdef".substring(input.n, 4)', 'cd'],
    ['"%s has %d of %.2f%%".format(["it", 3, input.d])', 'it has 3 of 2.50%'],
    ['string(input.list) + string(input.obj) + string(input.n)', '[3,1,2]{"a":1}2'],
  ])('has the strings, lists and math extensions: %s', (source, value) => {
    expect(valueOf(source)).toEqual(value)
  })

  it.each<[string, Json]>([
    ['input.?missing.orValue(1)', 1],
    ['input.?n.orValue(1)', 2],
    ['input.?missing.?deeper.orValue("none")', 'none'],
    ['input.?missing', null],
    ['optional.of(input.n)', 2],
    ['has(input.missing)', false],
    ['input.list[?9].orValue(0)', 0],
  ])('reads what may be absent: %s', (source, value) => {
    expect(valueOf(source)).toEqual(value)
  })

  it.each<[string, Json]>([
    ['input.yes ? 1 : "none"', 1],
    ['input.yes ? "a" : null', 'a'],
    ['input.n > 2 ? 1 : (input.n > 1 ? (1 + 1) * 2.5 : "c")', 5],
    ['(input.yes ? 1 : 2.5) + 1', 2],
  ])('may give different types from its two branches: %s', (source, value) => {
    expect(valueOf(source)).toEqual(value)
  })

  it.each<[string, Json]>([
    ['stages.secret-scan.output.hits', 3],
    ['stages.secret-scan.deep-look.output', 4],
    ['stages.?secret-scan.?output.?hits.orValue(0)', 3],
    ['stages.error-report.output', 9],
    ['stages.draft.literal.output-1', 4],
    ['stages.draft.literal.output-stages.secret-scan.output.hits', 2],
    ['"stages.secret-scan" + stages.draft.output', 'stages.secret-scand'],
  ])('reads ids that hold a dash: %s', (source, value) => {
    expect(valueOf(source)).toEqual(value)
  })

  it('gives JSON: instants and durations as text, bytes as base64, types as their names', () => {
    expect(valueOf('[timestamp("2026-01-02T03:04:05Z"), duration("90s"), b"hi", 3u, type(1)]')).toEqual([
      '2026-01-02T03:04:05.000Z', '90s', 'aGk=', 3, 'int',
    ])
  })

  it('gives back any JSON value as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const input = value as Json
        expect(evaluateExpression('input', { ...scope, input })).toEqual(input)
        expect(evaluateExpression('[input]', { ...scope, input })).toEqual([input])
      }),
      { numRuns: 200 },
    )
  })

  it('reads data with keys that JavaScript objects have', () => {
    const input = JSON.parse('{"constructor": null, "x": {"constructor": {"name": 7}, "__proto__": {"y": 1}}, "toString": 1}')
    expect(evaluateExpression('input.x.constructor.name + 1', { ...scope, input })).toBe(8)
    expect(evaluateExpression('input.constructor == null', { ...scope, input })).toBe(true)
    expect(failureOf(() => evaluateExpression('input.valueOf', { ...scope, input })).code).toBe('EXPRESSION_FAILED')
  })

  it('says what was missing', () => {
    const error = failureOf(() => valueOf('input.obj.b + 1'))
    expect(error.code).toBe('EXPRESSION_FAILED')
    expect(error.message).toContain('`input.obj.b + 1`')
    expect(error.message).toContain('`input.obj.b` is not there')
    expect(failureOf(() => valueOf('stages.secret-scan.error')).message).toContain('`stages.secret-scan.error` is not there')
  })

  it.each(['input.', 'nothing', 'input.s + 1', '"a" + 1', 'input.n / 0', '1 / 0', 'math.abs("x")', '[1, "a"].sort()', 'env.NOPE'])(
    'fails as a terminal error: %s',
    (source) => {
      expect(failureOf(() => valueOf(source)).code).toBe('EXPRESSION_FAILED')
    },
  )

  it('does not have the environment unless it is given', () => {
    const { env: _, ...without } = scope
    expect(valueOf('env.HOME')).toBe('/home')
    expect(failureOf(() => evaluateExpression('env.HOME', without)).code).toBe('EXPRESSION_FAILED')
  })

  it.each<[string, Json]>([
    ['item.name + string(index)', 'a1'],
    ['loop.iteration + 1', 4],
    ['input.?loop.orValue(1) + input.loop + loop.iteration', 17],
    ['input.reloop + loop.iteration', 8],
    ['has(input.loop) ?loop.iteration : 0', 3],
    ['[1, 2].map(loop, loop * 2)', [2, 4]],
    ['"loop" + stages.fix-loop.output', 'loopf'],
    ['outputs.size()', 2],
    ['feedback', 'again'],
  ])('reads what the blocks around it bring: %s', (source, value) => {
    const inside: EvaluationScope = {
      ...scope,
      input: { loop: 7, reloop: 5 },
      stages: { 'fix-loop': { output: 'f' } },
      vars: { item: { name: 'a' }, index: 1 },
      loop: { iteration: 3 },
      feedback: 'again',
      outputs: [1, 2],
    }
    expect(evaluateExpression(source, inside)).toEqual(value)
  })

  it('outside of all rounds has empty feedback, and nothing else of what blocks bring', () => {
    expect(valueOf('feedback')).toBe('')
    for (const name of ['loop', 'item', 'index', 'outputs', 'at', 'vars', 'branches', 'toString', 'constructor']) {
      expect(failureOf(() => valueOf(name)).message).toContain(`there is no \`${name}\` here`)
    }
  })

  it('is parsed once', () => {
    const first = compileExpression('input.n + 1')
    expect(compileExpression('input.n + 1')).toBe(first)
  })

  it('names the place of what is wrong, also after a dashed id or a loosened branch', () => {
    expect(compileExpression('stages.secret-scan.output + nope()').problem).toMatchObject({ kind: 'type', offset: 28 })
    expect(compileExpression('loop.iteration + nope()').problem).toMatchObject({ kind: 'type', offset: 17 })
    expect(compileExpression('(input.yes ? 1 : "b") + nope()').problem).toMatchObject({ kind: 'type', offset: 24 })
    expect(compileExpression('stages.a-b.output +').problem).toMatchObject({ kind: 'syntax', offset: 19 })
  })
})

describe('a condition', () => {
  it('is true or false, with or without `${{ }}`', () => {
    expect(evaluateCondition('input.n > 1', scope)).toBe(true)
    expect(evaluateCondition(' ${{ input.n > 2 }} ', scope)).toBe(false)
  })

  it.each(['input.n', 'input.s', 'input.none', 'input.?nope', 'input.list'])('refuses another type: %s', (source) => {
    const error = failureOf(() => evaluateCondition(source, scope))
    expect(error.code).toBe('CONDITION_NOT_BOOLEAN')
    expect(error.message).toContain(source)
  })
})
