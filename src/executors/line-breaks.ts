import { StringDecoder } from 'node:string_decoder'

interface LineBreaks {
  push(chunk: Buffer): void
  /** What of a character was left is handed to `keep`. */
  end(): void
}

/** Bytes of UTF-8 as they come: `keep` gets the pieces of a line, over chunk borders, `hand` is called at each line break. */
export function atLineBreaks(keep: (text: string) => void, hand: () => void): LineBreaks {
  const decoder = new StringDecoder('utf8')
  const add = (text: string): void => {
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      keep(text.slice(start, end))
      hand()
      start = end + 1
    }
    keep(text.slice(start))
  }
  return { push: (chunk) => add(decoder.write(chunk)), end: () => add(decoder.end()) }
}
