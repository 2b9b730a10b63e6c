import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileWorkflow } from '../src/compiler/compile.ts'
import { initialScope } from '../src/compiler/scope.ts'
import type { Json } from '../src/json.ts'
import { createProgram } from '../src/runtime/program.ts'
import { RunTree } from '../src/runtime/run-tree.ts'
import { loadTree, saveTree, writeTree, writingTree } from '../src/runtime/tree-snapshot.ts'
import { draftWorkflow } from '../src/testing/draft-workflow.ts'
import { anyDrive, evaluation, plainTree, take } from './tree-driver.ts'

const two = draftWorkflow([{ id: 'both', parallel: [{ id: 'a' }, { id: 'b' }] }, { id: 'c' }])
const program = createProgram(compileWorkflow(two), evaluation)

/** A state value without the last region of its group. */
function withoutRegion(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  return Object.fromEntries(entries.length > 1 ? entries.slice(0, -1) : entries.map(([key, inner]) => [key, withoutRegion(inner)]))
}

function startedTree(input: Json = null): RunTree {
  const tree = new RunTree(program)
  tree.start(initialScope(two, input, 'run'), 0)
  return tree
}

describe('a saved tree', () => {
  test('taken through JSON after every turn goes on as if nothing had been', () => {
    fc.assert(
      fc.property(anyDrive, ({ program: own, scope, taken }) => {
        let before: string | undefined
        for (const { input, now, turn, saved, plain } of taken) {
          const tree = before === undefined ? new RunTree(own) : loadTree(JSON.parse(before) as Json, own)
          expect(take(tree, input, now, scope)).toEqual(turn)
          expect(plainTree(tree, own)).toBe(plain)
          before = saved
        }
      }),
      { numRuns: 100 },
    )
  })

  test('holds blocks by their names only, and what actors share once', () => {
    const text = 'long text '.repeat(100)
    const saved = JSON.stringify(saveTree(startedTree({ text }), program))
    expect(saved.split(text).length - 1).toBe(1)
    expect(saved).toContain('{"$known":"both.a"}')
    expect(saved).not.toContain('"target":"work"')
  })

  test('keeps every key of the data, __proto__ and constructor too', () => {
    const input = JSON.parse('{"__proto__":{"x":1},"constructor":2,"$shared":0}') as Json
    const tree = startedTree(input)
    tree.deliver('both.b', { type: 'slot.granted' }, 1)
    tree.completed('both.b', { output: JSON.parse('{"__proto__":3}') as Json }, 2)
    const loaded = loadTree(JSON.parse(JSON.stringify(saveTree(tree, program))) as Json, program)
    const step = loaded.cell('both.a')?.snapshot.context as { scope: { input: Json } } | undefined
    expect(JSON.stringify(step?.scope.input)).toBe(JSON.stringify(input))
    const root = loaded.cell(loaded.rootId)?.snapshot.context as { branches: Record<string, { output: Json }> } | undefined
    expect(JSON.stringify(root?.branches['both.b']?.output)).toBe('{"__proto__":3}')
  })

  test.each<[string, (saved: { table: Json[]; root: { src: string; parent: string | null; value: unknown }[] }) => unknown]>([
    ['is of another format', (saved) => ({ ...saved, format: 2 })],
    ['is no tree', () => null],
    ['has an actor without its parent', (saved) => ({ ...saved, root: saved.root.slice(1), table: [] })],
    ['has an actor of an unknown machine', (saved) => ({ ...saved, root: saved.root.map((row) => ({ ...row, src: 'nope' })) })],
    ['is in a state that the chart does not have', (saved) => ({ ...saved, root: saved.root.map((row) => ({ ...row, value: 'gone' })) })],
    ['has an actor twice', (saved) => ({ ...saved, root: [...saved.root, ...saved.root.slice(1, 2)] })],
    ['has two roots', (saved) => ({ ...saved, root: saved.root.map((row) => ({ ...row, parent: null })) })],
    ['lacks an actor that another waits for', (saved) => ({ ...saved, root: saved.root.slice(0, -1) })],
    ['lacks work that a step waits for', (saved) => ({ ...saved, root: saved.root.map((row) => ({ ...row, effects: [] })) })],
    ['lacks a region of a group', (saved) => ({ ...saved, root: saved.root.map((row) => (row.parent === null ? { ...row, value: withoutRegion(row.value) } : row)) })],
    ['names a value of an event that is not there', (saved) => ({ ...saved, table: saved.table.map(() => ({ $known: 1 })) })],
    ['names a part that is not there', (saved) => ({ ...saved, table: [] })],
  ])('that %s is refused', (_, change) => {
    const saved = JSON.parse(JSON.stringify(saveTree(startedTree({ big: 'x'.repeat(300) }), program))) as Parameters<typeof change>[0]
    expect(() => loadTree(change(saved) as Json, program)).toThrow(expect.objectContaining({ code: 'TREE_UNREADABLE' }))
  })

  test('holds of what an event has the number only, and has the very value again', () => {
    const output = { text: 'x'.repeat(10_000) }
    const tree = startedTree()
    tree.deliver('both.b', { type: 'slot.granted' }, 1)
    tree.completed('both.b', { output }, 2)
    const { saved } = writeTree(tree, program, { seqOf: (part) => (part === output ? 7 : undefined) })
    expect(JSON.stringify(saved).length).toBeLessThan(2_000)
    const loaded = loadTree(JSON.parse(JSON.stringify(saved)) as Json, program, { partAt: (seq) => (seq === 7 ? output : undefined) })
    const root = loaded.cell(loaded.rootId)?.snapshot.context as { branches: Record<string, { output: Json }> } | undefined
    expect(root?.branches['both.b']?.output).toBe(output)
    expect(plainTree(loaded, program)).toBe(plainTree(tree, program))
  })

  test('written piece by piece is as it was when that began', () => {
    const wide = draftWorkflow([{ id: 'wide', parallel: Array.from({ length: 3_000 }, (_, index) => ({ id: `b${index}` })) }])
    const own = createProgram(compileWorkflow(wide), evaluation)
    const tree = new RunTree(own)
    tree.start(initialScope(wide, null, 'run'), 0)
    const before = saveTree(tree, own)
    const writing = writingTree(tree, own, { seqOf: () => undefined })
    let pieces = 0
    for (let step = writing.next(); ; step = writing.next()) {
      if (step.done === true) {
        expect(step.value.saved).toEqual(before)
        break
      }
      pieces += 1
      tree.deliver(`wide.b${pieces}`, { type: 'slot.granted' }, pieces)
      tree.completed(`wide.b${pieces}`, { output: pieces }, pieces)
    }
    expect(pieces).toBeGreaterThan(2)
  })

  test('of another workflow is refused', () => {
    const other = createProgram(compileWorkflow(draftWorkflow([{ id: 'x' }])), evaluation)
    expect(() => loadTree(saveTree(startedTree(), program), other)).toThrow(expect.objectContaining({ code: 'TREE_UNREADABLE' }))
  })
})
