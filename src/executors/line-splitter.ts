import { stripVTControlCharacters } from 'node:util'
import { textStart } from '../cut-text.ts'
import { atLineBreaks } from './line-breaks.ts'

/** Longer lines are cut for the log; the output itself is never cut. */
export const longestLine = 4000

export interface LineSplitter {
  push(chunk: Buffer): void
  /** Hands over what came after the last line break. */
  flush(): void
}

/**
 * Turns bytes as they come into whole lines of plain text: UTF-8 over chunk borders, no colours or control characters,
 * of a line that was redrawn (`\r`) the last drawing, at most 4,000 characters each. Memory is bounded whatever comes.
 */
export function createLineSplitter(emit: (line: string) => void): LineSplitter {
  let partial = ''
  let dropped = 0

  function keep(text: string): void {
    const room = longestLine - partial.length
    partial += text.slice(0, Math.max(0, room))
    dropped += Math.max(0, text.length - Math.max(0, room))
  }

  function hand(): void {
    if (dropped === 0) emit(plain(partial))
    else {
      // A word that goes on is cut off with the rest.
      const kept = textStart(`${partial}…`, partial.length)
      emit(`${plain(kept)} … (${dropped + partial.length - kept.length} more characters)`)
    }
    partial = ''
    dropped = 0
  }

  const lines = atLineBreaks(keep, hand)
  return {
    push: lines.push,
    flush() {
      lines.end()
      if (partial !== '' || dropped > 0) hand()
    },
  }
}

const controls = /[\u0000-\u0008\u000b-\u001f\u007f]/g

function plain(line: string): string {
  const uncoloured = line.includes('\u001b') ? stripVTControlCharacters(line) : line
  const drawn = uncoloured.replace(/\r+$/, '')
  return drawn.slice(drawn.lastIndexOf('\r') + 1).replace(controls, '')
}
