import { formatDuration } from '../duration.ts'
import { isJsonObject } from '../json.ts'
import { runElapsedMs, type RunNode, type RunView } from '../runtime/run-view.ts'
import { cellWidth, cutCells, fitCells, plainLine, plainLines, shortLine } from './cells.ts'
import { extraTexts, progressText } from './count-text.ts'
import { nodeMark, runMarks } from './marks.ts'
import { errorLines } from './step-pane.ts'
import { detailText, timeText } from './tree-rows.ts'

/** Of more steps than this, those that completed or never started are only counted. */
const listedSteps = 60
const outputLines = 60
/** In cells: a condition is as long as its author likes, and every step of a skipped group has it. */
const longestReason = 60

/**
 * What is left on the terminal after a run: plain text without colours, a line per step, then the result or the error
 * with every branch that failed; not what it asks. The lines of the steps are cut at `columns` cells. Times stand still at
 * the last event; those of what goes on count up to `now` when it is given. Does not end in a newline.
 */
export function renderSummary(view: RunView, columns = 120, now?: number): string {
  const time = summaryTime(view, now)
  return [headline(view, time), '', ...stepLines(view, columns, time), ...endingLines(view)].join('\n')
}

function headline(view: RunView, now: number): string {
  const mark = runMarks[view.status]
  const time = formatDuration(runElapsedMs(view, now))
  const name = plainLine(view.workflow.name)
  const facts = [progressText(view), ...extraTexts(view)].join(', ')
  return `${mark.glyph} ${name} ${mark.word} in ${time}: ${facts}${view.scripted ? ' [SCRIPTED]' : ''}`
}

function stepLines(view: RunView, columns: number, now: number): string[] {
  const steps = view.nodes.filter((node) => node.isStep)
  const isOdd = ({ status }: RunNode): boolean => status !== 'completed' && status !== 'pending'
  const listed = steps.length <= listedSteps ? steps : steps.filter(isOdd).slice(0, listedSteps)
  const longest = Math.max(0, ...listed.map((node) => cellWidth(plainLine(node.path))))
  const pathWidth = Math.min(longest, Math.max(16, Math.floor(columns * 0.45)))
  const lines = listed.map((node) => cutCells(stepLine(view, node, pathWidth, now), columns).trimEnd())
  if (listed.length < steps.length) lines.push(`  … and ${steps.length - listed.length} more steps`)
  return lines
}

function stepLine(view: RunView, node: RunNode, pathWidth: number, now: number): string {
  const mark = nodeMark(view, node)
  const time = timeText(node, now)
  const attempt = node.attempt > 1 ? `attempt ${node.attempt}` : ''
  const notes = [[attempt, roundText(node)].filter((note) => note !== '').join(', '), endText(node)].filter((note) => note !== '').join(': ')
  const path = fitCells(plainLine(node.path), pathWidth)
  return `  ${mark.glyph} ${fitCells(mark.word, 9)}  ${path}  ${time.padStart(7)}  ${notes}`
}

function endText(node: RunNode): string {
  if (node.status === 'skipped' && node.reason !== null) return shortLine(node.reason, longestReason)
  return node.error !== null || node.reason !== null ? plainLine(detailText(node)) : ''
}

/** `round 2 of 4`: which round of the loop or review around it this was, past the first. */
function roundText(node: RunNode): string {
  for (let each = node.parent; each !== null; each = each.parent) {
    const { block, iteration } = each
    if (block.kind === 'loop' || block.kind === 'review') return iteration > 1 ? `round ${iteration} of ${block.max}` : ''
  }
  return ''
}

function endingLines(view: RunView): string[] {
  if (view.error !== null) return ['', ...errorLines(view.error)]
  if (view.status === 'cancelled' || view.status === 'interrupted' || view.status === 'waiting') {
    return view.reason === null || view.reason === view.status ? [] : ['', plainLine(view.reason)]
  }
  const { output } = view
  if (view.status !== 'done' || output === undefined || output === null) return []
  const text = isJsonObject(output) || Array.isArray(output) ? JSON.stringify(output, null, 2) : String(output)
  const lines = plainLines(text)
  const more = lines.length - outputLines
  return ['', ...lines.slice(0, outputLines), ...(more > 0 ? [`… ${more} more lines: all of it is in \`show ${view.runId} --json\``] : [])]
}

function summaryTime(view: RunView, now: number | undefined): number {
  const at = view.endedAt ?? view.lastEventAt
  if (view.endedAt === null && now !== undefined) return now
  return at === null ? 0 : Date.parse(at)
}
