import { UsageError } from '../../errors.ts'
import { whyUnavailable } from '../../executors/agent-readiness.ts'
import { checkAgainstSchema, describeIssues } from '../../schema-check.ts'
import { innerBlocks, isBranchGroup } from '../../spec/blocks.ts'
import type { Agent, Block, Workflow } from '../../spec/ir.ts'
import type { StartOptions } from '../host.ts'

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
 * Throws UsageError AGENT_UNAVAILABLE naming every agent that the run is certain to ask and cannot; what a condition, a
 * case or a failure leads to is looked at when it comes to that.
 */
export function checkAgents(workflow: Workflow, env: NodeJS.ProcessEnv): void {
  const reasons = new Set(
    [...certainAgents(workflow)].flatMap(([name, agent]) => whyUnavailable(name, agent, env) ?? []),
  )
  if (reasons.size > 0) throw new UsageError('AGENT_UNAVAILABLE', [...reasons].join('\n'))
}

function* certainAgents(workflow: Workflow): Generator<[string, Agent], void, undefined> {
  for (const block of certainBlocks(workflow.stages)) {
    const { kind } = block
    if (kind === 'workflow') {
      const child = workflow.workflows?.[block.workflow]
      if (child !== undefined) yield* certainAgents(child)
    }
    const reduce = isBranchGroup(block) && typeof block.reduce === 'object' && 'synthesize' in block.reduce ? block.reduce.synthesize : undefined
    const name = kind === 'agent' ? block.agent : reduce
    const agent = name === undefined ? undefined : workflow.agents[name]
    if (name !== undefined && agent !== undefined) yield [name, agent]
  }
}

function* certainBlocks(blocks: readonly Block[]): Generator<Block, void, undefined> {
  for (const block of blocks) {
    if (block.when !== undefined || block.kind === 'switch' || block.kind === 'map') continue
    yield block
    yield* certainBlocks(innerBlocks(block))
  }
}
