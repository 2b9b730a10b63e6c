import type { Terminal } from './terminal.ts'

/** Where runs are kept unless `--store` says otherwise, relative to the caller's folder. */
export const defaultStore = '.forkchart'

/** The words that go on with a run, to be typed as they are in the same folder. */
export function resumeCommand(terminal: Terminal, runId: string, store: string): string {
  return `${terminal.program} resume ${runId}${store === defaultStore ? '' : ` --store ${shellWord(store)}`}`
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
