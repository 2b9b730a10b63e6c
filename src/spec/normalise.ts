import type { StepFunction } from '../step-function.ts'
import type { Workflow } from './ir.ts'
import { agentOf } from './normalise-agent.ts'
import { normaliseStages } from './normalise-block.ts'
import { defined } from './normalise-parts.ts'
import type { SpecSource } from './source.ts'
import type { WrittenWorkflow } from './written.ts'

/** A workflow in its one form, and the functions that stood in it, by the names that stand there now. */
export interface Normalised {
  readonly workflow: Workflow
  readonly functions: Readonly<Record<string, StepFunction>>
}

/** Fills in defaults, names and paths. The workflow must have passed the checks. */
export function normalise(written: WrittenWorkflow, source: SpecSource | undefined): Normalised {
  const functions: Record<string, StepFunction> = {}
  const { name, title, description, version, input, output, agents = {}, limits, env = [], stages = [] } = written
  const oneAtATime = written.parallel === 'off' || written.parallel === false
  const workflow: Workflow = defined({
    format: 1 as const,
    name,
    title,
    description,
    version: version === undefined ? undefined : String(version),
    input,
    output,
    agents: Object.fromEntries(Object.entries(agents).map(([key, agent]) => [key, agentOf(agent)])),
    limits: { concurrency: limits?.concurrency ?? 4, agents: limits?.agents ?? 20 },
    env,
    stages: normaliseStages(stages, { source, functions, oneAtATime }),
  })
  return { workflow, functions }
}
