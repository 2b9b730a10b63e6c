import { formatDuration } from '../duration.ts'
import { nodeElapsedMs, type NodeStatus, type RunNode, type RunView } from '../runtime/run-view.ts'
import { nodeMark } from '../tui/marks.ts'

/** How the blocks of a drawing stand in a run, by the paths that the workflow has for them: a map's body stands for all its items. */

/** Of several items the drawing shows what most needs to be seen. */
const worstFirst: readonly NodeStatus[] = [
  'failed', 'retrying', 'waiting', 'running', 'queued', 'cancelled', 'pending', 'completed', 'skipped',
]

/** A few words for each block. */
export function blockNotes(view: RunView): Map<string, string> {
  return byBlock(view, (nodes) => {
    const [node] = nodes
    if (node.path !== node.block.path) return itemsNote(view, nodes)
    const { glyph, word } = nodeMark(view, node)
    const elapsed = node.endedAt === null ? null : nodeElapsedMs(node, 0)
    const attempt = node.attempt > 1 ? `, attempt ${node.attempt}` : ''
    return `${glyph} ${word}${elapsed === null ? '' : ` ${formatDuration(elapsed)}`}${attempt}`
  })
}

export function blockStatuses(view: RunView): Map<string, NodeStatus> {
  return byBlock(view, (nodes) => worst(nodes).status)
}

/** `✓ 5/5 completed`, `✗ 3/5 completed, 1 failed, 1 running` */
function itemsNote(view: RunView, nodes: readonly [RunNode, ...RunNode[]]): string {
  const count = (status: NodeStatus): number => nodes.filter((node) => node.status === status).length
  const others = worstFirst.filter((status) => status !== 'completed' && status !== 'pending' && count(status) > 0)
  const words = [`${count('completed')}/${nodes.length} completed`, ...others.map((status) => `${count(status)} ${status}`)]
  return `${nodeMark(view, worst(nodes)).glyph} ${words.join(', ')}`
}

function worst(nodes: readonly [RunNode, ...RunNode[]]): RunNode {
  return nodes.reduce((one, other) => (worstFirst.indexOf(other.status) < worstFirst.indexOf(one.status) ? other : one))
}

function byBlock<T>(view: RunView, tell: (nodes: readonly [RunNode, ...RunNode[]]) => T): Map<string, T> {
  const groups = new Map<string, [RunNode, ...RunNode[]]>()
  for (const node of view.nodes) {
    const group = groups.get(node.block.path)
    if (group === undefined) groups.set(node.block.path, [node])
    else group.push(node)
  }
  return new Map([...groups].map(([path, nodes]) => [path, tell(nodes)]))
}
