import { spawnSync } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import type { McpServer } from '../src/spec/ir-agents.ts'
import { type LoopbackOpenAI, type LoopbackReply, type LoopbackRequest, startLoopbackOpenAI } from '../src/testing/loopback-openai.ts'
import { attempt, listener, toolOf } from './openai-agent.ts'

const file = fileURLToPath(new URL('fixtures/openai/mcp-server.ts', import.meta.url))
const stdio = (...args: string[]): McpServer => ({ name: 'tiny', command: [process.execPath, file, ...args], env: { LOUDLY: 'very' } })

let service: LoopbackOpenAI | undefined
let http: Server | undefined
afterEach(async () => {
  await service?.close()
  http?.closeAllConnections()
  http?.close()
})

const shout = ({ toolResults }: LoopbackRequest): LoopbackReply =>
  toolResults.length === 0 ? { toolCalls: [{ name: 'shout', arguments: { text: 'hey' }, id: 'call_1' }] } : { text: toolResults.join() }

/** What the server said of its processes. */
function pidsIn(logged: readonly string[]): number[] {
  const line = logged.find((text) => text.includes('pids')) ?? ''
  return [...line.matchAll(/\d+/g)].map(([pid]) => Number(pid))
}

/** One that has ended may keep its entry for as long as nobody collects it. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z')
}

describe('an MCP server that is a program', () => {
  test('gives its tools, gets no key of ours, writes to the log, and is gone at the end with all it started', async () => {
    service = await startLoopbackOpenAI(shout)
    const { told, logged, context } = listener()
    const env = { ...process.env, OPENAI_BASE_URL: service.baseUrl, OPENAI_API_KEY: 'test-key-1' }
    const result = await attempt({ env, context, agent: { mcp: [stdio()] } })
    expect(result.output).toContain('HEY very no key')
    expect(told.map(({ type }) => type)).toContain('agent.tool_result')
    const pids = pidsIn(logged)
    expect(pids).toHaveLength(2)
    expect(pids.filter(isAlive)).toEqual([])
  })

  test('is gone soon after the step is cancelled, however deaf it is', async () => {
    service = await startLoopbackOpenAI(() => ({ silent: true }))
    const { logged, context } = listener()
    const stop = new AbortController()
    const { promise: said, resolve } = Promise.withResolvers<void>()
    const log = (text: string): void => {
      context.log(text)
      if (text.includes('pids')) resolve()
    }
    const env = { ...process.env, OPENAI_BASE_URL: service.baseUrl }
    const work = attempt({ env, context: { ...context, log, signal: stop.signal }, agent: { mcp: [stdio('deaf')] } })
    work.catch(() => undefined)
    await said
    const since = performance.now()
    stop.abort()
    await expect(work).rejects.toMatchObject({ kind: 'cancelled' })
    expect(performance.now() - since).toBeLessThan(2500)
    expect(pidsIn(logged).filter(isAlive)).toEqual([])
  })

  test('and a function whose tools have the same name are refused before the model is asked', async () => {
    service = await startLoopbackOpenAI(() => 'x')
    const env = { ...process.env, OPENAI_BASE_URL: service.baseUrl }
    const tools = [{ call: toolOf('look'), name: 'shout', approve: false }]
    await expect(attempt({ env, agent: { mcp: [stdio()], tools } })).rejects.toMatchObject({
      kind: 'terminal', code: 'AGENT_FAILED', message: expect.stringContaining('Duplicate'),
    })
    expect(service.requests).toEqual([])
  })

  test('that is not there is named', async () => {
    service = await startLoopbackOpenAI(() => 'x')
    const env = { ...process.env, OPENAI_BASE_URL: service.baseUrl }
    const mcp = [stdio(), { name: 'gone', command: ['no-such-program-here'], env: {} }]
    const { logged, context } = listener()
    await expect(attempt({ env, context, agent: { mcp } })).rejects.toMatchObject({
      kind: 'terminal', code: 'MCP_UNAVAILABLE', message: expect.stringContaining('Install no-such-program-here'),
    })
    expect(pidsIn(logged).filter(isAlive)).toEqual([])
  })
})

describe('an MCP server with an address', () => {
  const startHttp = async (): Promise<{ url: string; tokens: (string | undefined)[] }> => {
    const tokens: (string | undefined)[] = []
    const server = createServer((request, response) => {
      void (async () => {
        let text = ''
        for await (const chunk of request) text += String(chunk)
        tokens.push(request.headers.authorization)
        if (request.method !== 'POST') return response.writeHead(405).end()
        const { id, method, params } = JSON.parse(text) as { id?: number; method: string; params?: { protocolVersion?: string; arguments?: { text: string } } }
        if (id === undefined) return response.writeHead(202).end()
        const results: Record<string, object> = {
          initialize: { protocolVersion: params?.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'web', version: '1' } },
          'tools/list': { tools: [{ name: 'shout', inputSchema: { type: 'object', properties: {} } }] },
          'tools/call': { content: [{ type: 'text', text: params?.arguments?.text.toUpperCase() ?? '' }] },
        }
        const found = results[method]
        const answer = found === undefined ? { error: { code: -32601, message: 'no such method' } } : { result: found }
        return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }))
      })()
    })
    http = server
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, tokens }
  }

  test('gives its tools and gets its headers', async () => {
    service = await startLoopbackOpenAI(shout)
    const { url, tokens } = await startHttp()
    const mcp = [{ name: 'web', url, headers: { authorization: 'Bearer web-token-1' } }]
    const { output } = await attempt({ env: { OPENAI_BASE_URL: service.baseUrl }, agent: { mcp } })
    expect(output).toContain('HEY')
    expect(new Set(tokens)).toEqual(new Set(['Bearer web-token-1']))
  })

  test('that cannot be reached may be there later', async () => {
    service = await startLoopbackOpenAI(() => 'x')
    const mcp = [{ name: 'web', url: 'http://127.0.0.1:1/mcp', headers: {} }]
    await expect(attempt({ env: { OPENAI_BASE_URL: service.baseUrl }, agent: { mcp } })).rejects.toMatchObject({
      kind: 'retryable', code: 'MCP_UNAVAILABLE', message: expect.stringContaining('127.0.0.1:1'),
    })
  })
})
