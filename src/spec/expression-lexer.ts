/**
 * The little of CEL's lexical rules that is needed around the parser: where a string literal or a comment ends,
 * so that what stands inside one is never taken for code.
 */

/** The index just after the string literal or comment that starts at `index`, or `index` when none starts there. */
export function skipLiteral(source: string, index: number): number {
  const char = source[index]
  if (char === '"' || char === "'") return skipString(source, index, char)
  if (char === '/' && source[index + 1] === '/') {
    const lineEnd = source.indexOf('\n', index)
    return lineEnd === -1 ? source.length : lineEnd
  }
  return index
}

/** As the library reads strings: a backslash takes the next character along, even a raw one; only triple quotes span lines. */
function skipString(source: string, start: number, quote: string): number {
  const triple = quote.repeat(3)
  const close = source.startsWith(triple, start) ? triple : quote
  let index = start + close.length
  while (index < source.length) {
    if (source[index] === '\\') index += 2
    else if (source.startsWith(close, index)) return index + close.length
    else if (source[index] === '\n' && close === quote) return index
    else index += 1
  }
  return source.length
}

/** The index of the `}}` that closes an expression whose code begins at `start`, or -1. Braces of CEL maps are matched. */
export function findExpressionEnd(source: string, start: number): number {
  let depth = 0
  let index = start
  while (index < source.length) {
    const after = skipLiteral(source, index)
    if (after !== index) {
      index = after
      continue
    }
    const char = source[index]
    if (char === '{') depth += 1
    else if (char === '}') {
      if (depth === 0) return source[index + 1] === '}' ? index : -1
      depth -= 1
    }
    index += 1
  }
  return -1
}
