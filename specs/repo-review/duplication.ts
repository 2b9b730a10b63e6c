import { anyOf } from './name-pattern.ts'

/** A run of lines that stands in two places. Lines count from 1; `second` comes later in the order of the files. */
export interface Duplicate {
  readonly first: Place
  readonly second: Place
  /** Lines of code in it; blank lines, comments and imports do not count. */
  readonly lines: number
}
export interface Place {
  readonly file: string
  readonly from: number
  readonly to: number
}

interface CodeLines {
  readonly file: string
  readonly hashes: Int32Array
  readonly numbers: Int32Array
}

/** Shorter runs are idiom, not copying. */
const windowLines = 6
/** Windows of fewer characters are closing brackets and the like. */
const windowCharacters = 120
/** Comments, imports and exports of names: alike everywhere, copied from nowhere. */
const noCode = anyOf('^', [
  '//', '#(?!\\[|define|if|include)', '\\*', '--', '"""', "'''", 'import\\b', 'from .* import', 'export (\\*|\\{.*\\}) from',
  'use ', 'using ', 'package ', '#include', 'require ',
], '')

/**
 * Finds copied blocks while files are added one by one. Keeps two numbers per line, not the text: memory grows by about
 * 60 bytes per line of code. Lines are compared without their indentation and spacing.
 */
export class DuplicateFinder {
  readonly duplicates: Duplicate[] = []
  lines = 0
  duplicatedLines = 0
  readonly #files: CodeLines[] = []
  /** Hash of a window to where it was first seen: index of the file times 2^24 plus the line's index. */
  readonly #windows = new Map<number, number>()

  add(file: string, text: string): void {
    const { code, lengths } = normalise(file, text)
    const index = this.#files.push(code) - 1
    this.lines += code.hashes.length
    for (let at = 0; at + windowLines <= code.hashes.length; ) {
      const hash = this.#window(code, lengths, at)
      const seen = hash === undefined ? undefined : this.#windows.get(hash)
      const match = seen === undefined ? 0 : this.#matchFrom(seen, index, at)
      if (hash !== undefined && seen === undefined) this.#windows.set(hash, index * 2 ** 24 + at)
      if (seen === undefined || match < windowLines) {
        at += 1
        continue
      }
      this.duplicatedLines += match
      const other = this.#files[Math.floor(seen / 2 ** 24)] ?? code
      this.duplicates.push({
        first: placeOf(other, seen % 2 ** 24, match),
        second: placeOf(code, at, match),
        lines: match,
      })
      at += match
    }
  }

  #matchFrom(seen: number, index: number, at: number): number {
    const otherIndex = Math.floor(seen / 2 ** 24)
    const start = seen % 2 ** 24
    const other = this.#files[otherIndex]?.hashes
    const own = this.#files[index]?.hashes
    if (other === undefined || own === undefined) return 0
    // In one file the two runs must not overlap: a table of like lines is no copy of itself.
    const most = otherIndex === index ? at - start : Number.POSITIVE_INFINITY
    let length = 0
    while (
      length < most &&
      at + length < own.length &&
      start + length < other.length &&
      own[at + length] === other[start + length]
    )
      length += 1
    return length
  }

  #window(code: CodeLines, lengths: Int32Array, at: number): number | undefined {
    let characters = 0
    let hash = 17
    const distinct = new Set<number>()
    for (let offset = 0; offset < windowLines; offset += 1) {
      const line = code.hashes[at + offset] ?? 0
      characters += lengths[at + offset] ?? 0
      distinct.add(line)
      hash = (Math.imul(hash, 0x01000193) ^ line) + offset
    }
    return characters < windowCharacters || distinct.size < windowLines - 1 ? undefined : hash | 0
  }
}

function normalise(file: string, text: string): { code: CodeLines; lengths: Int32Array } {
  const hashes: number[] = []
  const numbers: number[] = []
  const lengths: number[] = []
  let comment = false
  text.split('\n').forEach((raw, index) => {
    const line = raw.replace(/\s+/g, ' ').trim()
    if (comment || line.startsWith('/*')) {
      comment = !line.includes('*/')
      return
    }
    if (line.length < 2 || noCode.test(line) || !/[A-Za-z0-9]/.test(line)) return
    hashes.push(hashLine(line))
    numbers.push(index + 1)
    lengths.push(line.length)
  })
  return {
    code: { file, hashes: Int32Array.from(hashes), numbers: Int32Array.from(numbers) },
    lengths: Int32Array.from(lengths),
  }
}

function hashLine(line: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < line.length; index += 1) hash = Math.imul(hash ^ line.charCodeAt(index), 0x01000193)
  return hash | 0
}

function placeOf(code: CodeLines, at: number, length: number): Place {
  return { file: code.file, from: code.numbers[at] ?? 1, to: code.numbers[at + length - 1] ?? 1 }
}
