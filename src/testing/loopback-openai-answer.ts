import type { IncomingHttpHeaders } from 'node:http'
import type { Json } from '../json.ts'

/** What the double of the OpenAI APIs is asked, and what it can answer. */

/** A request as the double received it. */
export interface LoopbackRequest {
  readonly api: 'chat' | 'responses'
  readonly model: string
  /** Text of everything the model was told, instructions first, one part per line. */
  readonly text: string
  readonly isStreamed: boolean
  /** Names of the tools that it may call. */
  readonly tools: readonly string[]
  /** What the tools that it had called gave, in order. */
  readonly toolResults: readonly string[]
  readonly headers: IncomingHttpHeaders
  /** The request as sent. */
  readonly body: Readonly<Record<string, unknown>>
}

export interface LoopbackUsage {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedTokens?: number
  readonly reasoningTokens?: number
}

/** What the model says, and the tools that it calls. */
export interface LoopbackAnswer {
  readonly text?: string
  readonly refusal?: string
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: Json; readonly id?: string }[]
  /** 10 tokens in and 5 out unless told; null: not reported. */
  readonly usage?: LoopbackUsage | null
  /** How the text is cut when it is streamed: its words, unless told. */
  readonly tokens?: readonly string[]
  /** Before each streamed token: milliseconds, or what is waited for. */
  readonly pace?: number | ((token: number) => Promise<void> | void)
  /** The connection breaks after so many streamed tokens. */
  readonly breakAfter?: number
  /** Why it ended early: `length`, `content_filter` (chat), `max_output_tokens` (Responses). */
  readonly finish?: string
  /** After the text of a stream: the service says that it failed. */
  readonly failure?: { readonly code: string; readonly message: string }
}

/** An answer, an error with an HTTP status, a broken connection, or nothing at all. */
export type LoopbackReply =
  | LoopbackAnswer
  | {
      readonly status: number
      readonly message?: string
      readonly code?: string
      readonly headers?: Readonly<Record<string, string>>
    }
  | { readonly hangUp: true }
  | { readonly silent: true }

/** A tool call with what was left out. */
export interface LoopbackCall {
  readonly id: string
  readonly name: string
  readonly argumentsText: string
}
