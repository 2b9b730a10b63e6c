import { formatDuration } from '../duration.ts'
import { activeSteps, endedSteps, isOpen, runElapsedMs, type RunView } from '../runtime/run-view.ts'
import { cellWidth, cutCells, fitCells, plainLine } from './cells.ts'
import { endingTexts, extraTexts } from './count-text.ts'
import { runMarks } from './marks.ts'
import type { Span, Tone } from './paint.ts'
import { formatElapsed } from './tree-rows.ts'

const badge = '[SCRIPTED]'

/** Two rows: what runs, and how far it is. */
export function headerRows(view: RunView, runId: string, columns: number, now: number): Span[][] {
  return [titleRow(view, runId, columns), progressRow(view, columns, now)]
}

function titleRow(view: RunView, runId: string, columns: number): Span[] {
  const badgeWidth = view.scripted ? badge.length + 2 : 0
  const name = cutCells(plainLine(view.workflow.name), Math.max(8, columns - 1 - badgeWidth))
  const room = columns - 1 - cellWidth(name) - badgeWidth - 1
  const id = room >= 8 ? cutCells(plainLine(runId), room - 1) : ''
  const gap = ' '.repeat(Math.max(1, room - cellWidth(id)))
  return [
    { text: ' ' },
    { text: name, bold: true },
    ...(view.scripted ? [{ text: '  ' }, { text: badge, tone: 'yellow' as const, bold: true }] : []),
    { text: gap },
    { text: id, tone: 'dim' },
  ]
}

function progressRow(view: RunView, columns: number, now: number): Span[] {
  const mark = runMarks[view.status]
  const elapsed = runElapsedMs(view, now)
  const time = isOpen(view.status) ? formatElapsed(elapsed) : formatDuration(elapsed)
  const done = endedSteps(view.steps)
  const spans: Span[] = [
    { text: ` ${mark.glyph} ${mark.word}`, tone: mark.tone, bold: true },
    { text: `  ${time}  ` },
    { text: progressBar(done, view.total, columns >= 120 ? 32 : 16), tone: view.steps.failed > 0 ? 'red' : 'green' },
    { text: ` ${done}/${view.total} steps` },
  ]
  const used = spans.reduce((sum, { text }) => sum + cellWidth(text), 0)
  return [...cutSpans(spans, columns), ...fittingCounts(view, columns - used)]
}

/** As many of the counts as fit whole, the important ones first. */
function fittingCounts(view: RunView, room: number): Span[] {
  const spans: Span[] = []
  let left = room
  for (const [text, tone] of countTexts(view)) {
    left -= text.length + 2
    if (left < 0) break
    spans.push({ text: `  ${text}`, tone })
  }
  return spans
}

function cutSpans(spans: readonly Span[], columns: number): Span[] {
  let left = columns
  return spans.map((span) => {
    const text = cutCells(span.text, left)
    left -= cellWidth(text)
    return { ...span, text }
  })
}

function countTexts(view: RunView): [string, Tone][] {
  const { waiting } = view.steps
  const active = activeSteps(view.steps) - waiting
  return [
    ...(waiting === 0 ? [] : [[`${waiting} waiting`, 'magenta'] satisfies [string, Tone]]),
    ...(active === 0 ? [] : [[`${active} active`, 'cyan'] satisfies [string, Tone]]),
    ...endingTexts(view.steps),
    ...extraTexts(view).map((text): [string, Tone] => [text, 'dim']),
  ]
}

function progressBar(done: number, total: number, width: number): string {
  const filled = total === 0 ? 0 : Math.floor((done / total) * width)
  return '█'.repeat(filled) + '░'.repeat(width - filled)
}

/** A rule across the screen with a caption on the left and one on the right. */
export function ruleRow(left: string, right: string, columns: number): Span[] {
  const end = right === '' ? '' : ` ${right} ─`
  const caption = left === '' ? '' : ` ${cutCells(left, Math.max(0, columns - cellWidth(end) - 4))} `
  const fill = '─'.repeat(Math.max(0, columns - 1 - cellWidth(caption) - cellWidth(end)))
  return [
    { text: '─', tone: 'dim' },
    { text: caption },
    { text: fitCells(fill + end, Math.max(0, columns - 1 - cellWidth(caption))), tone: 'dim' },
  ]
}
