import { isStep, reactionBlock, workflowBlocks } from '../spec/blocks.ts'
import type { Block, GraphBlock, ReviewBlock, SwitchBlock, Workflow } from '../spec/ir.ts'
import { blockCondition, blockDetail, oneLine } from './block-label.ts'

/** How a status is painted; composite states cannot carry a class in Mermaid, so only steps are. */
const statusStyles: Readonly<Record<string, string>> = {
  completed: 'fill:#d3f2dc,stroke:#2b8a3e,color:#000',
  failed: 'fill:#ffd9d9,stroke:#c92a2a,color:#000',
  skipped: 'fill:#eeeeee,stroke:#888888,color:#000',
  cancelled: 'fill:#eeeeee,stroke:#888888,color:#000',
  running: 'fill:#d6e8ff,stroke:#1c60b3,color:#000',
  retrying: 'fill:#fff1cc,stroke:#b07d00,color:#000',
  waiting: 'fill:#f3e1ff,stroke:#8a2bb3,color:#000',
  queued: 'fill:#fff9e6,stroke:#b07d00,color:#000',
}

/**
 * The workflow as a Mermaid `stateDiagram-v2`: groups are composite states, branches are regions, needs and rounds are
 * arrows; what runs after a block as a part of it stands beside it.
 * `statuses` colours steps by how they stand in a run, by path. Ends with a newline.
 */
export function mermaidDiagram(workflow: Workflow, statuses: ReadonlyMap<string, string> = new Map()): string {
  const painted = [...workflowBlocks(workflow)].flatMap((block) => {
    const status = statuses.get(block.path)
    const known = status !== undefined && statusStyles[status] !== undefined
    return known && isStep(block) ? [{ id: stateId(block.path), status }] : []
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
  let from: readonly string[] = [mark]
  for (const block of blocks) {
    lines.push(...arrows(from, block, indent), ...gotoLines(block, blocks, indent))
    from = exitsOf(block)
  }
  return [...lines, ...from.map((id) => arrow(id, mark, undefined, indent))]
}

/** The states of a block, and of what runs after it, with the arrows among them. */
function stateLines(block: Block, indent: string): string[] {
  const { verify, onFailure } = block
  const instead = reactionBlock(block)
  const id = stateId(block.path)
  const head = `${indent}state "${encode(`${block.id}: ${blockDetail(block)}`)}" as ${id}`
  const inside = insideLines(block, `${indent}  `)
  const lines = inside.length === 0 ? [head] : [`${head} {`, ...inside, `${indent}}`]
  if (verify !== undefined) lines.push(...stateLines(verify, indent), ...arrows([id], verify, indent, 'verify'))
  if (instead !== undefined) {
    const failing = verify === undefined ? [id] : [id, ...exitsOf(verify)]
    lines.push(...stateLines(instead, indent), ...arrows(failing, instead, indent, 'failed'))
  }
  if (typeof onFailure === 'object' && 'ask' in onFailure) lines.push(arrow(stateId(onFailure.ask.path), id, 'retry', indent))
  return lines
}

/** The states from which the run goes on after a block. */
function exitsOf(block: Block): string[] {
  const { verify } = block
  const exits = verify === undefined ? [stateId(block.path)] : exitsOf(verify)
  const instead = reactionBlock(block)
  return instead === undefined ? exits : [...exits, ...exitsOf(instead)]
}

function gotoLines(block: Block, list: readonly Block[], indent: string): string[] {
  const { onFailure } = block
  const target = typeof onFailure === 'object' && 'goto' in onFailure ? onFailure.goto : undefined
  const found = list.find(({ id }) => id === target)
  return found === undefined ? [] : [arrow(stateId(block.path), stateId(found.path), 'failed', indent)]
}

function insideLines(block: Block, indent: string): string[] {
  switch (block.kind) {
    case 'sequence':
      return chainLines(block.blocks, indent)
    case 'parallel':
      return block.branches.flatMap((branch, index) => [
        ...(index === 0 ? [] : [`${indent}--`]),
        ...chainLines([branch], indent),
      ])
    case 'graph':
      return graphLines(block, indent)
    case 'map':
      return chainLines([block.do], indent)
    case 'loop':
      return [
        ...chainLines([block.do], indent),
        ...exitsOf(block.do).map((id) => arrow(id, stateId(block.do.path), 'again', indent)),
      ]
    case 'review':
      return reviewLines(block, indent)
    case 'switch':
      return switchLines(block, indent)
    default:
      return []
  }
}

function graphLines({ branches }: GraphBlock, indent: string): string[] {
  const needed = new Set(branches.flatMap(({ needs = [] }) => needs))
  return [
    ...branches.flatMap((node) => stateLines(node, indent)),
    ...branches.flatMap((node) => {
      const before = branches.filter(({ id }) => node.needs?.includes(id) === true)
      return arrows(before.length === 0 ? [mark] : before.flatMap(exitsOf), node, indent)
    }),
    ...branches.filter(({ id }) => !needed.has(id)).flatMap(exitsOf).map((id) => arrow(id, mark, undefined, indent)),
  ]
}

function reviewLines({ work, reviewer }: ReviewBlock, indent: string): string[] {
  return [
    ...chainLines([work, reviewer], indent),
    ...exitsOf(reviewer).map((id) => arrow(id, stateId(work.path), 'not approved', indent)),
  ]
}

function switchLines(block: SwitchBlock, indent: string): string[] {
  // One `_` before a letter never comes out of a path.
  const choice = `${stateId(block.path)}_choice`
  const isComplete = block.cases.some(({ when }) => when === undefined)
  return [
    `${indent}state ${choice} <<choice>>`,
    ...block.cases.flatMap((one) => stateLines(one.do, indent)),
    arrow(mark, choice, undefined, indent),
    ...block.cases.flatMap((one) => [
      ...arrows([choice], one.do, indent, one.when === undefined ? 'else' : `case ${oneLine(one.when)}`),
      ...exitsOf(one.do).map((id) => arrow(id, mark, undefined, indent)),
    ]),
    ...(isComplete ? [] : [arrow(choice, mark, 'none', indent)]),
  ]
}

/** Where a chart, or what is inside a state, begins and ends. */
const mark = '[*]'

/** Arrows to a block, each with its condition, and a reason of their own. */
function arrows(from: readonly string[], block: Block, indent: string, reason?: string): string[] {
  const condition = blockCondition(block)
  const labels = [...(reason === undefined ? [] : [reason]), ...(condition === undefined ? [] : [`when ${condition}`])]
  return from.map((id) => arrow(id, stateId(block.path), labels.length === 0 ? undefined : labels.join(', '), indent))
}

function arrow(from: string, to: string, label: string | undefined, indent: string): string {
  return `${indent}${from} --> ${to}${label === undefined ? '' : ` : ${encode(label)}`}`
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
