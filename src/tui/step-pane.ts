import type { ErrorData } from '../errors.ts'
import { isJsonObject, type Json, toText } from '../json.ts'
import type { RunNode, RunView } from '../runtime/run-view.ts'
import { askAt } from './ask-text.ts'
import { plainLine, plainLines, wrapCells } from './cells.ts'
import { usageText } from './count-text.ts'
import { nodeMark } from './marks.ts'
import type { Span, Tone } from './paint.ts'
import { timeText } from './tree-rows.ts'

/** What is known of the selected block: how it ended, then what it wrote. */
export interface PaneText {
  readonly rows: readonly Span[][]
  /** Where to look by itself: at the newest line while it works, at its result once it ended. */
  readonly anchor: 'top' | 'bottom'
}

/** Output longer than this is not drawn to its end: `forkchart show` has all of it. */
const outputLimit = 100_000

export function paneTitle(view: RunView, node: RunNode, now: number): string {
  const mark = nodeMark(view, node)
  const time = timeText(node, now)
  return [
    plainLine(node.path),
    `${mark.glyph} ${mark.word}${node.attempt > 1 ? `, attempt ${node.attempt}` : ''}${time === '' ? '' : `, ${time}`}`,
    workText(view, node),
  ].join(' ─ ')
}

export function paneText(node: RunNode, log: readonly string[], columns: number, questions: readonly Span[][] = []): PaneText {
  if (questions.length > 0) {
    const written = wrapped(log, columns, 'plain')
    return { rows: [...questions, ...(written.length === 0 ? [] : [heading('log'), ...written])], anchor: 'top' }
  }
  const result = resultRows(node, columns)
  const logged = log.length > 0 ? log : node.lastLine === '' ? [] : [plainLine(node.lastLine)]
  const logRows = wrapped(logged, columns, 'plain')
  if (result.length === 0 && logRows.length === 0) {
    return { rows: [[{ text: ` ${emptyText(node)}`, tone: 'dim' }]], anchor: 'top' }
  }
  const isAtWork = node.endedAt === null && node.status !== 'retrying'
  if (isAtWork || result.length === 0) return { rows: [...result, ...logRows], anchor: 'bottom' }
  return { rows: logRows.length === 0 ? result : [...result, heading('log'), ...logRows], anchor: 'top' }
}

function resultRows(node: RunNode, columns: number): Span[][] {
  const rows: Span[][] = []
  if (node.reason !== null) rows.push(...wrapped([`${node.status}: ${plainLine(node.reason)}`], columns, 'plain'))
  if (node.error !== null) {
    const isFinal = node.status === 'failed'
    if (!isFinal) rows.push(heading('the last attempt failed'))
    rows.push(...wrapped(errorLines(node.error), columns, isFinal ? 'red' : 'yellow'))
  }
  if (node.status === 'completed' && node.output !== undefined) {
    const text = typeof node.output === 'string' ? node.output : JSON.stringify(node.output, null, 2)
    rows.push(heading('output'), ...wrapped(plainLines(text.slice(0, outputLimit)), columns, 'plain'))
    if (text.length > outputLimit) rows.push([{ text: ` … ${text.length - outputLimit} more characters`, tone: 'dim' }])
  }
  if (node.usage !== null && node.endedAt !== null) rows.push([{ text: ` ${usageText(node.usage)}`, tone: 'dim' }])
  return rows
}

/** The error, and each of the failures that it sums up, as lines of plain text. */
export function errorLines(error: ErrorData): string[] {
  const lines = plainLines(`${error.code}: ${error.message}`)
  if (error.cause !== undefined) lines.push(`because: ${plainLine(error.cause)}`)
  if (error.details !== undefined) lines.push(...detailLines(error.details).slice(0, 40))
  for (const each of error.errors ?? []) {
    const [first = '', ...rest] = errorLines(each)
    const where = each.path === undefined ? '' : `${plainLine(each.path)}: `
    lines.push(`- ${where}${first}`, ...rest.map((line) => `  ${line}`))
  }
  return lines
}

/** `key: value` for each fact that says something; a text of several lines follows its key. */
function detailLines(details: Json): string[] {
  if (!isJsonObject(details)) return plainLines(toText(details))
  return Object.entries(details).flatMap(([key, value]) => {
    if (value === undefined || value === null || value === '') return []
    const [first = '', ...rest] = plainLines(toText(value))
    if (rest.length === 0) return [`${plainLine(key)}: ${first}`]
    return [`${plainLine(key)}:`, `  ${first}`, ...rest.map((line) => `  ${line}`)]
  })
}

export function wrapped(lines: readonly string[], columns: number, tone: Tone): Span[][] {
  return lines.flatMap((line) => wrapCells(line, Math.max(8, columns - 2)).map((text) => [{ text: ` ${text}`, tone }]))
}

function heading(text: string): Span[] {
  return [{ text: ` ${text}:`, tone: 'dim' }]
}

function emptyText(node: RunNode): string {
  if (node.endedAt !== null) return 'It wrote nothing.'
  if (!node.isStep) return 'Select a step to see what it writes.'
  if (node.status === 'pending') return 'It has not started.'
  if (node.status === 'waiting') return 'It waits.'
  return node.status === 'queued' ? 'It waits for a free place.' : 'It has written nothing so far.'
}

function workText(view: RunView, { block, path }: RunNode): string {
  switch (block.kind) {
    case 'agent':
      return `agent ${block.agent}`
    case 'run':
      return `run ${plainLine(typeof block.command === 'string' ? block.command : block.command.join(' '))}`
    case 'call':
      return `call ${plainLine(block.target)}`
    case 'http':
      return `http ${block.method} ${plainLine(block.url)}`
    case 'wait':
      return `wait ${plainLine(block.until)}`
    case 'event':
      return `waits for the event ${plainLine(askAt(view, path)?.event ?? block.event)}`
    case 'ask':
      return 'asks a person'
    case 'workflow':
      return `workflow ${plainLine(block.workflow)}`
    case 'sequence':
      return `${block.blocks.length} blocks in sequence`
    case 'parallel':
      return `${block.branches.length} branches in parallel`
    case 'graph':
      return `${block.branches.length} nodes in a graph`
    case 'map':
      return 'map, one branch per item'
    case 'loop':
      return `loop, at most ${block.max} rounds`
    case 'review':
      return `review, at most ${block.max} rounds`
    case 'switch':
      return `one of ${block.cases.length} cases`
    default:
      return block satisfies never
  }
}
