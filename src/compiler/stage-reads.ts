import { blocksIn, isBranchGroup } from '../spec/blocks.ts'
import { bareExpression, compileExpression } from '../spec/expression-compile.ts'
import type { Block, Workflow } from '../spec/ir.ts'
import type { Seen } from '../spec/stage-tree.ts'
import { expressionOpen, parseTemplate } from '../spec/template-parts.ts'
import { stageKeys } from './scope.ts'

/** The ids of a group's blocks that expressions read; `all` when that cannot be said. */
export type StageReads = ReadonlySet<string> | 'all'

const name = 'stages'
const nothing: StageReads = new Set()

/**
 * Which blocks of the group at `path` the expressions of this block, of all inside it and of the agents it uses may
 * read. A block is given what it reads, not what there is: that may be ten thousand entries, for each of as many blocks.
 */
export function stageReads(workflow: Workflow, path: string, block: Block): StageReads {
  const parts = [block, ...agentsOf(workflow, block)].filter((part) => JSON.stringify(part ?? null).includes(name))
  if (parts.length === 0) return nothing
  const group = stageKeys(path)
  const found = new Set<string>()
  for (const source of parts.flatMap((part) => [...expressionsIn(part, '')])) {
    let seen: Seen | undefined = compileExpression(source).seen
    for (const key of group) seen = seen === 'all' ? seen : seen?.get(key)
    if (seen === 'all') return seen
    for (const id of seen?.keys() ?? []) found.add(id)
  }
  return found
}

function agentsOf({ agents }: Workflow, block: Block): unknown[] {
  return [...blocksIn([block])].map((each) => {
    if (each.kind === 'agent') return agents[each.agent]
    const synthesizes = isBranchGroup(each) && typeof each.reduce === 'object' && 'synthesize' in each.reduce
    return synthesizes ? agents[(each.reduce as { synthesize: string }).synthesize] : undefined
  })
}

/** Where an expression stands without `${{ }}` around it. */
const conditions: ReadonlySet<string> = new Set(['when', 'until', 'approved'])

/** The expressions in a block or an agent that name `stages`. */
function* expressionsIn(value: unknown, key: string): Generator<string, void, undefined> {
  if (typeof value === 'string') {
    if (!value.includes(name)) return
    if (conditions.has(key)) yield bareExpression(value)
    if (!value.includes(expressionOpen)) return
    for (const part of parseTemplate(value).parts) if (typeof part === 'object') yield part.expression
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) yield* expressionsIn(inner, name)
  }
}
