import type { CliDialect } from './cli/dialect.ts'
import { cliDialects } from './cli/dialects.ts'
import { findOnPath } from './find-on-path.ts'
import { openaiSettings } from './openai/settings.ts'

/** What one kind of agent would do if it were used now. Texts never hold a secret. */
export interface AgentAvailability {
  readonly name: string
  readonly available: boolean
  readonly detail: string
  /** What to do to make it available. */
  readonly missing?: string
}

/** Looks at settings and at PATH only: nothing is started, no request is sent. */
export async function probeAgents(env: NodeJS.ProcessEnv): Promise<readonly AgentAvailability[]> {
  return [
    { name: 'scripted', available: true, detail: 'always there: answers from its replies, offline' },
    probeOpenAI(env),
    ...Object.values(cliDialects).map((dialect) => probeCli(dialect, env)),
    probeAcp(env),
    { name: 'command', available: true, detail: 'always there: any command that reads a prompt and prints an answer' },
    { name: 'function', available: true, detail: 'always there: a function of a module' },
    probeWorkspaces(env),
  ]
}

function probeOpenAI(env: NodeJS.ProcessEnv): AgentAvailability {
  const name = 'openai'
  try {
    const { host, api, model, apiKey, isVendor } = openaiSettings(env)
    const way = `${host}, ${api === 'chat' ? 'Chat Completions' : 'Responses'} API, default model ${model}`
    if (apiKey === undefined) {
      const missing = 'set OPENAI_API_KEY, or OPENAI_BASE_URL for a compatible service'
      return { name, available: false, detail: way, missing }
    }
    const key = (env.OPENAI_API_KEY ?? '').trim() === '' ? 'no key' : 'key set'
    return { name, available: true, detail: `${way}, ${key}${isVendor ? '' : ' (a service of your own)'}` }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { name, available: false, detail: 'not configured rightly', missing: why }
  }
}

function probeCli({ program, install }: CliDialect, env: NodeJS.ProcessEnv): AgentAvailability {
  const name = `cli ${program}`
  const file = findOnPath(program, env)
  if (file === undefined) return { name, available: false, detail: 'not on PATH', missing: install }
  return { name, available: true, detail: `${file}; whether it is logged in shows when it is asked` }
}

/** Programs that speak the protocol when they are given this. Others do too: any can be an agent's `command`. */
const acpPrograms = [['gemini', '--acp'], ['copilot', '--acp'], ['claude-code-acp'], ['codex-acp']]

function probeAcp(env: NodeJS.ProcessEnv): AgentAvailability {
  const found = acpPrograms.filter(([program = '']) => findOnPath(program, env) !== undefined)
  if (found.length > 0) return { name: 'acp', available: true, detail: `command: ${found.map((words) => `[${words.join(', ')}]`).join(' or ')}` }
  return {
    name: 'acp',
    available: false,
    detail: 'no agent that is known to speak the Agent Client Protocol is on PATH',
    missing: `install one (${acpPrograms.map(([program]) => program).join(', ')}), or name another in \`command\``,
  }
}

function probeWorkspaces(env: NodeJS.ProcessEnv): AgentAvailability {
  const name = 'workspaces'
  const file = findOnPath('git', env)
  if (file === undefined) return { name, available: false, detail: 'shared only', missing: 'install git for `workspace: worktree` and `copy`' }
  return { name, available: true, detail: `shared, worktree and copy, with ${file}` }
}
