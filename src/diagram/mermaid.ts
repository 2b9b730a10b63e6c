import { childrenOf, workflowBlocks } from '../spec/blocks.ts'
import type { Block, ParallelBlock, Workflow } from '../spec/ir.ts'
import { blockCondition, blockDetail } from './block-label.ts'

/** How a status is painted; composite states cannot carry a class in Mermaid, so only steps are. */
const statusStyles: Readonly<Record<string, string>> = {
  completed: 'fill:#d3f2dc,stroke:#2b8a3e,color:#000',
  failed: 'fill:#ffd9d9,stroke:#c92a2a,color:#000',
  skipped: 'fill:#eeeeee,stroke:#888888,color:#000',
  cancelled: 'fill:#eeeeee,stroke:#888888,color:#000',
  running: 'fill:#d6e8ff,stroke:#1c60b3,color:#000',
  retrying: 'fill:#fff1cc,stroke:#b07d00,color:#000',
  queued: 'fill:#fff9e6,stroke:#b07d00,color:#000',
}

/**
 * The workflow as a Mermaid `stateDiagram-v2`: groups are composite states, branches are regions.
 * `statuses` colours steps by how they stand in a run, by path. Ends with a newline.
 */
export function mermaidDiagram(workflow: Workflow, statuses: ReadonlyMap<string, string> = new Map()): string {
  const painted = [...workflowBlocks(workflow)].flatMap((block) => {
    const status = statuses.get(block.path)
    const known = status !== undefined && statusStyles[status] !== undefined
    return known && childrenOf(block).length === 0 ? [{ id: stateId(block.path), status }] : []
  })
  const lines = [
    'stateDiagram-v2',
    ...[...new Set(painted.map(({ status }) => status))].map((name) => `  classDef ${name} ${statusStyles[name]}`),
    ...chainLines(workflow.stages, '  '),
    ...painted.map(({ id, status }) => `  class ${id} ${status}`),
  ]
  return `${lines.join('\n')}\n`
}

/** Blocks one after another, from a start mark to an end mark. */
function chainLines(blocks: readonly Block[], indent: string): string[] {
  const lines = blocks.flatMap((block) => stateLines(block, indent))
  let from = '[*]'
  for (const block of blocks) {
    const id = stateId(block.path)
    const condition = blockCondition(block)
    lines.push(`${indent}${from} --> ${id}${condition === undefined ? '' : ` : ${encode(`when ${condition}`)}`}`)
    from = id
  }
  return [...lines, `${indent}${from} --> [*]`]
}

function stateLines(block: Block, indent: string): string[] {
  const head = `${indent}state "${encode(`${block.id}: ${blockDetail(block)}`)}" as ${stateId(block.path)}`
  if (block.kind === 'parallel') return [`${head} {`, ...regionLines(block, `${indent}  `), `${indent}}`]
  const children = childrenOf(block)
  return children.length === 0 ? [head] : [`${head} {`, ...chainLines(children, `${indent}  `), `${indent}}`]
}

function regionLines(block: ParallelBlock, indent: string): string[] {
  return block.branches.flatMap((branch, index) => [
    ...(index === 0 ? [] : [`${indent}--`]),
    ...chainLines([branch], indent),
  ])
}

/** A Mermaid id: letters, digits and `_` only, different for every path, and never a word of its grammar. */
function stateId(path: string): string {
  return `s_${path.replaceAll(/[^A-Za-z0-9]/gu, (char) => idEscapes[char] ?? `_x${char.codePointAt(0)?.toString(16)}_`)}`
}

const idEscapes: Readonly<Record<string, string>> = { '.': '__', _: '_u', '-': '_d' }

/** Entity codes for what would end a label or be taken for markup. */
function encode(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N} ._,()/*+=!?&|'…[\]-]/gu, (char) => `#${char.codePointAt(0)};`)
}
