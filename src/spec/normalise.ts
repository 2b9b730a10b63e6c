import type { StepFunction } from '../step-function.ts'
import type { Agent, ScriptedReply, Workflow } from './ir.ts'
import { normaliseStages } from './normalise-block.ts'
import { defined, milliseconds } from './normalise-parts.ts'
import type { SpecSource } from './source.ts'
import type { WrittenWorkflow } from './written.ts'
import type { WrittenAgent, WrittenReply } from './written-agent.ts'

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

function agentOf(written: WrittenAgent): Agent {
  const { instructions, output, rehearse } = written
  const base = { instructions, output, rehearse: rehearse?.map(replyOf) }
  if (written.uses === 'scripted') {
    return defined({ ...base, uses: 'scripted' as const, replies: written.replies.map(replyOf) })
  }
  return defined({ ...base, uses: 'openai' as const, model: written.model, baseUrl: written.base_url })
}

function replyOf(reply: WrittenReply): ScriptedReply {
  if (typeof reply === 'string') return { output: reply }
  const delayMs = milliseconds(reply.delay)
  if ('error' in reply) return defined({ error: reply.error, message: reply.message, delayMs })
  return defined({ output: reply.output, usage: reply.usage, costUsd: reply.costUsd, delayMs })
}
