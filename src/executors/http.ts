import { textStart } from '../cut-text.ts'
import type { Clock } from '../clock.ts'
import { TerminalError } from '../errors.ts'
import type { Json } from '../json.ts'
import { cancellation } from './cancellation.ts'
import type { ExecutionContext, HttpRequest, StepResult } from './executor.ts'
import { readAll, readStart } from './http-body.ts'
import { answerFailure, requestFailure } from './http-failure.ts'

/** More than this is no output of a step. */
const bodyLimit = 10_000_000
/** How much of the body of an error is read for its message. */
const errorStart = 2000

/**
 * Sends one request, following redirects; the output is the body of the answer: parsed when its content type is JSON
 * (null when it is empty), else text. Requests that change something carry the step's `Idempotency-Key`, all of them the
 * `traceparent` of the attempt and the `X-Request-Id` of the run, unless the author set them. Rejects with RetryableError
 * RATE_LIMIT, SERVER_ERROR (both with the wait that was asked for) or NETWORK; with TerminalError AUTH, NOT_FOUND,
 * HTTP_<status>, URL_INVALID, REQUEST_INVALID, OUTPUT_NOT_JSON or OUTPUT_TOO_LARGE (above 10 MB). Messages hold neither
 * headers nor the query of the URL.
 */
export async function executeHttp(request: HttpRequest, context: ExecutionContext, clock: Clock): Promise<StepResult> {
  const { signal } = context
  const url = requestUrl(request.url)
  const what = `${request.method} ${url.origin}${url.pathname}`
  const init = { method: request.method, headers: requestHeaders(request, context, what), ...requestBody(request, what), signal }
  try {
    const response = await fetch(url, init)
    context.log(`${what}: ${response.status} ${response.statusText}`.trimEnd())
    if (!response.ok) throw answerFailure(response, await readStart(response, errorStart), what, clock.now())
    return { output: outputOf(response, await readAll(response, bodyLimit, what), what) }
  } catch (error) {
    throw signal.aborted ? cancellation(signal) : requestFailure(error, what)
  }
}

function requestUrl(text: string): URL {
  const url = URL.parse(text)
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.password === '') {
    return url
  }
  // Whatever may be a secret in it stays out of the message.
  const shown = textStart(text.replace(/\/\/[^/@]*@/, '//…@').replace(/[?#].*$/s, ''), 200)
  const why =
    url === null ? 'is not a URL' : url.username + url.password === '' ? `has the scheme ${url.protocol}` : 'holds credentials'
  throw new TerminalError(
    'URL_INVALID',
    `${JSON.stringify(shown)} ${why}. Write a whole URL that starts with http:// or https://; credentials belong in \`headers\`.`,
  )
}

function requestHeaders(
  { method, headers, body, idempotencyKey }: HttpRequest,
  { traceparent, requestId }: ExecutionContext,
  what: string,
): Headers {
  const all = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    try {
      all.set(name, value)
    } catch {
      // The error of the library quotes the value.
      const message = `The header ${JSON.stringify(name)} of ${what} has a name or a value that HTTP does not allow.`
      throw new TerminalError('REQUEST_INVALID', message)
    }
  }
  if (body !== undefined && typeof body !== 'string' && !all.has('content-type')) all.set('content-type', 'application/json')
  if (method !== 'GET' && method !== 'HEAD' && !all.has('idempotency-key')) all.set('idempotency-key', idempotencyKey)
  if (traceparent !== undefined && !all.has('traceparent')) all.set('traceparent', traceparent)
  if (requestId !== undefined && !all.has('x-request-id')) all.set('x-request-id', requestId)
  return all
}

function requestBody({ method, body }: HttpRequest, what: string): { body?: string } {
  if (body === undefined) return {}
  if (method === 'GET' || method === 'HEAD') {
    const message = `${what} cannot have a body: use POST, PUT, PATCH or DELETE, or leave out \`body\`.`
    throw new TerminalError('REQUEST_INVALID', message)
  }
  return { body: typeof body === 'string' ? body : JSON.stringify(body) }
}

function outputOf(response: Response, text: string, what: string): Json {
  const type = response.headers.get('content-type') ?? ''
  if (!/^\s*[^;\s]+[/+]json\s*(?:;|$)/i.test(type)) return text
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch (cause) {
    const start = text.length > 200 ? `${textStart(text, 200)}…` : text
    const message = `${what} answered as ${type}, but it is not JSON: ${JSON.stringify(start)}`
    throw new TerminalError('OUTPUT_NOT_JSON', message, { cause })
  }
}
