import type { Scalar } from 'yaml'

/**
 * The offset in the file of an offset into the code of an expression. The text of a scalar and what stands in the file
 * differ by quotes, escapes, indentation and line folding, so the code is found again and then walked through by the
 * characters that are not white space.
 */
export function findInScalar(
  text: string,
  scalar: Scalar,
  index: number | undefined,
  code: string,
  offset: number,
): number {
  const [start = 0, end = start] = scalar.range ?? []
  const quoted = scalar.type === 'QUOTE_DOUBLE' || scalar.type === 'QUOTE_SINGLE'
  const block = scalar.type === 'BLOCK_LITERAL' || scalar.type === 'BLOCK_FOLDED'
  let at = start + (quoted ? 1 : 0)
  // The header of a block scalar (`|-`) has a line of its own.
  if (block) at = text.indexOf('\n', at) + 1
  if (index === undefined && text.slice(at, end).trimStart().startsWith('${{')) index = 0
  if (index !== undefined) {
    for (let seen = 0; seen <= index; seen++) {
      const open = nextOpen(text, at, end)
      if (open === -1) return start
      at = open + 3
    }
  }
  return walk(text, skipSpace(text, at), end, code.slice(0, offset), scalar.type)
}

/** The next `${{` that is not the escape `$${{`. */
function nextOpen(text: string, from: number, end: number): number {
  let open = text.indexOf('${{', from)
  while (open !== -1 && open < end && text[open - 1] === '$') open = text.indexOf('${{', open + 3)
  return open < end ? open : -1
}

function walk(text: string, from: number, end: number, before: string, type: Scalar['type']): number {
  let left = before.replace(/\s/g, '').length
  let at = from
  while (left > 0 && at < end) {
    if (!/\s/.test(text[at] ?? '')) {
      if (isEscape(text, at, type)) at += 1
      left -= 1
    }
    at += 1
  }
  return Math.min(skipSpace(text, at), end)
}

function isEscape(text: string, at: number, type: Scalar['type']): boolean {
  if (type === 'QUOTE_DOUBLE') return text[at] === '\\'
  return type === 'QUOTE_SINGLE' && text.startsWith("''", at)
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (/\s/.test(text[at] ?? '')) at += 1
  return at
}
