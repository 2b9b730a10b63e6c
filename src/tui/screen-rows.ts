import { isOpen, nodePlace, type RunNode, type RunView } from '../runtime/run-view.ts'
import { type AnswerCommand, plainAnswerCommand } from './ask-text.ts'
import { fitCells } from './cells.ts'
import { headerRows, ruleRow } from './header-rows.ts'
import { helpRows } from './help-rows.ts'
import type { Span } from './paint.ts'
import { type Extent, paneTop, type ScreenState, splitHeight } from './screen-state.ts'
import { questionRows } from './question-rows.ts'
import { type PaneText, paneText, paneTitle } from './step-pane.ts'
import { treeColumns, treeRow, treeWindow } from './tree-rows.ts'

/** Everything that a frame is drawn from. */
export interface ScreenModel {
  readonly view: RunView
  readonly runId: string
  readonly ui: ScreenState
  /** Lines that the selected step wrote, as far as they were read. */
  readonly log: readonly string[]
  readonly answerCommand?: AnswerCommand
  readonly columns: number
  readonly rows: number
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** A whole frame: exactly `rows` rows, none wider than `columns`. */
export function screenRows(model: ScreenModel): Span[][] {
  const { view, runId, columns, rows, now } = model
  const body = Math.max(0, rows - 3)
  const frame = [...headerRows(view, runId, columns, now), ...fill(bodyRows(model, body), body), footerRow(model)]
  return frame.slice(0, rows)
}

/** What the keys move in, on this screen. */
export function screenExtent(model: ScreenModel): Extent {
  const { view, ui, rows } = model
  const { tree, pane } = splitHeight(rows, view.nodes.length)
  const paneHeight = ui.isOpen ? Math.max(1, rows - 4) : pane
  const text = selectedText(model)
  return {
    nodes: view.nodes.length,
    place: nodePlace(view, ui.selected),
    pathAt: (place) => view.nodes[place]?.path ?? '',
    asked: view.asks.map(({ path }) => path),
    treeHeight: tree,
    paneRows: text.rows.length,
    paneHeight,
    paneTop: paneTop(ui.scroll, text.rows.length, paneHeight, text.anchor),
    hasTail: text.anchor === 'bottom',
  }
}

function bodyRows(model: ScreenModel, height: number): Span[][] {
  const { view, ui, rows, columns } = model
  if (ui.isHelp) return [ruleRow('help', '', columns), ...helpRows(columns)]
  if (ui.isOpen) return paneRows(model, height - 1)
  const { tree, pane } = splitHeight(rows, view.nodes.length)
  return [...treeRows(model, tree), ...(pane === 0 ? [] : paneRows(model, pane))]
}

function treeRows({ view, ui, columns, now }: ScreenModel, height: number): Span[][] {
  const total = view.nodes.length
  const selected = nodePlace(view, ui.selected)
  const { from, to } = treeWindow(total, selected, height)
  const widths = treeColumns(view, columns)
  const place = to - from < total ? `${from + 1}–${to} of ${total}` : ''
  return [
    ruleRow('', place, columns),
    ...view.nodes.slice(from, to).map((node, index) => treeRow(view, node, from + index === selected, widths, now)),
  ]
}

function paneRows(model: ScreenModel, height: number): Span[][] {
  const { view, ui, columns, now } = model
  const node = selectedNode(view, ui)
  if (node === undefined) return []
  const { rows, anchor } = selectedText(model)
  const top = paneTop(ui.scroll, rows.length, height, anchor)
  const place = rows.length > height ? `${top + 1}–${Math.min(rows.length, top + height)} of ${rows.length}` : ''
  return [ruleRow(paneTitle(view, node, now), place, columns), ...rows.slice(top, top + height)]
}

function selectedText({ view, ui, log, columns, answerCommand = plainAnswerCommand }: ScreenModel): PaneText {
  const node = selectedNode(view, ui)
  if (node === undefined) return { rows: [], anchor: 'top' }
  return paneText(node, log, columns, questionRows(view, node, columns, answerCommand))
}

/** The block that the selection stands for; undefined only when there are none. */
export function selectedNode(view: RunView, { selected }: ScreenState): RunNode | undefined {
  return view.nodes[nodePlace(view, selected)]
}

function footerRow({ view, ui, columns }: ScreenModel): Span[] {
  return [{ text: fitCells(` ${footerText(view, ui)}`, columns), tone: ui.isStopping ? 'yellow' : 'dim' }]
}

function footerText(view: RunView, ui: ScreenState): string {
  const leave = isOpen(view.status) ? 'q stop and save' : 'q leave'
  if (ui.isStopping && isOpen(view.status)) return 'Stopping; the run is saved. Ctrl-C again: leave at once.'
  if (ui.isHelp) return `Esc back   ${leave}`
  if (ui.isOpen) return `j/k scroll   g/G start/end   Enter back to the tree   ${leave}   ? help`
  const question = view.asks.length === 0 ? '' : 'a question   '
  return `j/k move   Enter open   ${question}f ${ui.isFollowing ? 'following' : 'follow'}   ${leave}   ? help`
}

function fill(rows: Span[][], height: number): Span[][] {
  const blank = Array.from({ length: Math.max(0, height - rows.length) }, (): Span[] => [])
  return [...rows.slice(0, height), ...blank]
}
