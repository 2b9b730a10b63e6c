import { fillPath } from '../spec/blocks.ts'
import type { MapBlock, Workflow } from '../spec/ir.ts'
import type { NodeState, ViewState } from './run-view-nodes.ts'
import { createNode, createRunView } from './run-view-tree.ts'

/** Blocks that are there only once they run: the items of maps, and questions about failures. */

const itemIndex = /^\d{1,9}$/

/**
 * The block that the path names. One of a map's item, and a question, is made when it is first asked for; undefined for a
 * path that the workflow cannot have.
 */
export function nodeAt(view: ViewState, path: string): NodeState | undefined {
  const known = view.byPath.get(path)
  if (known !== undefined) return known
  const keys = path.split('.')
  for (let length = 1; length < keys.length; length += 1) {
    const node = view.byPath.get(keys.slice(0, length).join('.'))
    if (node === undefined) continue
    addQuestion(view, node, keys.slice(0, length + 1).join('.'))
    const [index = '', id] = keys.slice(length, length + 2)
    if (node.block.kind !== 'map' || node.block.do.id !== id || !itemIndex.test(index)) continue
    addItem(view, node, node.block, Number(index))
  }
  return view.byPath.get(path)
}

/** Whether a run of the workflow can have a block with this path, were it one of an item that is not known yet. */
export function mayHave(workflow: Workflow, path: string): boolean {
  return nodeAt(createRunView(workflow) as ViewState, path) !== undefined
}

/** Makes the items that a map says it has, so that they count from now on. */
export function addItems(view: ViewState, map: NodeState, indexes: readonly string[]): void {
  if (map.block.kind !== 'map') return
  for (const index of indexes) if (itemIndex.test(index)) addItem(view, map, map.block, Number(index))
}

function addItem(view: ViewState, map: NodeState, block: MapBlock, index: number): void {
  const at = [...map.at, index]
  if (view.byPath.has(fillPath(block.do.path, at))) return
  const node = createNode(view, block.do, map, 'inner', { at, item: index })
  let place = map.children.length
  // Items mostly come in order, and few children that are none stand behind them.
  while (place > 0 && (map.children[place - 1]?.item ?? index) >= index) place -= 1
  map.children.splice(place, 0, node)
  map.innerCount += 1
  map.inside.pending += 1
  countNew(view, map, node)
}

function addQuestion(view: ViewState, node: NodeState, path: string): void {
  const { onFailure } = node.block
  if (typeof onFailure !== 'object' || !('ask' in onFailure) || fillPath(onFailure.ask.path, node.at) !== path) return
  node.ask = createNode(view, onFailure.ask, node, 'ask')
  node.children.push(node.ask)
  countNew(view, node, node.ask)
}

function countNew(view: ViewState, parent: NodeState, node: NodeState): void {
  const added = node.steps.pending
  for (let each: NodeState | null = parent; each !== null; each = each.parent) each.steps.pending += added
  view.steps.pending += added
  view.total += added
  view.reshape()
}

/** Forgets what is in the block only since it ran; the counts are left to the caller. */
export function dropLate(view: ViewState, node: NodeState): void {
  const items = node.children.filter(({ item }) => item !== null)
  node.innerCount -= items.length
  drop(view, node, items)
  dropQuestion(view, node)
}

/** Forgets the question about the block's failure; the counts are left to the caller. */
export function dropQuestion(view: ViewState, node: NodeState): void {
  if (node.ask === null) return
  drop(view, node, [node.ask])
  node.ask = null
}

function drop(view: ViewState, node: NodeState, gone: readonly NodeState[]): void {
  if (gone.length === 0) return
  for (const each of gone) forget(view, each)
  const left = new Set(gone)
  node.children = node.children.filter((child) => !left.has(child))
  view.reshape()
}

function forget(view: ViewState, node: NodeState): void {
  view.byPath.delete(node.path)
  for (const child of node.children) forget(view, child)
}
