import { access, constants, stat } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { openaiSettings } from './openai-settings.ts'

/** What one kind of agent would do if it were used now. Texts never hold a secret. */
export interface AgentAvailability {
  readonly name: string
  readonly available: boolean
  readonly detail: string
  /** What to do to make it available. */
  readonly missing?: string
}

/** Looks at settings only: no request is sent. */
export async function probeAgents(env: NodeJS.ProcessEnv): Promise<readonly AgentAvailability[]> {
  return [
    { name: 'scripted', available: true, detail: 'always there: answers from its replies, offline' },
    probeOpenAI(env),
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

/** Absolute path of a program, found as a shell finds it; undefined when it is not on PATH. */
export async function findOnPath(name: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const file = resolve(join(folder === '' ? '.' : folder, name))
    if (await isProgram(file)) return file
  }
  return undefined
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK)
    return (await stat(file)).isFile()
  } catch {
    return false
  }
}
