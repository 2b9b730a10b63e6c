import { type AnswerCommand, answerWords, shellWord } from '../tui/ask-text.ts'
import type { Terminal } from './terminal.ts'

/** Where runs are kept unless `--store` says otherwise, relative to the caller's folder. */
export const defaultStore = '.forkchart'

/** The words that go on with a run, to be typed as they are in the same folder. */
export function resumeCommand(terminal: Terminal, runId: string, store: string): string {
  return `${terminal.program} resume ${runId}${storeFlag(store)}`
}

/** The words that answer a question, to be typed in the same folder. */
export function answerCommand(terminal: Terminal, store: string): AnswerCommand {
  return (runId, ask) => `${terminal.program} ${answerWords(runId, ask).map(shellWord).join(' ')}${storeFlag(store)}`
}

/** The words that show a run. */
export function showCommand(terminal: Terminal, runId: string, store: string): string {
  return `${terminal.program} show ${runId}${storeFlag(store)}`
}

function storeFlag(store: string): string {
  return store === defaultStore ? '' : ` --store ${shellWord(store)}`
}
