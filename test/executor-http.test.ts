import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'
import { CancelledError, RetryableError, TerminalError, toErrorData } from '../src/errors.ts'
import { createExecutors } from '../src/executors/executors.ts'
import type { HttpRequest, StepResult } from '../src/executors/executor.ts'
import { createVirtualClock } from '../src/testing/virtual-clock.ts'

let server: Server | undefined
afterEach(async () => {
  server?.closeAllConnections()
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)))
  server = undefined
})

interface Seen extends Pick<IncomingMessage, 'method' | 'url' | 'headers'> {
  readonly body: string
}

/** A server that answers all in the same way, and what it was sent. */
async function serve(listener: RequestListener): Promise<{ base: string; seen: Seen[] }> {
  const seen: Seen[] = []
  const made = createServer((request, response) => {
    const { method, url, headers } = request
    void text(request).then((body) => {
      seen.push({ method, url, headers, body })
      listener(request, response)
    })
  })
  server = made
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve))
  return { base: `http://127.0.0.1:${(made.address() as AddressInfo).port}`, seen }
}

interface More {
  readonly signal?: AbortSignal
  readonly now?: number
  readonly lines?: string[]
}

function send(request: Partial<HttpRequest>, { signal, now = 0, lines = [] }: More = {}): Promise<StepResult> {
  const full: HttpRequest = {
    kind: 'http', runId: 'r', path: 'p', attempt: 1, idempotencyKey: 'r/p', input: null,
    method: 'GET', url: '', headers: {}, ...request,
  }
  const executors = createExecutors({ scripted: false, clock: createVirtualClock(now), env: {} })
  return executors.execute(full, {
    signal: signal ?? new AbortController().signal, log: (line) => lines.push(line), artifactsDir: '/', since: 0,
  })
}

const answer = (status: number, body = '', headers: Record<string, string> = {}): RequestListener =>
  (_, response) => void response.writeHead(status, headers).end(body)

describe('the output', () => {
  test.each([
    ['application/json', '{"a":1}', { a: 1 }],
    ['application/problem+json; charset=utf-8', '[1]', [1]],
    ['Application/JSON', '', null],
    ['text/plain', '{"a":1}', '{"a":1}'],
    ['application/jsonl', '{"a":1}', '{"a":1}'],
    ['text/plain; charset=latin1', Buffer.from([0xe9]).toString('latin1'), 'é'],
    ['text/plain; charset=klingon', 'qapla', 'qapla'],
  ])('of %s is %s read for what it is', async (type, body, output) => {
    const { base } = await serve((_, response) => {
      response.writeHead(200, { 'content-type': type }).end(Buffer.from(body, type.includes('latin1') ? 'latin1' : 'utf8'))
    })
    expect(await send({ url: base })).toEqual({ output })
  })

  test('of an answer without a body is an empty text', async () => {
    const { base } = await serve(answer(204))
    expect(await send({ url: base, method: 'DELETE' })).toEqual({ output: '' })
    expect(await send({ url: base, method: 'HEAD' })).toEqual({ output: '' })
  })

  test('is what the end of a redirect gives', async () => {
    const { base } = await serve((request, response) => {
      if (request.url === '/old') response.writeHead(302, { location: '/new' }).end()
      else response.end(request.url)
    })
    expect(await send({ url: `${base}/old` })).toEqual({ output: '/new' })
  })

  test('that calls itself JSON and is none fails', async () => {
    const { base } = await serve(answer(200, '<html>', { 'content-type': 'application/json' }))
    await expect(send({ url: base })).rejects.toMatchObject({
      kind: 'terminal', code: 'OUTPUT_NOT_JSON', message: expect.stringContaining('"<html>"'),
    })
  })

  test('is not read beyond 10 MB', async () => {
    let isClosed = false
    const chunk = Buffer.alloc(1_000_000, 'x')
    const { base } = await serve((_, response) => {
      response.on('close', () => (isClosed = true))
      const write = (): void => void (isClosed || response.write(chunk, () => write()))
      write()
    })
    await expect(send({ url: base })).rejects.toMatchObject({
      kind: 'terminal', code: 'OUTPUT_TOO_LARGE', message: expect.stringContaining('larger than 10 MB'),
    })
    await expect.poll(() => isClosed).toBe(true)
  })
})

describe('the request', () => {
  test('carries what the author wrote', async () => {
    const { base, seen } = await serve(answer(200))
    await send({ url: `${base}/a?b=c`, method: 'PUT', headers: { 'X-Token': 't', 'Content-Type': 'text/csv' }, body: 'a,b' })
    expect(seen).toMatchObject([{ method: 'PUT', url: '/a?b=c', body: 'a,b', headers: { 'x-token': 't', 'content-type': 'text/csv' } }])
  })

  test('has a JSON body for whatever is no text', async () => {
    const { base, seen } = await serve(answer(200))
    for (const body of [{ a: [1, null] }, 7, null]) await send({ url: base, method: 'POST', body })
    expect(seen.map(({ body }) => body)).toEqual(['{"a":[1,null]}', '7', 'null'])
    expect(seen.map(({ headers }) => headers['content-type'])).toEqual(Array.from({ length: 3 }, () => 'application/json'))
  })

  test('that changes something has the idempotency key, unless the author set one', async () => {
    const { base, seen } = await serve(answer(200))
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const) await send({ url: base, method })
    await send({ url: base, method: 'POST', headers: { 'idempotency-key': 'mine' } })
    expect(seen.map(({ headers }) => headers['idempotency-key'])).toEqual([
      undefined, undefined, 'r/p', 'r/p', 'r/p', 'r/p', 'mine',
    ])
  })

  test.each([
    ['no URL', { url: 'example.org/x?key=secret' }, 'URL_INVALID'],
    ['another scheme', { url: 'file:///etc/passwd' }, 'URL_INVALID'],
    ['credentials in the URL', { url: 'http://me:secret@127.0.0.1/' }, 'URL_INVALID'],
    ['credentials in what is no URL', { url: 'http://me:secret@[/' }, 'URL_INVALID'],
    ['a header that breaks the line', { url: 'http://127.0.0.1/', headers: { authorization: 'secret\nX: y' } }, 'REQUEST_INVALID'],
    ['a header without a name', { url: 'http://127.0.0.1/', headers: { '': 'secret' } }, 'REQUEST_INVALID'],
    ['a GET with a body', { url: 'http://127.0.0.1/', body: 'secret' }, 'REQUEST_INVALID'],
    ['a port that is blocked', { url: 'http://127.0.0.1:1/?key=secret' }, 'REQUEST_INVALID'],
  ])('with %s is not sent, and its secrets stay out of the message', async (_, request, code) => {
    const error = await send(request).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(TerminalError)
    expect(error).toMatchObject({ code })
    expect(JSON.stringify(toErrorData(error))).not.toContain('secret')
  })
})

describe('failures', () => {
  test.each([
    [429, RetryableError, 'RATE_LIMIT'],
    [408, RetryableError, 'SERVER_ERROR'],
    [425, RetryableError, 'SERVER_ERROR'],
    [500, RetryableError, 'SERVER_ERROR'],
    [503, RetryableError, 'SERVER_ERROR'],
    [401, TerminalError, 'AUTH'],
    [403, TerminalError, 'AUTH'],
    [404, TerminalError, 'NOT_FOUND'],
    [410, TerminalError, 'NOT_FOUND'],
    [422, TerminalError, 'HTTP_422'],
    [304, TerminalError, 'HTTP_304'],
  ])('status %i', async (status, kind, code) => {
    const { base } = await serve(answer(status, status === 304 ? '' : 'no\n  such luck '))
    const lines: string[] = []
    const sent = send({ url: `${base}/x?key=secret`, headers: { authorization: 'secret' } }, { lines })
    const error: unknown = await sent.catch((error: unknown) => error)
    expect(error).toBeInstanceOf(kind)
    expect(error).toMatchObject({ code, details: { status } })
    const { message } = toErrorData(error)
    expect(message).toContain(`GET ${base}/x answered ${status}`)
    if (status !== 304) expect(message).toContain(': no such luck')
    expect(message + lines.join()).not.toContain('secret')
    expect(lines).toHaveLength(1)
  })

  test('quote no more than the start of the body, and read little more of it', async () => {
    const { base } = await serve(answer(400, 'x'.repeat(5_000_000)))
    const error = toErrorData(await send({ url: base }).catch((error: unknown) => error))
    expect(error.message).toMatch(/: x{300}…$/)
  })

  test('say how long the other side asks to wait', async () => {
    const at = (headers: Record<string, string>, status = 503) => async (): Promise<number | undefined> => {
      const { base } = await serve(answer(status, '', headers))
      const now = Date.parse('2026-11-21T12:00:00Z')
      return toErrorData(await send({ url: base }, { now }).catch((error: unknown) => error)).retryAfterMs
    }
    expect(await at({ 'retry-after': '7' })()).toBe(7000)
    server?.close()
    expect(await at({ 'retry-after': 'Sat, 21 Nov 2026 12:00:30 GMT' }, 429)()).toBe(30_000)
    server?.close()
    expect(await at({})()).toBeUndefined()
  })

  test.each([
    ['a connection that is cut', 'ECONNRESET', 0],
    ['an answer that is cut', 'UND_ERR_SOCKET', 100],
  ])('of the network: %s', async (_, __, promised) => {
    const { base } = await serve((request, response) => {
      if (promised === 0) return void request.socket.destroy()
      response.writeHead(200, { 'content-length': promised })
      response.write('x', () => request.socket.destroy())
    })
    await expect(send({ url: base })).rejects.toMatchObject({ kind: 'retryable', code: 'NETWORK' })
  })

  test('of the network: nobody listens', async () => {
    const { base } = await serve(answer(200))
    await new Promise((resolve) => server?.close(resolve))
    await expect(send({ url: base })).rejects.toMatchObject({
      kind: 'retryable', code: 'NETWORK', details: { code: 'ECONNREFUSED' }, message: expect.stringContaining(base),
    })
  })

  test('of redirects without end are for good', async () => {
    const { base } = await serve(answer(302, '', { location: '/' }))
    await expect(send({ url: base })).rejects.toMatchObject({ kind: 'terminal', code: 'REQUEST_INVALID' })
  })

  test.each(['before the answer', 'within the answer'])('a stop %s ends the request', async (when) => {
    const stop = new AbortController()
    let isClosed = false
    const { base } = await serve((_, response) => {
      response.on('close', () => (isClosed = true))
      if (when === 'within the answer') response.writeHead(200).write('x', () => setImmediate(() => stop.abort()))
      else stop.abort()
    })
    await expect(send({ url: base }, { signal: stop.signal })).rejects.toBeInstanceOf(CancelledError)
    await expect.poll(() => isClosed).toBe(true)
  })
})
