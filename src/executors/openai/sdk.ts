import { createRequire } from 'node:module'
import type { Agent, AgentOutputType, OpenAIProviderOptions } from '@openai/agents'
import { nodeErrorCode } from '../../errors.ts'
import { installTracingScope, withoutItsExporter } from './tracing-scope.ts'

export type Sdk = typeof import('@openai/agents')
export type SdkAgent = Agent<unknown, AgentOutputType>
export type OpenAIClient = NonNullable<OpenAIProviderOptions['openAIClient']>
type ErrorClass = new (...args: never[]) => Error

/** What we use of the client library below the SDK. */
export interface ClientLibrary {
  readonly OpenAI: new (options: {
    apiKey: string
    adminAPIKey: null
    baseURL: string
    organization: string | null
    project: string | null
    maxRetries: number
    logLevel: 'off'
    fetch: typeof fetch
  }) => OpenAIClient
  readonly APIError: ErrorClass
  readonly APIConnectionError: ErrorClass
  readonly APIConnectionTimeoutError: ErrorClass
}

/** What we use of the MCP client that the SDK brings along. */
export interface McpClient {
  connect(transport: object, options: { readonly timeout: number; readonly signal: AbortSignal }): Promise<void>
  listTools(params: undefined, options: { readonly signal: AbortSignal }): Promise<{ readonly tools: readonly object[] }>
  callTool(
    params: { readonly name: string; readonly arguments: Record<string, unknown> },
    options: { readonly signal: AbortSignal; readonly timeout: number },
  ): Promise<{ readonly content: readonly object[] }>
  close(): Promise<void>
}
type McpClientClass = new (info: { readonly name: string; readonly version: string }) => McpClient

interface Loaded {
  readonly sdk: Sdk
  readonly library: ClientLibrary
  /** Whether the spans of our agents come to us and to nobody else: if not, there must be none. */
  readonly isTracingScoped: boolean
}

let loaded: Loaded | undefined

/**
 * Loads the SDK at first use; it takes half a second. Loading it makes it listen to SIGINT, SIGTERM and unhandled
 * rejections of the whole process, and end the process on them, to save traces that we never send its vendor. Those are ours or
 * our embedder's to handle, so its listeners are taken off again: hence the synchronous `require`, during which
 * nobody else can add one. The client library is resolved from the SDK, so that both are sure to use the same one.
 */
export function loadOpenAI(): Loaded {
  if (loaded !== undefined) return loaded
  const require = createRequire(import.meta.url)
  const undo = rememberListeners()
  const found = require.resolve('@openai/agents')
  const sdk = withoutItsExporter(() => requireModule(require, found)) as Sdk
  const isTracingScoped = installTracingScope(sdk)
  undo()
  const fromSdk = createRequire(found)
  const library = requireModule(fromSdk, fromSdk.resolve('openai')) as ClientLibrary
  loaded = { sdk, library, isTracingScoped }
  return loaded
}

/**
 * The packages come twice, for `import` and for `require`, and the two do not know each other's objects, although they share
 * their tracing: a tool made with one, of a module of the user's, makes the other write complaints to the terminal.
 * So we take the one that modules of today get; on a Node that cannot (before 22.12) the other.
 */
function requireModule(require: NodeJS.Require, found: string): unknown {
  try {
    return require(found.replace(/\.js$/, '.mjs'))
  } catch (error) {
    const code = nodeErrorCode(error)
    if (code === 'MODULE_NOT_FOUND' || code === 'ERR_REQUIRE_ESM' || code === 'ERR_REQUIRE_ASYNC_MODULE') return require(found)
    throw error
  }
}

/** Loads the MCP client, as the SDK finds it. */
export function loadMcpClient(): McpClientClass {
  const fromAgents = createRequire(createRequire(import.meta.url).resolve('@openai/agents'))
  const { Client } = createRequire(fromAgents.resolve('@openai/agents-core'))('@modelcontextprotocol/client')
  return Client
}

const seizedEvents = ['SIGINT', 'SIGTERM', 'unhandledRejection']

/** Gives a function that takes off the listeners added since. */
function rememberListeners(): () => void {
  const before = seizedEvents.map((event) => process.rawListeners(event))
  return () => {
    for (const [index, event] of seizedEvents.entries()) {
      for (const listener of process.rawListeners(event)) {
        if (before[index]?.includes(listener) !== true) process.off(event, listener as () => void)
      }
    }
  }
}
