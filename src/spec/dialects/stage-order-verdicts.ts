/**
 * What counts as a yes, as CEL expressions in which `prev` is the answer. Whatever is not said outright counts as a no:
 * a verdict begins a line, whatever marks it up, and one that rejects outweighs one that approves.
 */

const markup = '[*_#>` -]*'

/** `VERIFIED_APPROVED:`, or `approved:` together with `verification evidence:`. */
export const approvedByReview =
  `(${hasLine('VERIFIED_APPROVED', 'l')}` +
  ` || (${hasLine('approved', 'l.lowerAscii()')} && ${hasLine('verification evidence', 'l.lowerAscii()')}))` +
  ` && !${hasLine('(verified_)?rejected', 'l.lowerAscii()')}`

function hasLine(word: string, line: string): string {
  return `string(prev).split("\\n").exists(l, ${line}.matches("^${markup}${word}${markup}:"))`
}

/**
 * Every scenario (`### AT-001: name`) of the texts that the expressions give has a line `AT-001: PASSED`, no line says
 * `FAILED` or `SKIPPED`, and there is one scenario at least.
 */
export function allScenariosPassed(texts: readonly string[]): string {
  const written = `[${texts.join(', ')}].map(t, string(t)).join("\\n").split("\\n")`
  const headings = `${written}.filter(l, l.matches("^### *AT-[0-9]+"))`
  const ids = `${headings}.map(l, l.replace("#", "").trim().split(":")[0].split(" ")[0])`
  const result = (id: string, verdict: string): string =>
    `string(prev).split("\\n").exists(l, l.matches("^${markup}${id}${markup}: *${verdict}"))`
  const passed = result('" + id + "', 'PASSED')
  return `${headings}.size() > 0 && ${ids}.all(id, ${passed}) && !${result('AT-[0-9]+', '(FAILED|SKIPPED)')}`
}
