import type { ASTNode } from '@marcbachmann/cel-js'
import { childNodes } from './expression-nodes.ts'
import { loopVariable } from './expression-source.ts'

/** A name that an expression reads, with the keys that follow it: `stages.draft.output`. Offsets are into its code. */
export interface Reference {
  readonly root: string
  readonly offset: number
  readonly keys: readonly ReferenceKey[]
}

export interface ReferenceKey {
  readonly name: string
  readonly offset: number
  /** Whether the author said that it may be absent: `.?x`, `has(….x)`. */
  readonly optional: boolean
}

const loopMacros = new Set(['all', 'exists', 'exists_one', 'map', 'filter'])

/** Every name that an expression reads, but for those that it binds itself (`list.map(x, …)`). */
export function referencesOf(ast: ASTNode): Reference[] {
  const found: Reference[] = []
  visit(ast, new Set(), false, found)
  return found
}

function visit(node: ASTNode, bound: ReadonlySet<string>, optional: boolean, found: Reference[]): void {
  const chain = chainOf(node, optional)
  if (chain !== undefined) {
    if (!bound.has(chain.root)) found.push(chain.root === loopVariable ? { ...chain, root: 'loop' } : chain)
    return
  }
  if (node.op === 'call' && node.args[0] === 'has') {
    for (const child of node.args[1]) visit(child, bound, true, found)
    return
  }
  if (node.op === 'rcall') {
    visitMethod(node.args, bound, found)
    return
  }
  for (const child of childNodes(node)) visit(child, bound, false, found)
}

function visitMethod(
  [name, receiver, args]: [string, ASTNode, ASTNode[]],
  bound: ReadonlySet<string>,
  found: Reference[],
): void {
  visit(receiver, bound, false, found)
  const [first, ...rest] = args
  const isBind = name === 'bind' && receiver.op === 'id' && receiver.args === 'cel'
  if (first?.op !== 'id' || !(isBind || loopMacros.has(name))) {
    for (const child of args) visit(child, bound, false, found)
    return
  }
  const inside = new Set(bound).add(first.args)
  rest.forEach((child, index) => visit(child, isBind && index === 0 ? bound : inside, false, found))
}

/** The name and keys that a node is, when it is nothing but those. An index that is computed ends what is known. */
function chainOf(node: ASTNode, lastIsOptional: boolean): Reference | undefined {
  if (node.op === 'id') return { root: node.args, offset: node.start, keys: [] }
  const key = keyOf(node, lastIsOptional)
  if (key === undefined) return undefined
  const left = chainOf(key.left, false)
  return left && { ...left, keys: [...left.keys, key] }
}

function keyOf(node: ASTNode, isOptional: boolean): (ReferenceKey & { left: ASTNode }) | undefined {
  switch (node.op) {
    case '.':
    case '.?':
      return { left: node.args[0], name: node.args[1], offset: node.pos, optional: isOptional || node.op === '.?' }
    case '[]':
    case '[?]': {
      const [left, index] = node.args
      if (index.op !== 'value' || typeof index.args !== 'string') return undefined
      // Just after the quote.
      return { left, name: index.args, offset: index.start + 1, optional: isOptional || node.op === '[?]' }
    }
    default:
      return undefined
  }
}
