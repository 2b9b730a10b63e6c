import { UsageError } from '../../errors.ts'
import { whyUnavailable } from '../../executors/agent-readiness.ts'
import { checkAgainstSchema, describeIssues } from '../../schema-check.ts'
import type { Workflow } from '../../spec/ir.ts'
import type { StartOptions } from '../host.ts'
import type { agentsNeeded } from './agents-needed.ts'

/** The input with the schema's defaults. Throws UsageError INPUT_INVALID naming every value that does not fit. */
export function checkInput(workflow: Workflow, input: StartOptions['input']): StartOptions['input'] {
  if (workflow.input === undefined) return input
  const verdict = checkAgainstSchema(workflow.input, input)
  if (verdict.ok) return verdict.value
  throw new UsageError(
    'INPUT_INVALID',
    `The input does not fit the input schema of "${workflow.name}": ${describeIssues(verdict.issues)}.`,
    { details: verdict.issues.map((issue) => ({ ...issue })) },
  )
}

export function withConcurrency(workflow: Workflow, concurrency: number | undefined): Workflow {
  if (concurrency === undefined) return workflow
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new UsageError('CONCURRENCY_INVALID', `A run cannot work on ${concurrency} steps at once: give a whole number from 1 on.`)
  }
  return { ...workflow, limits: { ...workflow.limits, concurrency } }
}

/**
 * Throws UsageError AGENT_UNAVAILABLE naming every agent that is needed and cannot be asked. What a condition, a case or a
 * failure leads to is looked at when it comes to that.
 */
export function checkAgents(needed: ReturnType<typeof agentsNeeded>, env: NodeJS.ProcessEnv): void {
  const reasons = new Set([...needed].flatMap(([name, agent]) => whyUnavailable(name, agent, env) ?? []))
  if (reasons.size > 0) throw new UsageError('AGENT_UNAVAILABLE', [...reasons].join('\n'))
}
