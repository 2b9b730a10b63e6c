import { UsageError } from '../errors.ts'
import type { Terminal } from './terminal.ts'

export const uiModes = ['auto', 'tui', 'lines', 'json', 'none'] as const
export type UiMode = (typeof uiModes)[number]

/**
 * What to show while a run goes on. `auto` is the screen where a person sits at a terminal, else lines; with `--json`
 * it is lines for a person who watches stderr, else nothing. Throws UsageError UI_CONFLICT, NO_TERMINAL.
 */
export function chooseUi(wanted: UiMode, json: boolean, terminal: Terminal): Exclude<UiMode, 'auto'> {
  if (json && (wanted === 'json' || wanted === 'tui')) {
    throw new UsageError('UI_CONFLICT', `--json and --ui ${wanted} both write to stdout: choose one of them`)
  }
  const canDraw = terminal.outIsTerminal && terminal.inIsTerminal && terminal.env['TERM'] !== 'dumb'
  if (wanted === 'tui' && !canDraw) {
    throw new UsageError('NO_TERMINAL', '--ui tui needs a terminal to draw on; use --ui lines here')
  }
  if (wanted !== 'auto') return wanted
  if (json) return terminal.errIsTerminal ? 'lines' : 'none'
  return canDraw && (terminal.env['CI'] ?? '') === '' ? 'tui' : 'lines'
}
