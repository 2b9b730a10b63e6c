/** The hooks of translation-stages.yaml. */

interface PriorStep {
  readonly name: string
  readonly stage_name: string
  readonly branch_index: number | null
  readonly response_text: string
}

/** A guard: whether a translation for letters is wanted. */
export function wantsLetter(current: { readonly formal?: boolean }): boolean {
  return current.formal === true
}

/** A reducer: the answer given most often, the earliest of equals. */
export function mostFrequent(outputs: readonly string[]): string {
  const votes = (output: string): number => outputs.filter((other) => other === output).length
  return outputs.reduce((best, output) => (votes(output) > votes(best) ? output : best))
}

/** A mapper: the winner, beside everything that was proposed. */
export function withCandidates(best: string, priorSteps: readonly PriorStep[]): object {
  return { best, candidates: priorSteps.map(({ name, response_text: text }) => `${name}: ${text}`) }
}
