import { TerminalError } from '../../errors.ts'
import type { StepFunction } from '../../step-function.ts'
import { findExport } from '../call-target.ts'
import { orCancelled } from '../cancellation.ts'
import { guardrailOpening } from './span-data.ts'
import type { AgentSpans } from './spans.ts'

export interface GuardOptions {
  readonly signal: AbortSignal
  readonly functions: Readonly<Record<string, StepFunction>>
  readonly spans: Pick<AgentSpans, 'around'>
}

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
  options: GuardOptions,
): Promise<void> {
  for (const target of targets) {
    const name = target.slice(target.lastIndexOf('#') + 1)
    await options.spans.around(guardrailOpening(name), () => passGuardrail(side, text, { target, name }, options))
  }
}

async function passGuardrail(
  side: 'input' | 'output',
  text: string,
  { target, name }: { readonly target: string; readonly name: string },
  { signal, functions }: GuardOptions,
): Promise<void> {
  const found = await findExport(target, functions)
  if (typeof found !== 'function') throw new TerminalError('GUARDRAIL_INVALID', `The guardrail ${target} is not a function.`)
  const verdict = await orCancelled(Promise.resolve(text).then((given) => (found as Guardrail)(given, { signal })), signal)
  if (verdict === true) return
  const reason = reasonOf(verdict)
  if (reason === undefined) {
    throw new TerminalError('GUARDRAIL_INVALID', `The guardrail ${name} must answer true, or { refuse: 'why' }.`)
  }
  throw new TerminalError('GUARDRAIL', `The guardrail ${name} refused the ${side}${reason === '' ? '.' : `: ${reason}`}`, {
    details: { guardrail: name, side, reason },
  })
}

function reasonOf(verdict: unknown): string | undefined {
  if (verdict === false) return ''
  if (typeof verdict !== 'object' || verdict === null || !('refuse' in verdict)) return undefined
  return typeof verdict.refuse === 'string' ? verdict.refuse : undefined
}
