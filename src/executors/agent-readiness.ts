import { ForkchartError } from '../errors.ts'
import type { Agent } from '../spec/ir.ts'
import { missingProgram } from './program-readiness.ts'
import { missingKey, openaiSettings } from './openai/settings.ts'

/** Why an agent cannot be asked in this environment, and what to do; undefined when nothing is known to be missing. Sends nothing. */
export function whyUnavailable(name: string, agent: Agent, env: NodeJS.ProcessEnv): string | undefined {
  if (agent.uses === 'acp' || agent.uses === 'cli' || agent.uses === 'command') return missingProgram(name, agent, env)
  if (agent.uses !== 'openai') return undefined
  try {
    return missingKey(name, openaiSettings(env, agent))
  } catch (error) {
    if (error instanceof ForkchartError) return `Agent "${name}": ${error.message}`
    throw error
  }
}
