/** One pattern of many alternatives, written as a list so that it can be read; anchored as `before` and `after` say. */
export function anyOf(before: string, alternatives: readonly string[], after: string, flags = ''): RegExp {
  return new RegExp(`${before}(?:${alternatives.join('|')})${after}`, flags)
}
