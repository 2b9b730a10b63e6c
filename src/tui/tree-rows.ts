import { formatDuration } from '../duration.ts'
import { toText } from '../json.ts'
import { endedSteps, nodeElapsedMs, type RunNode, type RunView } from '../runtime/run-view.ts'
import { askAt } from './ask-text.ts'
import { cellWidth, cutCells, fitCells, plainLine } from './cells.ts'
import { type Mark, nodeMark } from './marks.ts'
import type { Span, Tone } from './paint.ts'

/** The tree of blocks, one row each. */

/** Widths in cells; 0 leaves the column out. */
export interface TreeColumns {
  readonly name: number
  readonly attempt: number
  readonly detail: number
}

const cursorWidth = 2
const wordWidth = 9
const timeWidth = 7
const attemptWidth = { short: 4, long: 8 }
/** From so many columns on, attempts are written out. */
const roomy = 100
const shortestName = 16
const shortestDetail = 10

/** The columns of a tree in `columns` cells: names get what they need up to two fifths, the last line gets the rest. */
export function treeColumns(view: RunView, columns: number): TreeColumns {
  const fixed = cursorWidth + 1 + wordWidth + 1 + timeWidth
  const longest = longestName(view.nodes)
  const room = columns - fixed
  const name = Math.max(8, Math.min(longest, room, Math.max(shortestName, Math.floor(columns * 0.4))))
  const wanted = columns < roomy ? attemptWidth.short : attemptWidth.long
  const attempt = room - name >= wanted ? wanted : 0
  const detail = room - name - attempt - 2
  return { name, attempt, detail: detail >= shortestDetail ? detail : 0 }
}

/** A run has another list of nodes only when items of a map became known: a frame does not look at all of them. */
const longestNames = new WeakMap<readonly RunNode[], number>()

function longestName(nodes: readonly RunNode[]): number {
  let longest = longestNames.get(nodes)
  if (longest === undefined) {
    longest = shortestName
    for (const node of nodes) longest = Math.max(longest, node.depth * 2 + 2 + nameText(node).length + titleText(node).length)
    longestNames.set(nodes, longest)
  }
  return longest
}

/** First and last-plus-one of the nodes to draw: as many as fit, the selected one in the middle where possible. */
export function treeWindow(total: number, selected: number, height: number): { from: number; to: number } {
  const from = Math.max(0, Math.min(selected - Math.floor(height / 2), total - height))
  return { from, to: Math.min(total, from + height) }
}

export function treeRow(view: RunView, node: RunNode, isSelected: boolean, columns: TreeColumns, now: number): Span[] {
  const mark = nodeMark(view, node)
  const branch = branchText(node, columns.name)
  const named = cutCells(`${mark.glyph} ${nameText(node)}`, columns.name - branch.length)
  const title = cutCells(titleText(node), columns.name - branch.length - cellWidth(named))
  const blanks = ' '.repeat(Math.max(0, columns.name - branch.length - cellWidth(named) - cellWidth(title)))
  const attempt = node.attempt > 1 ? `${columns.attempt === attemptWidth.long ? ' try ' : ' ×'}${node.attempt}` : ''
  return [
    { text: isSelected ? '❯ ' : '  ', tone: 'cyan', bold: true },
    { text: branch, tone: 'dim' },
    { text: named.slice(0, 1), tone: mark.tone },
    { text: named.slice(1), bold: isSelected, tone: mark.tone === 'dim' ? 'dim' : 'plain' },
    { text: `${title}${blanks} `, tone: 'dim' },
    { text: fitCells(mark.word, wordWidth), tone: mark.tone },
    ...(columns.attempt === 0 ? [] : [{ text: fitCells(attempt, columns.attempt), tone: 'yellow' as const }]),
    { text: ` ${fitCells(timeText(node, now), timeWidth, 'right')}` },
    ...(columns.detail === 0 ? [] : [{ text: '  ' }, detail(view, node, mark, columns.detail)]),
  ]
}

/** Whole seconds while it goes on, so that a row changes once a second. */
export function timeText(node: RunNode, now: number): string {
  const elapsed = nodeElapsedMs(node, now)
  if (elapsed === null) return ''
  return node.endedAt === null ? formatElapsed(elapsed) : formatDuration(elapsed)
}

/** `0s`, `59s`, `3m 05s`: for a clock that is still running. */
export function formatElapsed(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  return seconds < 60 ? `${seconds}s` : formatDuration(seconds * 1000)
}

/** One line about how it went, or goes: why it failed, what it last wrote, what came out. */
export function detailText(node: RunNode): string {
  if (isTroubled(node)) return node.error?.message ?? (node.isStep ? '' : groupText(node))
  if (node.status === 'skipped' || node.status === 'cancelled') return node.reason ?? ''
  if (!node.isStep) return groupText(node)
  if (node.lastLine !== '' || node.status !== 'completed') return node.lastLine
  return node.output === undefined || node.output === null ? '' : toText(node.output).trim().split('\n', 1).join()
}

function groupText(node: RunNode): string {
  const { steps } = node
  const total = Object.values(steps).reduce((sum, count) => sum + count, 0)
  const kind = kindText(node)
  // A kind with a number of its own: what is counted has to be said.
  const counted = kind === node.block.kind ? ' ' : ' steps, '
  const parts = [total === 0 ? kind : `${endedSteps(steps)}/${total}${counted}${kind}`]
  if (steps.failed > 0) parts.push(`${steps.failed} failed`)
  if (steps.retrying > 0) parts.push(`${steps.retrying} retrying`)
  return parts.join(', ')
}

/** `parallel`, `map ×12`, `review round 2/4`: what kind of group it is, and how far its kind goes. */
function kindText({ block, children, status, iteration }: RunNode): string {
  switch (block.kind) {
    case 'map':
      return status === 'pending' ? 'map' : `map ×${children.filter(({ item }) => item !== null).length}`
    case 'loop':
    case 'review':
      return iteration === 0 ? block.kind : `${block.kind} round ${iteration}/${block.max}`
    default:
      return block.kind
  }
}

function detail(view: RunView, node: RunNode, mark: Mark, width: number): Span {
  const tone: Tone = isTroubled(node) ? mark.tone : 'dim'
  const ask = node.status === 'waiting' ? askAt(view, node.path) : undefined
  // Only the head of what may be a very long line is looked at.
  return { text: cutCells(plainLine((ask?.message ?? detailText(node)).slice(0, width * 8)), width), tone }
}

function isTroubled(node: RunNode): boolean {
  return node.status === 'failed' || node.status === 'retrying'
}

/** The id; in front of it, of the block of a map's item, which item that is. */
function nameText(node: RunNode): string {
  return node.item === null ? plainLine(node.id) : `${node.item} ${plainLine(node.id)}`
}

function titleText(node: RunNode): string {
  return node.title === null || node.title === node.id ? '' : `  ${plainLine(node.title)}`
}

/** The lines of the tree in front of a name: two cells for each level. */
function branchText(node: RunNode, nameWidth: number): string {
  let text = node.depth === 0 ? '' : isLast(node) ? '└ ' : '├ '
  for (let each = node.parent; each !== null && each.depth > 0; each = each.parent) {
    text = (isLast(each) ? '  ' : '│ ') + text
  }
  const most = Math.floor(nameWidth / 2)
  return text.length <= most ? text : `…${text.slice(text.length - most + 1)}`
}

function isLast(node: RunNode): boolean {
  return node.parent?.children.at(-1) === node
}
