import type { MCPServer } from '@openai/agents'
import { nodeErrorCode, RetryableError, TerminalError } from '../../errors.ts'
import type { McpServer } from '../../spec/ir-agents.ts'
import { cancellation, orCancelled } from '../cancellation.ts'
import type { ExecutionContext } from '../executor.ts'
import { McpStdio } from './mcp-stdio.ts'
import { loadMcpClient, loadOpenAI, type McpClient } from './sdk.ts'

/** How long a server may take to say hello. */
const connectMs = 30_000
/** A tool may take its time: the step has a limit of its own. */
const callMs = 24 * 60 * 60 * 1000

export interface McpOptions {
  readonly env: NodeJS.ProcessEnv
  readonly context: ExecutionContext
}

/**
 * Starts or reaches a server of tools. Throws TerminalError MCP_UNAVAILABLE when its program cannot be started or does
 * not speak MCP, RetryableError MCP_UNAVAILABLE when its address cannot be reached. Whoever gets it closes it; then no
 * process of it is left.
 */
export async function connectServer(server: McpServer, options: McpOptions): Promise<MCPServer> {
  const { context } = options
  const made = 'url' in server ? httpServer(server, context) : stdioServer(server, options)
  try {
    await orCancelled(made.connect(), context.signal)
    return made
  } catch (error) {
    await made.close().catch(() => undefined)
    if (context.signal.aborted) throw cancellation(context.signal)
    throw unavailable(server, error)
  }
}

function unavailable(server: McpServer, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause)
  if ('url' in server) {
    const message = `The MCP server "${server.name}" at ${new URL(server.url).host} cannot be reached: ${why}`
    return new RetryableError('MCP_UNAVAILABLE', message, { cause })
  }
  const program = server.command[0] ?? ''
  const hint = nodeErrorCode(cause) === 'ENOENT' ? ` Install ${program}, or correct the command.` : ''
  return new TerminalError('MCP_UNAVAILABLE', `The MCP server "${server.name}" (${program}) did not start: ${why}.${hint}`, { cause })
}

function httpServer({ name, url, headers }: Extract<McpServer, { url: string }>, context: ExecutionContext): MCPServer {
  const { sdk } = loadOpenAI()
  if (!URL.canParse(url)) throw new TerminalError('MCP_UNAVAILABLE', `The MCP server "${name}" needs an http or https URL.`)
  const log = (message: string): void => context.log(message, 'stderr')
  return new sdk.MCPServerStreamableHttp({
    name,
    url,
    requestInit: { headers: { ...headers } },
    cacheToolsList: true,
    clientSessionTimeoutSeconds: callMs / 1000,
    timeout: connectMs,
    // Its own logger writes to the terminal.
    logger: { namespace: 'mcp', debug: () => undefined, warn: log, error: log, dontLogModelData: true, dontLogToolData: true },
  })
}

function stdioServer(server: Extract<McpServer, { command: string[] }>, { env, context }: McpOptions): MCPServer {
  const { name } = server
  const cwd = context.workingDir ?? process.cwd()
  const transport = new McpStdio({ ...server, cwd, log: (line) => context.log(`${name}: ${line}`, 'stderr') }, env)
  const client: McpClient = new (loadMcpClient())({ name: 'forkchart', version: '1' })
  const { signal } = context
  let tools: Awaited<ReturnType<MCPServer['listTools']>> | undefined
  return {
    name,
    cacheToolsList: true,
    connect: () => client.connect(transport, { timeout: connectMs, signal }),
    listTools: async () => (tools ??= (await client.listTools(undefined, { signal })).tools as unknown as typeof tools & object),
    async callTool(tool, args) {
      const { content } = await client.callTool({ name: tool, arguments: args ?? {} }, { signal, timeout: callMs })
      return content as unknown as Awaited<ReturnType<MCPServer['callTool']>>
    },
    async close() {
      // Not by the client: it would not wait for the processes.
      await transport.close()
    },
    invalidateToolsCache: () => Promise.resolve(),
  }
}
