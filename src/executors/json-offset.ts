/**
 * Where a text stops being JSON: the offset of the first character that cannot stand there (the length of the text
 * when it ends too early), or undefined when it is JSON. The engine's own message does not always say.
 */
export function jsonErrorOffset(text: string): number | undefined {
  /** What each open bracket waits for. */
  const open: ('}' | ']')[] = []
  let expected: 'value' | 'valueOrEnd' | 'key' | 'keyOrEnd' | 'colon' | 'commaOrEnd' = 'value'
  for (let at = skipSpace(text, 0); at < text.length; at = skipSpace(text, at)) {
    const char = text.charAt(at)
    const wantsKey: boolean = expected === 'key' || expected === 'keyOrEnd'
    if (expected === 'colon') {
      if (char !== ':') return at
      expected = 'value'
      at += 1
    } else if (char === open.at(-1) && expected.endsWith('OrEnd')) {
      open.pop()
      expected = 'commaOrEnd'
      at += 1
    } else if (expected === 'commaOrEnd') {
      if (char !== ',' || open.length === 0) return at
      expected = open.at(-1) === '}' ? 'key' : 'value'
      at += 1
    } else if (char === '"') {
      at = stringEnd(text, at)
      if (text.charAt(at) !== '"') return at
      expected = wantsKey ? 'colon' : 'commaOrEnd'
      at += 1
    } else if (wantsKey) {
      return at
    } else if (char === '{' || char === '[') {
      open.push(char === '{' ? '}' : ']')
      expected = char === '{' ? 'keyOrEnd' : 'valueOrEnd'
      at += 1
    } else {
      const end = match(scalar, text, at)
      if (end === undefined) return at
      expected = 'commaOrEnd'
      at = end
    }
  }
  return expected === 'commaOrEnd' && open.length === 0 ? undefined : text.length
}

const space = /[ \t\n\r]*/y
const scalar = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const escaped = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

function skipSpace(text: string, at: number): number {
  return match(space, text, at) ?? at
}

/** The end of the token that starts there. */
function match(token: RegExp, text: string, at: number): number | undefined {
  token.lastIndex = at
  return token.test(text) ? token.lastIndex : undefined
}

/** Where the string that starts there has its closing quote, or else goes wrong. A loop: strings may be very long. */
function stringEnd(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text.charAt(at) !== '"' && text.charCodeAt(at) >= 0x20) {
    const end = text.charAt(at) === '\\' ? match(escaped, text, at) : at + 1
    if (end === undefined) return at
    at = end
  }
  return at
}
