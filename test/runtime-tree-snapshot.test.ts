import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileWorkflow } from '../src/compiler/compile.ts'
import { initialScope } from '../src/compiler/scope.ts'
import type { Json } from '../src/json.ts'
import { createProgram } from '../src/runtime/program.ts'
import { RunTree } from '../src/runtime/run-tree.ts'
import { loadTree, saveTree } from '../src/runtime/tree-snapshot.ts'
import { draftWorkflow } from '../src/testing/draft-workflow.ts'
import { anyDrive, evaluation, plainTree, take } from './tree-driver.ts'

const two = draftWorkflow([{ id: 'both', parallel: [{ id: 'a' }, { id: 'b' }] }, { id: 'c' }])
const program = createProgram(compileWorkflow(two), evaluation)

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

  test.each<[string, (saved: { root: { src: string; parent: string | null; value: unknown }[] }) => unknown]>([
    ['is of another format', (saved) => ({ ...saved, format: 2 })],
    ['is no tree', () => null],
    ['has an actor without its parent', ({ root }) => ({ format: 1, root: root.slice(1), table: [] })],
    ['has an actor of an unknown machine', (saved) => ({ ...saved, root: saved.root.map((row) => ({ ...row, src: 'nope' })) })],
    ['is in a state that the chart does not have', (saved) => ({ ...saved, root: saved.root.map((row) => ({ ...row, value: 'gone' })) })],
    ['names a part that is not there', (saved) => ({ ...saved, table: [] })],
  ])('that %s is refused', (_, change) => {
    const saved = JSON.parse(JSON.stringify(saveTree(startedTree({ big: 'x'.repeat(300) }), program))) as Parameters<typeof change>[0]
    expect(() => loadTree(change(saved) as Json, program)).toThrow(expect.objectContaining({ code: 'TREE_UNREADABLE' }))
  })

  test('of another workflow is refused', () => {
    const other = createProgram(compileWorkflow(draftWorkflow([{ id: 'x' }])), evaluation)
    expect(() => loadTree(saveTree(startedTree(), program), other)).toThrow(expect.objectContaining({ code: 'TREE_UNREADABLE' }))
  })
})
