import { StringDecoder } from 'node:string_decoder'

/** A line of more characters than this is nothing that we need: it is dropped. */
const longestJsonLine = 32 * 1024 * 1024

/** Turns bytes as they come into whole lines, uncut; lines above 32 M characters are handed over as undefined. */
export function createJsonLines(emit: (line: string | undefined) => void): { push(chunk: Buffer): void; flush(): void } {
  const decoder = new StringDecoder('utf8')
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

  function add(text: string): void {
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      keep(text.slice(start, end))
      hand()
      start = end + 1
    }
    keep(text.slice(start))
  }

  return {
    push: (chunk) => add(decoder.write(chunk)),
    flush() {
      add(decoder.end())
      hand()
    },
  }
}
