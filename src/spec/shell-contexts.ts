/**
 * Where in a POSIX shell script a value would be put: what the shell makes of a variable there depends on the quotes,
 * substitutions and here-documents around it.
 */
export type ShellContext = 'plain' | 'double' | 'single' | 'arithmetic' | 'literal-heredoc'

interface Frame {
  readonly kind: 'plain' | 'double' | 'single' | 'arithmetic' | 'parameter' | 'comment' | 'heredoc'
  /** What ends it, for frames inside another. */
  readonly close: string
  /** Open parentheses inside, to find the one that closes. */
  depth: number
  readonly delimiter?: Heredoc
}

interface Heredoc {
  readonly word: string
  readonly literal: boolean
  readonly stripTabs: boolean
}

const heredocStart = /<<(-?)[ \t]*(?:'([^'\n]*)'|"([^"\n]*)"|(\\?)([^\s;&|<>()'"`]+))/y

/** Reads a script piece by piece and tells the context at the end of what it has read. */
export class ShellReader {
  private readonly stack: Frame[] = [{ kind: 'plain', close: '', depth: 0 }]
  private readonly awaited: Heredoc[] = []
  /** The line so far, since a here-document ends by a whole line. */
  private line = ''

  get context(): ShellContext {
    for (const frame of this.stack.toReversed()) {
      // Inside `${name:-…}` the quotes around it count.
      if (frame.kind === 'parameter') continue
      if (frame.kind === 'comment') return 'double'
      if (frame.kind !== 'heredoc') return frame.kind
      return frame.delimiter?.literal === true ? 'literal-heredoc' : 'double'
    }
    return 'plain'
  }

  /** A value stands here: it is part of the line, whatever it is. */
  passValue(): void {
    this.line += '\0'
  }

  read(text: string): void {
    let index = 0
    while (index < text.length) index += this.readAt(text, index)
  }

  /** Takes what stands at `index`; gives how many characters that was. */
  private readAt(text: string, index: number): number {
    const frame = this.top
    const char = text[index] ?? ''
    const taken = this.readIn(frame, text, index, char)
    // A backslash takes the newline after it along: the line goes on.
    if (char !== '\n') {
      this.line += text.slice(index, index + taken)
      return taken
    }
    this.endLine()
    this.line = ''
    return taken
  }

  private readIn(frame: Frame, text: string, index: number, char: string): number {
    switch (frame.kind) {
      case 'single':
        if (char === "'") this.stack.pop()
        return 1
      case 'comment':
        if (char === '\n') this.stack.pop()
        return 1
      case 'heredoc':
        if (frame.delimiter?.literal === true) return 1
        return this.readExpansion(text, index, char)
      case 'double':
        if (char === '"') return this.close()
        return this.readExpansion(text, index, char)
      case 'arithmetic':
        if (char === '(') frame.depth += 1
        else if (char === ')' && frame.depth > 0) frame.depth -= 1
        else if (char === ')') return this.close(text.startsWith('))', index) ? 2 : 1)
        else return this.readExpansion(text, index, char)
        return 1
      default:
        return this.readPlain(frame, text, index, char)
    }
  }

  private readPlain(frame: Frame, text: string, index: number, char: string): number {
    const quoted = frame.kind === 'parameter' && this.context === 'double'
    if (frame.close !== '' && char === frame.close && frame.depth === 0) return this.close()
    if (char === "'" && !quoted) return this.push('single')
    if (char === '"') return this.push('double', '"')
    if (frame.kind === 'plain') {
      if (text.startsWith('((', index)) return this.push('arithmetic', '))', 2)
      if (char === '(') frame.depth += 1
      else if (char === ')' && frame.depth > 0) frame.depth -= 1
      else if (char === '#' && /^$|[\s;&|()]$/.test(this.line)) return this.push('comment')
      else if (char === '<' && text.startsWith('<<', index)) return this.readHeredocStart(text, index)
    }
    return this.readExpansion(text, index, char)
  }

  private readExpansion(text: string, index: number, char: string): number {
    if (char === '\\') return 2
    if (char === '`') return this.top.close === '`' ? this.close() : this.push('plain', '`')
    if (char !== '$') return 1
    if (text.startsWith('$((', index)) return this.push('arithmetic', '))', 3)
    if (text[index + 1] === '(') return this.push('plain', ')', 2)
    if (text[index + 1] === '{') return this.push('parameter', '}', 2)
    return 1
  }

  private readHeredocStart(text: string, index: number): number {
    if (text.startsWith('<<<', index)) return 3
    heredocStart.lastIndex = index
    const match = heredocStart.exec(text)
    if (match === null) return 2
    const [whole, dash, single, double, backslash, word] = match
    this.awaited.push({
      word: single ?? double ?? word ?? '',
      literal: single !== undefined || double !== undefined || backslash !== '',
      stripTabs: dash === '-',
    })
    return whole.length
  }

  /** A newline was read: here-documents start at the next line, and end by a line that is their word. */
  private endLine(): void {
    const { kind, delimiter } = this.top
    if (kind === 'heredoc' && delimiter !== undefined) {
      const line = delimiter.stripTabs ? this.line.replace(/^\t+/, '') : this.line
      if (line === delimiter.word) this.stack.pop()
    }
    if (this.top.kind !== 'plain') return
    const next = this.awaited.shift()
    if (next !== undefined) this.stack.push({ kind: 'heredoc', close: '', depth: 0, delimiter: next })
  }

  private get top(): Frame {
    return this.stack.at(-1) ?? { kind: 'plain', close: '', depth: 0 }
  }

  private push(kind: Frame['kind'], close = '', taken = 1): number {
    this.stack.push({ kind, close, depth: 0 })
    return taken
  }

  private close(taken = 1): number {
    this.stack.pop()
    return taken
  }
}
