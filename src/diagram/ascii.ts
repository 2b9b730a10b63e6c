import { blocksIn, innerBlocks, reactionBlock } from '../spec/blocks.ts'
import type { Block, Workflow } from '../spec/ir.ts'
import { blockCondition, blockDetail, oneLine } from './block-label.ts'

/** The lines that lead to a block, by what it is to the block above: where more follow, and the last. */
const strokes = {
  inTurn: { middle: '├─ ', last: '└─ ', meaning: 'one after another' },
  atOnce: { middle: '╠═ ', last: '╚═ ', meaning: 'at once' },
  again: { middle: '├↺ ', last: '└↺ ', meaning: 'in rounds' },
  choice: { middle: '├? ', last: '└? ', meaning: 'one of these' },
  verify: { middle: '├✓ ', last: '└✓ ', meaning: 'after it, as a part of it' },
  fallback: { middle: '├! ', last: '└! ', meaning: 'when it fails' },
} as const
type Stroke = keyof typeof strokes

/**
 * The workflow as a tree for a terminal, one block per line.
 * `notes` holds a text to put behind a block, by path: how it stands in a run. Ends with a newline.
 */
export function asciiDiagram(workflow: Workflow, notes: ReadonlyMap<string, string> = new Map()): string {
  const stages = workflow.stages.map((block): Child => ({ block, stroke: 'inTurn', remarks: [] }))
  const lines = [...treeLines(stages, '')]
  const width = Math.max(...lines.map((line) => line.head.length))
  const rows = lines.map(({ head, block, below, remarks }) => {
    const condition = blockCondition(block)
    const under = [...remarks, ...(condition === undefined ? [] : [`when ${condition}`])]
    const note = notes.get(block.path)
    const first = `${head.padEnd(width)}  ${blockDetail(block)}${note === undefined ? '' : `  ${note}`}`
    return [first, ...under.map((text) => `${below}  ${text}`)].join('\n')
  })
  return `${[workflow.name, ...rows, ...legend(workflow)].join('\n')}\n`
}

/** A block and what it is to the one that it stands under. */
interface Child {
  readonly block: Block
  readonly stroke: Stroke
  /** Lines to put under it. */
  readonly remarks: readonly string[]
}

interface TreeLine extends Child {
  readonly head: string
  /** What stands left of a second line of the same block. */
  readonly below: string
}

function* treeLines(children: readonly Child[], indent: string): Generator<TreeLine> {
  for (const [index, child] of children.entries()) {
    const next = children[index + 1]
    const inner = indent + (next === undefined ? '   ' : bar(child, next))
    const [first, second = first] = childrenIn(child.block)
    const below = inner + (first === undefined || second === undefined ? '' : bar(first, second))
    const isLastOfKind = next === undefined || (child.stroke === 'atOnce' && next.stroke !== 'atOnce')
    const head = indent + strokes[child.stroke][isLastOfKind ? 'last' : 'middle'] + child.block.id
    yield { ...child, head, below }
    yield* treeLines(childrenIn(child.block), inner)
  }
}

function bar(child: Child, next: Child): string {
  return child.stroke === 'atOnce' && next.stroke === 'atOnce' ? '║  ' : '│  '
}

function childrenIn(block: Block): Child[] {
  const { verify } = block
  const children = innerBlocks(block).map((inner, index): Child => {
    return { block: inner, stroke: strokeIn(block), remarks: remarksOf(block, inner, index) }
  })
  if (verify !== undefined) children.push({ block: verify, stroke: 'verify', remarks: [] })
  const instead = reactionBlock(block)
  if (instead !== undefined) children.push({ block: instead, stroke: 'fallback', remarks: [] })
  return children
}

function strokeIn(block: Block): Stroke {
  switch (block.kind) {
    case 'parallel':
    case 'graph':
    case 'map':
      return 'atOnce'
    case 'loop':
    case 'review':
      return 'again'
    case 'switch':
      return 'choice'
    default:
      return 'inTurn'
  }
}

function remarksOf(parent: Block, block: Block, index: number): string[] {
  if (parent.kind === 'switch') {
    const when = parent.cases[index]?.when
    return [when === undefined ? 'else' : `case ${oneLine(when)}`]
  }
  return parent.kind === 'graph' && (block.needs?.length ?? 0) > 0 ? [`← ${block.needs?.join(', ')}`] : []
}

/** What the lines mean, of those that are drawn; nothing where all are of the plain kind. */
function legend(workflow: Workflow): string[] {
  const drawn = new Set([...blocksIn(workflow.stages)].flatMap(childrenIn).map(({ stroke }) => stroke))
  drawn.add('inTurn')
  if (drawn.size === 1) return []
  const known = Object.entries(strokes).filter(([stroke]) => drawn.has(stroke as Stroke))
  return ['', known.map(([, { middle, meaning }]) => `${middle}${meaning}`).join('   ')]
}
