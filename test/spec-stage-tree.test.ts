import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { initialScope, nestedStages, recordOutcome } from '../src/compiler/scope.ts'
import { compileExpression } from '../src/spec/expression-compile.ts'
import { evaluateExpression } from '../src/spec/expression.ts'
import type { Scope, StageEntry, StageTree } from '../src/spec/outcome.ts'
import { entriesIn, entryIn, treeAsSeen, withEntries, withEntry, withoutEntry } from '../src/spec/stage-tree.ts'
import { draftWorkflow } from '../src/testing/draft-workflow.ts'

const entry = (output: number): StageEntry => ({ status: 'completed', output, error: null, usage: null })
const wide = (count: number): StageTree => {
  let tree: StageTree = {}
  for (let index = 0; index < count; index += 1) tree = withEntry(tree, `s${index}`, entry(index))
  return tree
}
const whole = (tree: StageTree): StageTree => treeAsSeen(tree, 'all')

/** Ids enough for several shelves, and some that objects have of themselves. */
const id = fc.oneof(
  { weight: 9, arbitrary: fc.nat(150).map((index) => `s${index}`) },
  { weight: 1, arbitrary: fc.constantFrom('constructor', 'toString', 'hasOwnProperty') },
)
type Change = readonly ['put' | 'drop', string, number] | readonly ['all', readonly string[], number]
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(fc.constant('put' as const), id, fc.nat()) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('drop' as const), id, fc.nat()) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('all' as const), fc.array(id, { maxLength: 60 }), fc.nat()) },
)

describe('a level of the tree', () => {
  test('holds what a plain object would, in its order, whatever is put in and taken out', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 60, maxLength: 300 }), (changes) => {
        let tree: StageTree = {}
        const model = new Map<string, StageEntry>()
        for (const [what, ids, value] of changes) {
          if (what === 'put') {
            tree = withEntry(tree, ids, entry(value))
            model.set(ids, entry(value))
          } else if (what === 'drop') {
            tree = withoutEntry(tree, ids)
            model.delete(ids)
          } else {
            let more: StageTree = {}
            for (const one of ids) {
              more = withEntry(more, one, entry(value))
              model.set(one, entry(value))
            }
            tree = withEntries(tree, more)
          }
        }
        expect([...entriesIn(tree)]).toEqual([...model])
        expect(Object.entries(whole(JSON.parse(JSON.stringify(tree)) as StageTree))).toEqual([...model])
        for (let index = 0; index <= 150; index += 1) expect(entryIn(tree, `s${index}`)).toEqual(model.get(`s${index}`))
      }),
      { numRuns: 60 },
    )
  })

  test('is never changed', () => {
    const before = wide(100)
    const text = JSON.stringify(before)
    withEntry(withEntry(before, 's3', entry(-1)), 'more', entry(-1))
    withEntries(withoutEntry(before, 's40'), wide(50))
    expect(JSON.stringify(before)).toBe(text)
  })

  test('with ten thousand blocks shares nearly all of them with the one after', () => {
    const before = wide(10_000)
    const after = withEntry(before, 'more', entry(0))
    const parts = (tree: StageTree): Set<unknown> => new Set(Object.values(tree).flatMap((value) => (Array.isArray(value) ? value : [])))
    const shared = [...parts(before)].filter((part) => parts(after).has(part))
    expect(shared.length).toBeGreaterThan(300)
    expect(Object.keys(after).length).toBeLessThan(40)
  })
})

describe('what an expression sees', () => {
  const scope = { input: null, run: { id: 'r', workflow: 'w' }, prev: null } as const
  const tree = withEntry(wide(100), 'group', { ...entry(7), ...wide(100) })

  test.each<[string, unknown]>([
    ['stages.s0.output + stages.s99.output', 99],
    ['stages["s50"].status', 'completed'],
    ['stages["s" + string(42)].output', 42],
    ['stages.group.output', 7],
    ['stages.group.s3.output', 3],
    ['stages.group["s" + "64"].output', 64],
    ['size(stages.group)', 104],
    ['size(stages)', 101],
    ['stages.filter(id, stages[id].output == 5).size()', 1],
    ['cel.bind(all, stages, all.s77.output)', 77],
    ['has(stages.s99.output) && !has(stages.none) && !has(stages.group.none)', true],
    ['stages.?none.output.orValue("none")', 'none'],
    ['stages.group.s3.output + stages.group.output + size(stages.group)', 114],
    ['size(stages.group) + stages.group.s3.output', 107],
    ['"..." in stages || "..." in stages.group', false],
    ['stages[?"..."].hasValue() || stages.group[?"..."].hasValue()', false],
  ])('%s', (expression, value) => {
    expect(evaluateExpression(expression, { ...scope, stages: tree })).toEqual(value)
  })

  test('is what it names, and no more', () => {
    const seen = (expression: string): StageTree => treeAsSeen(tree, compileExpression(expression).seen)
    expect(seen('prev')).toEqual({})
    expect(seen('stages.s1.output + stages.group.s2.output')).toEqual({ s1: { output: 1 }, group: { s2: { output: 2 } } })
    expect(seen('stages.s1')).toEqual({ s1: entry(1) })
    expect(Object.keys(seen('stages[prev]'))).toHaveLength(101)
  })

  test('is the same of a wide group among few', () => {
    const few: StageTree = { group: { ...entry(7), ...wide(100) } }
    expect(evaluateExpression('size(stages["gro" + "up"])', { ...scope, stages: few })).toBe(104)
  })

  test('of what is not there says so', () => {
    expect(() => evaluateExpression('stages.none.output', { ...scope, stages: tree })).toThrow(/`stages.none` is not there/)
    expect(() => evaluateExpression('stages.group.none.output', { ...scope, stages: tree })).toThrow(/`stages.group.none` is not there/)
  })

  test('all of it costs one look for each tree', () => {
    const first = whole(tree)
    expect(whole(tree)).toBe(first)
    const narrow = wide(3)
    expect(whole(narrow)).toBe(narrow)
  })
})

test('a group of a hundred blocks in a row ends with all of them, and runs again over them', () => {
  let scope: Scope = initialScope(draftWorkflow([]), 'in', 'run')
  for (let index = 0; index < 100; index += 1) scope = recordOutcome(scope, `g.s${index}`, { status: 'completed', output: index })
  scope = recordOutcome(scope, 'g', { status: 'completed', output: 'done' })
  const again = recordOutcome(scope, 'g', { status: 'completed', output: 'again', nested: wide(120) })
  for (const [at, count] of [[scope, 100], [again, 120]] as const) {
    const nested = nestedStages(at, 'g') ?? {}
    expect([...entriesIn(nested)].map(([name, { output }]) => [name, output])).toEqual(
      Array.from({ length: count }, (_, index) => [`s${index}`, index]),
    )
    expect(entryIn(nested, 'status')).toBeUndefined()
  }
  expect(evaluateExpression('stages.g.output + string(stages.g.s119.output)', again)).toBe('again119')
})
