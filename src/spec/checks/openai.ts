import { isJsonObject, type JsonObject } from '../../json.ts'
import { isSecretName } from '../../redact.ts'
import type { CheckContext } from '../report.ts'
import type { SourcePath } from '../source.ts'

const toolName = /^[A-Za-z0-9_-]{1,64}$/

/** What openai agents say together: tools and the API that has them, keys, and whom they hand over to. */
export function checkOpenAI(context: CheckContext): void {
  const agents = isJsonObject(context.data['agents']) ? context.data['agents'] : {}
  for (const [name, agent] of Object.entries(agents)) {
    if (!isJsonObject(agent) || agent['uses'] !== 'openai') continue
    const at = ['agents', name]
    checkTools(context, agent, at)
    checkKey(context, agent, at)
    checkReceivers(context, agent, at, agents)
  }
}

function checkTools({ report }: CheckContext, agent: JsonObject, at: SourcePath): void {
  const names = new Set<string>()
  const tools: readonly unknown[] = Array.isArray(agent['tools']) ? agent['tools'] : []
  for (const [index, tool] of tools.entries()) {
    const place = [...at, 'tools', index]
    if (isJsonObject(tool) && typeof tool['hosted'] === 'string') {
      if (agent['api'] !== 'chat') continue
      const message = `\`${tool['hosted']}\` runs at the provider, which only the Responses API can ask for: write \`api: responses\`.`
      report({ code: 'HOSTED_TOOL_API', message, at: [...place, 'hosted'] })
      continue
    }
    const called = nameOf(tool)
    if (called === undefined) continue
    if (!toolName.test(called)) {
      report({ code: 'TOOL_NAME', message: `A tool cannot be called \`${called}\`: its \`name\` has letters, digits, _ and -, 64 at most.`, at: place })
    } else if (names.has(called)) {
      report({ code: 'TOOL_NAME', message: `This agent has two tools called \`${called}\`: give one of them another \`name\`.`, at: place })
    }
    names.add(called)
  }
}

/** What the model calls a function by. */
function nameOf(tool: unknown): string | undefined {
  const target = isJsonObject(tool) ? (tool['name'] ?? tool['call']) : tool
  if (typeof target !== 'string') return undefined
  return isJsonObject(tool) && tool['name'] !== undefined ? target : target.slice(target.lastIndexOf('#') + 1)
}

/** The key of a service is taken out of all that is stored; that is known of a variable by its name. */
function checkKey({ report }: CheckContext, { api_key_env: name }: JsonObject, at: SourcePath): void {
  if (typeof name !== 'string' || isSecretName(name)) return
  const message = `\`${name}\` does not look like the name of a secret, whose value is taken out of what is stored: call it like \`MY_SERVICE_API_KEY\`.`
  report({ code: 'API_KEY_ENV', message, at: [...at, 'api_key_env'] })
}

/** A handoff goes on in the same conversation, which only agents of the same kind have. */
function checkReceivers({ report }: CheckContext, { handoffs }: JsonObject, at: SourcePath, agents: JsonObject): void {
  for (const [index, name] of (Array.isArray(handoffs) ? handoffs : []).entries()) {
    const other = typeof name === 'string' ? agents[name] : undefined
    if (!isJsonObject(other) || typeof other['uses'] !== 'string' || other['uses'] === 'openai') continue
    const message = `\`${String(name)}\` uses ${other['uses']}, and an openai agent hands over only to openai agents. Make it a step of its own.`
    report({ code: 'HANDOFF_KIND', message, at: [...at, 'handoffs', index] })
  }
}
