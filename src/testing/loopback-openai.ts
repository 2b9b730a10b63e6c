import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { LoopbackAnswer, LoopbackCall, LoopbackReply, LoopbackRequest } from './loopback-openai-answer.ts'
import { chatChunks, chatCompletion } from './loopback-openai-chat.ts'
import { responseEvents, responseObject } from './loopback-openai-responses.ts'

export type { LoopbackAnswer, LoopbackReply, LoopbackRequest, LoopbackUsage } from './loopback-openai-answer.ts'

export interface LoopbackOpenAI {
  /** For OPENAI_BASE_URL. */
  readonly baseUrl: string
  /** All requests so far. */
  readonly requests: readonly LoopbackRequest[]
  /** Resolves when a client has dropped a request before its answer was whole. */
  readonly dropped: Promise<void>
  close(): Promise<void>
}

export interface LoopbackOptions {
  /** What becomes of `stream: true`: `refused` with status 400, or `ignored`, as some services do. */
  readonly streaming?: 'served' | 'refused' | 'ignored'
}

/**
 * A double of the Chat Completions and Responses APIs on a free port of 127.0.0.1, streamed and not. `reply` decides
 * each answer; a string stands for a text with a usage of 10 tokens in and 5 out.
 */
export async function startLoopbackOpenAI(
  reply: (request: LoopbackRequest) => LoopbackReply | string | Promise<LoopbackReply | string>,
  { streaming = 'served' }: LoopbackOptions = {},
): Promise<LoopbackOpenAI> {
  const requests: LoopbackRequest[] = []
  const closing = new AbortController()
  const { promise: dropped, resolve: drop } = Promise.withResolvers<void>()
  const server = createServer((message, response) => {
    response.on('close', () => {
      if (!response.writableEnded) drop()
    })
    handle(message, response).catch(() => response.destroy())
  })

  async function handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(message)
    if (request === undefined) {
      sendError(response, { status: 404, message: `no such endpoint: ${message.url}`, code: 'not_found' })
      return
    }
    requests.push(request)
    if (request.isStreamed && streaming === 'refused') {
      sendError(response, { status: 400, message: 'stream: true is not supported here', code: 'unsupported_value' })
      return
    }
    const number = requests.length
    const given = await reply(request)
    const answer = typeof given === 'string' ? { text: given } : given
    if ('silent' in answer) return
    if ('hangUp' in answer) response.destroy()
    else if ('status' in answer) sendError(response, answer)
    else await send(response, { ...request, isStreamed: request.isStreamed && streaming === 'served' }, answer, number, closing.signal)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    dropped,
    close: () =>
      new Promise((resolve) => {
        closing.abort()
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
  return {
    api,
    model: String(body.model),
    text: textOf(told),
    isStreamed: body.stream === true,
    tools: listOf(body.tools).map(({ name, type, function: called }) => String(name ?? called?.name ?? type)),
    toolResults: [...listOf(body.messages), ...listOf(body.input)]
      .filter(({ role, type }) => role === 'tool' || type === 'function_call_output')
      .map(({ content, output }) => textOf(content ?? output)),
    headers: message.headers,
    body,
  }
}

interface Part {
  readonly role?: unknown
  readonly type?: unknown
  readonly name?: unknown
  readonly function?: { readonly name?: unknown }
  readonly content?: unknown
  readonly output?: unknown
}

function listOf(value: unknown): readonly Part[] {
  return Array.isArray(value) ? (value as readonly Part[]) : []
}

/** The texts inside messages, however nested. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(textOf).filter((text) => text !== '').join('\n')
  if (typeof value !== 'object' || value === null) return ''
  if ('content' in value) return textOf(value.content)
  return 'text' in value ? textOf(value.text) : ''
}

const usualUsage = { inputTokens: 10, outputTokens: 5 }

async function send(
  response: ServerResponse,
  { api, model, isStreamed }: LoopbackRequest,
  given: LoopbackAnswer,
  number: number,
  signal: AbortSignal,
): Promise<void> {
  const answer = { ...given, usage: given.usage === undefined ? usualUsage : given.usage }
  const calls = (answer.toolCalls ?? []).map(({ id, name, arguments: args }, index): LoopbackCall => ({
    id: id ?? `call_${number}_${index + 1}`,
    name,
    argumentsText: typeof args === 'string' ? args : JSON.stringify(args),
  }))
  if (!isStreamed) {
    sendJson(response, 200, api === 'chat' ? chatCompletion(model, answer, calls) : responseObject(model, answer, calls))
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  const tokens = answer.tokens ?? answer.text?.match(/\s*\S+\s*$|\s*\S+/g) ?? []
  const events = api === 'chat' ? chatChunks(model, answer, calls, tokens) : responseEvents(model, answer, calls, tokens)
  let sent = 0
  for (const { data, isToken = false } of events) {
    if (isToken) {
      if (sent === answer.breakAfter) {
        response.destroy()
        return
      }
      await paced(answer.pace, sent, signal)
      sent += 1
    }
    if (response.destroyed) return
    response.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`)
  }
  response.end()
}

async function paced(pace: LoopbackAnswer['pace'], token: number, signal: AbortSignal): Promise<void> {
  if (typeof pace === 'number') await delay(pace, undefined, { signal })
  else await pace?.(token)
}

function sendError(response: ServerResponse, { status, message, code, headers }: Extract<LoopbackReply, { status: number }>): void {
  const error = { message: message ?? `status ${status}`, type: 'error', code: code ?? null, param: null }
  sendJson(response, status, { error }, headers)
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}
