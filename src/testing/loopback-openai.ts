import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as the double received it. */
export interface LoopbackRequest {
  readonly api: 'chat' | 'responses'
  readonly model: string
  /** Text of everything the model was told, instructions first, one part per line. */
  readonly text: string
  readonly headers: IncomingHttpHeaders
  /** The request as sent. */
  readonly body: Readonly<Record<string, unknown>>
}

/** What the double answers: a text, an error with an HTTP status, a broken connection, or nothing at all. */
export type LoopbackReply =
  | { readonly text: string; readonly usage?: { readonly inputTokens: number; readonly outputTokens: number } | null }
  | { readonly refusal: string }
  | {
      readonly status: number
      readonly message?: string
      readonly code?: string
      readonly headers?: Readonly<Record<string, string>>
    }
  | { readonly hangUp: true }
  | { readonly silent: true }

export interface LoopbackOpenAI {
  /** For OPENAI_BASE_URL. */
  readonly baseUrl: string
  /** All requests so far. */
  readonly requests: readonly LoopbackRequest[]
  /** Resolves when a client has dropped a request that had got no answer. */
  readonly dropped: Promise<void>
  close(): Promise<void>
}

/**
 * A small double of the Chat Completions and Responses APIs on a free port of 127.0.0.1, without streaming. `reply`
 * decides each answer; a string stands for a text with a usage of 10 tokens in and 5 out.
 */
export async function startLoopbackOpenAI(
  reply: (request: LoopbackRequest) => LoopbackReply | string,
): Promise<LoopbackOpenAI> {
  const requests: LoopbackRequest[] = []
  const { promise: dropped, resolve: drop } = Promise.withResolvers<void>()
  const server = createServer((message, response) => {
    response.on('close', () => {
      if (!response.writableEnded) drop()
    })
    void handle(message, response)
  })

  async function handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(message)
    if (request === undefined) {
      sendJson(response, 404, { error: { message: `no such endpoint: ${message.url}`, code: 'not_found' } })
      return
    }
    requests.push(request)
    const given = reply(request)
    send(response, request, typeof given === 'string' ? { text: given } : given)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    dropped,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function readRequest(message: IncomingMessage): Promise<LoopbackRequest | undefined> {
  const path = message.url ?? ''
  const api = path.endsWith('/chat/completions') ? 'chat' : path.endsWith('/responses') ? 'responses' : undefined
  let text = ''
  for await (const chunk of message) text += String(chunk)
  if (api === undefined) return undefined
  const body = JSON.parse(text) as Readonly<Record<string, unknown>>
  const told = api === 'chat' ? body.messages : [body.instructions, body.input]
  return { api, model: String(body.model), text: textOf(told), headers: message.headers, body }
}

/** The texts inside messages, however nested. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(textOf).filter((text) => text !== '').join('\n')
  if (typeof value !== 'object' || value === null) return ''
  if ('content' in value) return textOf(value.content)
  return 'text' in value ? textOf(value.text) : ''
}

function send(response: ServerResponse, request: LoopbackRequest, reply: LoopbackReply): void {
  if ('silent' in reply) return
  if ('hangUp' in reply) {
    response.destroy()
    return
  }
  if ('status' in reply) {
    const { status, message = `status ${status}`, code = null, headers } = reply
    sendJson(response, status, { error: { message, type: 'error', code, param: null } }, headers)
    return
  }
  sendJson(response, 200, request.api === 'chat' ? chatCompletion(request, reply) : responseObject(request, reply))
}

type Answer = Extract<LoopbackReply, { text: string } | { refusal: string }>

function tokensOf(reply: Answer): { readonly inputTokens: number; readonly outputTokens: number } | null {
  return 'usage' in reply && reply.usage !== undefined ? reply.usage : { inputTokens: 10, outputTokens: 5 }
}

function chatCompletion(request: LoopbackRequest, reply: Answer): object {
  const tokens = tokensOf(reply)
  const message = 'text' in reply ? { content: reply.text, refusal: null } : { content: null, refusal: reply.refusal }
  return {
    id: 'chatcmpl-loopback',
    object: 'chat.completion',
    created: 0,
    model: request.model,
    choices: [{ index: 0, finish_reason: 'stop', logprobs: null, message: { role: 'assistant', ...message } }],
    ...(tokens === null
      ? {}
      : {
          usage: {
            prompt_tokens: tokens.inputTokens,
            completion_tokens: tokens.outputTokens,
            total_tokens: tokens.inputTokens + tokens.outputTokens,
          },
        }),
  }
}

function responseObject(request: LoopbackRequest, reply: Answer): object {
  const tokens = tokensOf(reply)
  const part =
    'text' in reply
      ? { type: 'output_text', text: reply.text, annotations: [] }
      : { type: 'refusal', refusal: reply.refusal }
  return {
    id: 'resp_loopback',
    object: 'response',
    created_at: 0,
    status: 'completed',
    model: request.model,
    output: [{ id: 'msg_loopback', type: 'message', role: 'assistant', status: 'completed', content: [part] }],
    ...(tokens === null
      ? {}
      : {
          usage: {
            input_tokens: tokens.inputTokens,
            input_tokens_details: { cached_tokens: 0 },
            output_tokens: tokens.outputTokens,
            output_tokens_details: { reasoning_tokens: 0 },
            total_tokens: tokens.inputTokens + tokens.outputTokens,
          },
        }),
  }
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}
