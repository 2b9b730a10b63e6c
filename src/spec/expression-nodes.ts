import type { ASTNode } from '@marcbachmann/cel-js'

/** Every node of an expression, a node before what it holds. */
export function* nodesOf(ast: ASTNode): Generator<ASTNode, void, undefined> {
  yield ast
  for (const child of childNodes(ast)) yield* nodesOf(child)
}

/** The nodes directly inside, in the order of the text. */
export function childNodes(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return []
    case '.':
    case '.?':
      return [node.args[0]]
    case 'call':
      return node.args[1]
    case 'rcall':
      return [node.args[1], ...node.args[2]]
    case 'map':
      return node.args.flat()
    case '!_':
    case '-_':
      return [node.args]
    default:
      return node.args
  }
}
