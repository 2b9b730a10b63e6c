import { type AgentCapabilities, type ClientContext, type McpServer as AcpServer, PROTOCOL_VERSION, RequestError } from '@agentclientprotocol/sdk'
import { TerminalError } from '../../errors.ts'
import type { McpServer } from '../../spec/ir-agents.ts'
import type { ExecutionContext } from '../executor.ts'

export interface SessionOptions {
  readonly name: string
  readonly folder: string
  readonly mcp: readonly McpServer[]
  /** Of an earlier attempt. */
  readonly sessionId: string | undefined
  readonly log: ExecutionContext['log']
}

const authRequired = -32000

/**
 * Agrees on the protocol, and begins a session or goes on with the one that there was; `resumed` says which. We offer the
 * agent neither files nor terminals: it has its own tools for both. Rejects with TerminalError AGENT_PROTOCOL, AUTH,
 * AGENT_MCP_UNSUPPORTED, or the agent's own RequestError.
 */
export async function openSession(agent: ClientContext, options: SessionOptions): Promise<{ readonly sessionId: string; readonly resumed: boolean }> {
  const { name, folder: cwd, sessionId, log } = options
  const { protocolVersion, agentCapabilities = {} } = await agent.request('initialize', {
    protocolVersion: PROTOCOL_VERSION,
    clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
  })
  if (protocolVersion !== PROTOCOL_VERSION) {
    throw new TerminalError('AGENT_PROTOCOL', `Agent "${name}" speaks version ${protocolVersion} of the Agent Client Protocol, and we speak ${PROTOCOL_VERSION}. Use a version of it that does, too.`)
  }
  const mcpServers = options.mcp.map((server) => serverOf(server, agentCapabilities, name))
  if (sessionId !== undefined && (await goesOn(agent, agentCapabilities, { sessionId, cwd, mcpServers }, log))) return { sessionId, resumed: true }
  try {
    return { sessionId: (await agent.request('session/new', { cwd, mcpServers })).sessionId, resumed: false }
  } catch (error) {
    if (!(error instanceof RequestError) || error.code !== authRequired) throw error
    throw new TerminalError('AUTH', `Agent "${name}" wants you to log in first: ${error.message}. Do so with its own command, or set its key in the environment.`, { cause: error })
  }
}

async function goesOn(
  agent: ClientContext,
  { loadSession, sessionCapabilities }: AgentCapabilities,
  session: { readonly sessionId: string; readonly cwd: string; mcpServers: AcpServer[] },
  log: ExecutionContext['log'],
): Promise<boolean> {
  const method = sessionCapabilities?.resume == null ? 'session/load' : 'session/resume'
  if (method === 'session/load' && loadSession !== true) return false
  try {
    await agent.request(method, session)
    return true
  } catch (error) {
    log(`session ${session.sessionId} cannot be gone on with (${error instanceof Error ? error.message : String(error)}): begins a new one`)
    return false
  }
}

function serverOf(server: McpServer, { mcpCapabilities }: AgentCapabilities, name: string): AcpServer {
  if ('command' in server) {
    const [command = '', ...args] = server.command
    return { name: server.name, command, args, env: pairs(server.env) }
  }
  if (mcpCapabilities?.http !== true) {
    throw new TerminalError('AGENT_MCP_UNSUPPORTED', `Agent "${name}" cannot use the MCP server "${server.name}": it takes only such as it starts itself. Give the server's \`command\`.`)
  }
  return { type: 'http', name: server.name, url: server.url, headers: pairs(server.headers) }
}

function pairs(values: Readonly<Record<string, string>>): { name: string; value: string }[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }))
}
