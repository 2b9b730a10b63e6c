import { isJsonObject, type Json, type JsonObject } from '../../json.ts'

/** Endpoints that said they cannot stream, or showed it. */
const unstreamed = new Set<string>()

/**
 * A `fetch` that gets a stream from services that cannot stream, too: when one refuses `stream` it is asked once more
 * without, and from then on at once; a whole answer comes as a stream of one piece.
 */
export async function fetchStreaming(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const body = streamedBody(init)
  const url = String(input instanceof Request ? input.url : input)
  if (body === undefined) return fetch(input, init)
  if (!unstreamed.has(url)) {
    const response = await fetch(input, init)
    if (response.ok) return isJson(response) ? asStream(response) : response
    if (!(await refusesStreaming(response))) return response
    unstreamed.add(url)
  }
  const { stream: _stream, stream_options: _options, ...rest } = body
  const response = await fetch(input, { ...init, body: JSON.stringify(rest) })
  return response.ok ? asStream(response) : response
}

function streamedBody(init: RequestInit | undefined): JsonObject | undefined {
  if (typeof init?.body !== 'string' || !init.body.includes('"stream":true')) return undefined
  const body = JSON.parse(init.body) as Json
  return isJsonObject(body) && body['stream'] === true ? body : undefined
}

async function refusesStreaming(response: Response): Promise<boolean> {
  if (![400, 405, 415, 422, 501].includes(response.status)) return false
  return /\bstream(?:ing|ed|_options)?\b/i.test(await response.clone().text())
}

function isJson(response: Response): boolean {
  return (response.headers.get('content-type') ?? '').includes('application/json')
}

/** A whole answer of either API as the events of a stream. */
async function asStream(response: Response): Promise<Response> {
  const whole = (await response.json()) as Json
  const events = isJsonObject(whole) && whole['object'] === 'response' ? responseEvents(whole) : chatEvents(whole)
  const headers = new Headers(response.headers)
  headers.set('content-type', 'text/event-stream')
  headers.delete('content-length')
  headers.delete('content-encoding')
  return new Response(events.map((event) => `data: ${event}\n\n`).join(''), { status: response.status, headers })
}

function responseEvents(response: JsonObject): string[] {
  const type = `response.${typeof response['status'] === 'string' ? response['status'] : 'completed'}`
  return [{ type: 'response.created', response }, { type, response }].map((event) => JSON.stringify(event))
}

function chatEvents(completion: Json): string[] {
  if (!isJsonObject(completion)) return ['[DONE]']
  const choices: readonly Json[] = Array.isArray(completion['choices']) ? completion['choices'] : []
  const chunk = { ...completion, object: 'chat.completion.chunk', choices: choices.map(choiceChunk) }
  return [JSON.stringify(chunk), '[DONE]']
}

function choiceChunk(choice: Json): Json {
  if (!isJsonObject(choice) || !isJsonObject(choice['message'])) return choice
  const { message, ...rest } = choice
  const calls: readonly Json[] = Array.isArray(message['tool_calls']) ? message['tool_calls'] : []
  const numbered = calls.map((call, index) => (isJsonObject(call) ? { ...call, index } : call))
  return { ...rest, delta: { ...message, ...(calls.length === 0 ? {} : { tool_calls: numbered }) } }
}
