import { blocksIn, childrenOf } from '../spec/blocks.ts'
import type { Block, Workflow } from '../spec/ir.ts'
import { blockCondition, blockDetail } from './block-label.ts'

/** The lines that lead to a block: single for what runs one after another, double for what runs at once. */
const strokes = {
  sequence: { middle: '├─ ', last: '└─ ', below: '│  ', belowLast: '   ' },
  parallel: { middle: '╠═ ', last: '╚═ ', below: '║  ', belowLast: '   ' },
} as const

/**
 * The workflow as a tree for a terminal, one block per line.
 * `notes` holds a text to put behind a block, by path: how it stands in a run. Ends with a newline.
 */
export function asciiDiagram(workflow: Workflow, notes: ReadonlyMap<string, string> = new Map()): string {
  const lines = [...treeLines(workflow.stages, 'sequence', '')]
  const width = Math.max(...lines.map((line) => line.head.length))
  const rows = lines.map(({ head, block, below }) => {
    const condition = blockCondition(block)
    const when = condition === undefined ? [] : [`${below}  when ${condition}`]
    const note = notes.get(block.path)
    return [`${head.padEnd(width)}  ${blockDetail(block)}${note === undefined ? '' : `  ${note}`}`, ...when].join('\n')
  })
  const anyParallel = [...blocksIn(workflow.stages)].some((block) => block.kind === 'parallel')
  const legend = anyParallel ? ['', '├─ one after another   ╠═ at once'] : []
  return `${[workflow.name, ...rows, ...legend].join('\n')}\n`
}

interface TreeLine {
  readonly head: string
  readonly block: Block
  /** What stands left of a second line of the same block. */
  readonly below: string
}

function* treeLines(blocks: readonly Block[], kind: keyof typeof strokes, indent: string): Generator<TreeLine> {
  const stroke = strokes[kind]
  for (const [index, block] of blocks.entries()) {
    const last = index === blocks.length - 1
    const inner = indent + (last ? stroke.belowLast : stroke.below)
    const children = childrenOf(block)
    const childKind = block.kind === 'parallel' ? 'parallel' : 'sequence'
    const below = inner + (children.length === 0 ? '' : strokes[childKind].below)
    yield { head: indent + (last ? stroke.last : stroke.middle) + block.id, block, below }
    yield* treeLines(children, childKind, inner)
  }
}
