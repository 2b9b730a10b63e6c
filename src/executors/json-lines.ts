import { atLineBreaks } from './line-breaks.ts'

/** A line of more characters than this is nothing that we need: it is dropped. */
const longestJsonLine = 32 * 1024 * 1024

/** Turns bytes as they come into whole lines, uncut; lines above 32 M characters are handed over as undefined. */
export function createJsonLines(emit: (line: string | undefined) => void): { push(chunk: Buffer): void; flush(): void } {
  let parts: string[] = []
  let size = 0

  function keep(text: string): void {
    size += text.length
    if (size <= longestJsonLine) parts.push(text)
    else parts = []
  }

  function hand(): void {
    const line = size > longestJsonLine ? undefined : parts.join('').trim()
    parts = []
    size = 0
    if (line !== '') emit(line)
  }

  const lines = atLineBreaks(keep, hand)
  return {
    push: lines.push,
    flush() {
      lines.end()
      hand()
    },
  }
}
