import type { AcpAgent, CliAgent, CommandAgent } from '../spec/ir-agents.ts'
import { cliDialects } from './cli/dialects.ts'
import { findOnPath } from './find-on-path.ts'

/**
 * Which program an agent needs that is not on PATH, and what to do; undefined when none is known to be missing. A program
 * that is written with its path, and what a shell line calls, is found out about when it is started.
 */
export function missingProgram(name: string, agent: AcpAgent | CliAgent | CommandAgent, hostEnv: NodeJS.ProcessEnv): string | undefined {
  const env = { ...hostEnv, ...agent.env }
  if (agent.workspace !== 'shared' && findOnPath('git', env) === undefined) {
    return `Agent "${name}" works in a ${agent.workspace} and needs git, which is not on PATH. Install it, or use \`workspace: shared\`.`
  }
  if (agent.uses === 'cli') {
    const { program, install } = cliDialects[agent.cli]
    if (findOnPath(program, env) === undefined) return `Agent "${name}" needs ${program}, which is not on PATH. ${install} Or rehearse with --agents scripted.`
    return undefined
  }
  const program = typeof agent.command === 'string' ? undefined : agent.command[0]
  if (program === undefined || program.includes('/') || findOnPath(program, env) !== undefined) return undefined
  return `Agent "${name}" needs ${program}, which is not on PATH. Install it, write its full path in its \`command\`, or rehearse with --agents scripted.`
}
