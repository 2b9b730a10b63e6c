import type { NodeStatus, RunNode, RunView, RunViewStatus } from '../runtime/run-view.ts'
import type { Tone } from './paint.ts'

/** How a state looks: the glyph and the colour never say more than the word. Glyphs take one cell. */
export interface Mark {
  readonly glyph: string
  readonly word: string
  readonly tone: Tone
}

export const stepMarks: Readonly<Record<NodeStatus, Mark>> = {
  pending: { glyph: '·', word: 'pending', tone: 'dim' },
  queued: { glyph: '○', word: 'queued', tone: 'plain' },
  running: { glyph: '●', word: 'running', tone: 'cyan' },
  waiting: { glyph: '◇', word: 'waiting', tone: 'magenta' },
  retrying: { glyph: '↻', word: 'retrying', tone: 'yellow' },
  completed: { glyph: '✓', word: 'completed', tone: 'green' },
  failed: { glyph: '✗', word: 'failed', tone: 'red' },
  skipped: { glyph: '–', word: 'skipped', tone: 'dim' },
  cancelled: { glyph: '□', word: 'cancelled', tone: 'yellow' },
}

/** A block that has not run by the time the run is over will not run any more. */
const notRun: Mark = { glyph: '·', word: 'not run', tone: 'dim' }

export const runMarks: Readonly<Record<RunViewStatus, Mark>> = {
  running: { glyph: '●', word: 'running', tone: 'cyan' },
  waiting: { glyph: '◇', word: 'waiting', tone: 'magenta' },
  done: { glyph: '✓', word: 'done', tone: 'green' },
  failed: { glyph: '✗', word: 'failed', tone: 'red' },
  cancelled: { glyph: '□', word: 'cancelled', tone: 'yellow' },
  interrupted: { glyph: '‖', word: 'interrupted', tone: 'yellow' },
}

export function nodeMark(view: RunView, node: RunNode): Mark {
  const isOver = view.status === 'done' || view.status === 'failed' || view.status === 'cancelled'
  return isOver && node.status === 'pending' ? notRun : stepMarks[node.status]
}
