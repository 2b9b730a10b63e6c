/** How much of what was shown is looked at again, and how much may be held back, in characters. */
const longestTail = 8192
const keptTail = 4096
const longestWord = 512

/**
 * Shows the text of an agent as it comes in without the secrets in it, also of those that come in pieces: the last word is
 * held back until it is whole.
 */
export class DeltaText {
  readonly #redact: (text: string) => string
  readonly #show: (text: string) => void
  #raw = ''
  /** How much of it is shown, and how long that is when it is clean. */
  #end = 0
  #shown = 0

  constructor(redact: (text: string) => string, show: (text: string) => void) {
    this.#redact = redact
    this.#show = show
  }

  push(text: string): void {
    this.#raw += text
    const end = wholeWords(this.#raw)
    this.#showUpTo(this.#raw.length - end > longestWord ? this.#raw.length : end)
    if (this.#raw.length > longestTail) this.#forget()
  }

  /** Shows the rest. */
  end(): void {
    this.#showUpTo(this.#raw.length)
  }

  #showUpTo(end: number): void {
    if (end <= this.#end) return
    this.#end = end
    const clean = this.#redact(this.#raw.slice(0, end))
    const more = clean.slice(this.#shown)
    this.#shown = Math.max(this.#shown, clean.length)
    if (more !== '') this.#show(more)
  }

  /** What came long ago changes nothing any more. */
  #forget(): void {
    const start = Math.max(0, this.#end - keptTail)
    this.#raw = this.#raw.slice(start)
    this.#end -= start
    this.#shown = this.#redact(this.#raw.slice(0, this.#end)).length
  }
}

/** Where the last word begins: after white space, or anything that no secret has. */
function wholeWords(text: string): number {
  for (let at = text.length; at > 0; at -= 1) {
    const code = text.charCodeAt(at - 1)
    if (code <= 0x20 || code > 0x7e) return at
  }
  return 0
}
