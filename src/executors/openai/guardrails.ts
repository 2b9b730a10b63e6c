import { TerminalError } from '../../errors.ts'
import type { StepFunction } from '../../step-function.ts'
import { findExport } from '../call-target.ts'
import { orCancelled } from '../cancellation.ts'

type Guardrail = (text: string, context: { readonly signal: AbortSignal }) => unknown

/**
 * Asks each guardrail about a text, one after another. Throws TerminalError GUARDRAIL with the reason of the first that
 * says no, and GUARDRAIL_INVALID when one answers neither `true` nor `false` nor `{ refuse: 'why' }`: what is in doubt does
 * not pass.
 */
export async function passGuardrails(
  side: 'input' | 'output',
  text: string,
  targets: readonly string[],
  { signal, functions }: { readonly signal: AbortSignal; readonly functions: Readonly<Record<string, StepFunction>> },
): Promise<void> {
  for (const target of targets) {
    const found = await findExport(target, functions)
    const name = target.slice(target.lastIndexOf('#') + 1)
    if (typeof found !== 'function') throw new TerminalError('GUARDRAIL_INVALID', `The guardrail ${target} is not a function.`)
    const verdict = await orCancelled(Promise.resolve(text).then((given) => (found as Guardrail)(given, { signal })), signal)
    if (verdict === true) continue
    const reason = reasonOf(verdict)
    if (reason === undefined) {
      throw new TerminalError('GUARDRAIL_INVALID', `The guardrail ${name} must answer true, or { refuse: 'why' }.`)
    }
    throw new TerminalError('GUARDRAIL', `The guardrail ${name} refused the ${side}${reason === '' ? '.' : `: ${reason}`}`, {
      details: { guardrail: name, side, reason },
    })
  }
}

function reasonOf(verdict: unknown): string | undefined {
  if (verdict === false) return ''
  if (typeof verdict !== 'object' || verdict === null || !('refuse' in verdict)) return undefined
  return typeof verdict.refuse === 'string' ? verdict.refuse : undefined
}
