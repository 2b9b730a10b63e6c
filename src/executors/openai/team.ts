import type { AgentOutputType, MCPServer } from '@openai/agents'
import { TerminalError } from '../../errors.ts'
import type { OpenAIAgent } from '../../spec/ir-agents.ts'
import type { AgentRequest } from '../executor.ts'
import { connectServer, type McpOptions } from './mcp.ts'
import { outputFormat } from './output.ts'
import type { ClientLibrary, OpenAIClient, SdkAgent } from './sdk.ts'
import { missingKey, openaiSettings, type OpenAISettings } from './settings.ts'
import { fetchStreaming } from './streaming.ts'
import { agentTools, type ToolMaking } from './tools.ts'

/** The agent of a step and those that it may hand over to, as the SDK wants them. */
export interface Team {
  readonly first: SdkAgent
  /** By agent name. */
  readonly settings: ReadonlyMap<string, OpenAISettings>
  /** Resolves when nothing that was started for it is left. */
  close(): Promise<void>
}

export interface TeamOptions extends ToolMaking, McpOptions {
  readonly library: ClientLibrary
}

/** Throws TerminalError OPENAI_KEY_MISSING, OPENAI_SETTING_INVALID, and as `agentTools` and `connectServer` do. */
export async function createTeam(request: AgentRequest, options: TeamOptions): Promise<Team> {
  const declared = membersOf(request)
  const settings = new Map(declared.map(([name, agent]) => [name, settingsOf(name, agent, options.env)]))
  const servers: MCPServer[] = []
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.close().catch(() => undefined)))
  }
  try {
    const members = new Map<string, SdkAgent>()
    for (const [name, agent] of declared) {
      const found = settings.get(name)
      if (found !== undefined) members.set(name, await member(name, agent, found, request, servers, options))
    }
    for (const [name, { handoffs = [] }] of declared) {
      const others = handoffs.flatMap((other) => members.get(other) ?? [])
      members.get(name)?.handoffs.push(...others)
    }
    const first = members.get(request.agentName)
    if (first === undefined) throw new TerminalError('AGENT_UNKNOWN', `No openai agent "${request.agentName}" is declared.`)
    return { first, settings, close }
  } catch (error) {
    await close()
    throw error
  }
}

function membersOf({ agentName, agent, team = {} }: AgentRequest): [string, OpenAIAgent][] {
  const first: OpenAIAgent = agent.uses === 'openai' ? agent : { uses: 'openai' }
  const others = Object.entries(team).flatMap(([name, other]): [string, OpenAIAgent][] =>
    other.uses === 'openai' && name !== agentName ? [[name, other]] : [],
  )
  return [[agentName, first], ...others]
}

function settingsOf(name: string, agent: OpenAIAgent, env: NodeJS.ProcessEnv): OpenAISettings {
  const settings = openaiSettings(env, agent)
  const missing = missingKey(name, settings)
  if (missing !== undefined) throw new TerminalError('OPENAI_KEY_MISSING', missing)
  const hosted = agent.tools?.find((tool) => 'hosted' in tool)
  if (hosted !== undefined && settings.api === 'chat') {
    throw new TerminalError(
      'OPENAI_SETTING_INVALID',
      `Agent "${name}" has the tool ${hosted.hosted}, which only the Responses API runs: write \`api: responses\` on the agent.`,
    )
  }
  return settings
}

async function member(
  name: string,
  agent: OpenAIAgent,
  settings: OpenAISettings,
  request: AgentRequest,
  servers: MCPServer[],
  options: TeamOptions,
): Promise<SdkAgent> {
  const { sdk, library, env } = options
  const client = createClient(library, settings, env)
  // What the API cannot do is an error, and no warning on the terminal.
  const model =
    settings.api === 'chat'
      ? new sdk.OpenAIChatCompletionsModel(client as never, settings.model, { strictFeatureValidation: true })
      : new sdk.OpenAIResponsesModel(client as never, settings.model)
  const format = outputFormat(request.outputSchema ?? agent.output)
  const connected = await Promise.allSettled((agent.mcp ?? []).map((server) => connectServer(server, options)))
  const mcpServers = connected.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []))
  servers.push(...mcpServers)
  for (const end of connected) if (end.status === 'rejected') throw end.reason
  return new sdk.Agent<unknown, AgentOutputType>({
    name,
    handoffDescription: agent.instructions?.split('\n', 1)[0]?.slice(0, 200) ?? '',
    model,
    tools: await agentTools(agent, options),
    mcpServers,
    ...(agent.settings === undefined ? {} : { modelSettings: agent.settings }),
    ...(agent.instructions === undefined ? {} : { instructions: agent.instructions }),
    ...(format === undefined ? {} : { outputType: outputType(format) }),
  })
}

/** The SDK passes the schema on as it is; its type knows only one way to write `additionalProperties`. */
function outputType(format: { readonly strict: boolean; readonly schema: object }) {
  return { type: 'json_schema' as const, name: 'output', strict: format.strict, schema: format.schema as never }
}

function createClient(library: ClientLibrary, settings: OpenAISettings, env: NodeJS.ProcessEnv): OpenAIClient {
  return new library.OpenAI({
    apiKey: settings.apiKey ?? '',
    adminAPIKey: null,
    baseURL: settings.baseUrl,
    // Whose account it is concerns the vendor only.
    organization: settings.isVendor ? (env.OPENAI_ORG_ID ?? null) : null,
    project: settings.isVendor ? (env.OPENAI_PROJECT_ID ?? null) : null,
    maxRetries: 0,
    logLevel: 'off',
    fetch: fetchStreaming,
  })
}
