/** How much more than asked for is cut off so that no word is. */
const longestWord = 512
/** What no key has in it. */
const betweenWords = /[\s"'`,;<>(){}[\]|\\]/

/**
 * The first `most` characters, less a word at their end that goes on: of half a key nobody could tell that it is one, so it
 * would not be redacted. A word that is very long is cut all the same.
 */
export function textStart(text: string, most: number): string {
  if (text.length <= most) return text
  const least = Math.max(0, most - longestWord)
  for (let end = most; end > least; end -= 1) if (betweenWords.test(text.charAt(end - 1)) || betweenWords.test(text.charAt(end))) return text.slice(0, end)
  return text.slice(0, most)
}

/** The last `most` characters, less a word that begins before them; else as `textStart`. */
export function textEnd(text: string, most: number): string {
  if (text.length <= most) return text
  const first = text.length - most
  const last = Math.min(text.length, first + longestWord)
  for (let start = first; start < last; start += 1) if (betweenWords.test(text.charAt(start - 1)) || betweenWords.test(text.charAt(start))) return text.slice(start)
  return text.slice(first)
}
