import { createRequire } from 'node:module'
import type { OpenAIProviderOptions } from '@openai/agents'

type Sdk = typeof import('@openai/agents')
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
  }) => OpenAIClient
  readonly APIConnectionError: ErrorClass
  readonly APIConnectionTimeoutError: ErrorClass
}

let loaded: { readonly sdk: Sdk; readonly library: ClientLibrary } | undefined

/**
 * Loads the SDK at first use; it takes half a second. Loading it makes it listen to SIGINT, SIGTERM and unhandled
 * rejections of the whole process, and end the process on them, to save traces that we never make. Those are ours or
 * our embedder's to handle, so its listeners are taken off again: hence the synchronous `require`, during which
 * nobody else can add one. The client library is resolved from the SDK, so that both are sure to use the same one.
 */
export function loadOpenAI(): { readonly sdk: Sdk; readonly library: ClientLibrary } {
  if (loaded !== undefined) return loaded
  const require = createRequire(import.meta.url)
  const undo = rememberListeners()
  const sdk: Sdk = require('@openai/agents')
  undo()
  const library: ClientLibrary = createRequire(require.resolve('@openai/agents'))('openai')
  loaded = { sdk, library }
  return loaded
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
