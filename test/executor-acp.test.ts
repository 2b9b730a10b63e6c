import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type { AcpAgent } from '../src/spec/ir-agents.ts'
import { createFakeAgents, type FakeTurn } from '../src/testing/index.ts'
import { acp, AgentStep, temporaryFolder } from './executor-agents.ts'

function fake(...turns: readonly FakeTurn[]) {
  const made = createFakeAgents(join(temporaryFolder(), 'fakes'), { acp: turns })
  return { ...made, step: new AgentStep(temporaryFolder(), made.env()) }
}

describe('an agent that speaks ACP', () => {
  test('does a step: text as it comes, messages, tools, usage and cost', async () => {
    const { step, acp: command, calls } = fake({
      tools: [{ tool: 'Read a file', input: { path: 'a' }, output: 'A' }, { tool: 'Run it', output: 'no', failed: true }],
      say: 'All is well.', usage: { inputTokens: 10, outputTokens: 3, cachedTokens: 4 }, costUsd: 0.5,
    })
    expect(await step.run(acp(command))).toEqual({
      output: 'All is well.', sessionId: 'acp-session-1', usage: { inputTokens: 10, outputTokens: 3, cachedTokens: 4, costUsd: 0.5 },
    })
    expect(step.deltas.length).toBeGreaterThan(1)
    expect(step.deltas.join('')).toBe('All is well.')
    expect(step.events).toEqual([
      { type: 'agent.tool_call', data: { call: 'call-0', tool: 'Read a file', arguments: { path: 'a' } } },
      { type: 'agent.tool_result', data: { call: 'call-0', tool: 'Read a file', output: 'A' } },
      { type: 'agent.tool_call', data: { call: 'call-1', tool: 'Run it', arguments: {} } },
      { type: 'agent.tool_result', data: { call: 'call-1', tool: 'Run it', output: 'no', failed: true } },
      { type: 'agent.message', data: { text: 'All is well.' } },
    ])
    expect(calls()[0]).toMatchObject({ cwd: step.folder, prompt: 'Do it' })
  })

  test('goes on with its session when tried again, without telling again what was said, and is charged only for what is new', async () => {
    const { step, acp: command, calls } = fake({ costUsd: 0.5 }, { say: 'And on.', costUsd: 0.75 })
    await step.run(acp(command))
    const before = step.events.length
    expect(await step.run(acp(command))).toMatchObject({ output: 'And on.', usage: { costUsd: 0.25 } })
    expect(step.events.slice(before)).toEqual([{ type: 'agent.message', data: { text: 'And on.' } }])
    expect(calls()[1]).toMatchObject({ resumed: 'acp-session-1', prompt: expect.stringContaining('cut off') })
  })

  test('answers with JSON where its answer has a schema', async () => {
    const { step, acp: command } = fake({ say: 'So: {"ok": true}' })
    const outputSchema = { type: 'object', required: ['ok'] } as const
    expect((await step.run(acp(command), { outputSchema })).output).toEqual({ ok: true })
  })

  test('may say what nobody knows yet: it is passed over, without a word on our stderr', async () => {
    const complained = vi.spyOn(console, 'error')
    const update = (kind: string) => ({ jsonrpc: '2.0', method: 'session/update', params: { sessionId: 'acp-session-1', update: { sessionUpdate: kind, entries: [] } } })
    const { step, acp: command } = fake({ raw: [update('of_tomorrow'), update('plan')], say: 'Well.' })
    expect((await step.run(acp(command))).output).toBe('Well.')
    expect(complained).not.toHaveBeenCalled()
    complained.mockRestore()
  })

  test('may be a program beside the spec', async () => {
    const { step, acp: [program] } = fake({ say: 'Here.' })
    writeFileSync(join(step.folder, 'agent.sh'), `#!/bin/sh\nexec ${program}\n`)
    chmodSync(join(step.folder, 'agent.sh'), 0o755)
    expect((await step.run(acp(['./agent.sh']))).output).toBe('Here.')
  })
})

describe('MCP servers', () => {
  /** Speaks ACP, and says which servers it was given. */
  const telling = (http: boolean) => [process.execPath, '-e', `require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method, params } = JSON.parse(line)
    const send = (message) => console.log(JSON.stringify({ jsonrpc: '2.0', ...message }))
    if (method === 'initialize') return send({ id, result: { protocolVersion: 1, agentCapabilities: { mcpCapabilities: { http: ${http} } } } })
    if (method === 'session/new') { servers = JSON.stringify(params.mcpServers); return send({ id, result: { sessionId: 's' } }) }
    send({ method: 'session/update', params: { sessionId: 's', update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: servers } } } })
    send({ id, result: { stopReason: 'end_turn' } })
  })`]
  const mcp: AcpAgent['mcp'] = [
    { name: 'files', command: ['mcp-files', '.'], env: { A: '1' } },
    { name: 'web', url: 'http://127.0.0.1:1/mcp', headers: { b: '2' } },
  ]
  const step = () => new AgentStep(temporaryFolder(), process.env)

  test('are handed to the agent as the protocol has them', async () => {
    const { output } = await step().run(acp(telling(true), { mcp }))
    expect(JSON.parse(String(output))).toEqual([
      { name: 'files', command: 'mcp-files', args: ['.'], env: [{ name: 'A', value: '1' }] },
      { type: 'http', name: 'web', url: 'http://127.0.0.1:1/mcp', headers: [{ name: 'b', value: '2' }] },
    ])
  })

  test('that the agent cannot use fail the step', async () => {
    await expect(step().run(acp(telling(false), { mcp }))).rejects.toMatchObject({ kind: 'terminal', code: 'AGENT_MCP_UNSUPPORTED', message: expect.stringContaining('web') })
  })
})

describe('what it wants to do', () => {
  const turn: FakeTurn = { permission: 'Edit main.ts', write: { 'main.ts': 'x' } }

  test.each([['allow', 'yes'], ['deny', 'no']] as const)('is answered by itself: %s', async (permissions, chosen) => {
    const { step, acp: command, calls } = fake(turn)
    await step.run(acp(command, { permissions }), {}, { answer: 'Allow' })
    expect(calls()[0]?.chosen).toBe(chosen)
    expect(step.asked).toEqual([])
  })

  test('is put to a person, who has the options of the agent', async () => {
    const { step, acp: command, calls } = fake(turn)
    await step.run(acp(command, { permissions: 'ask' }), {}, { answer: 'Always allow' })
    expect(step.asked).toEqual([{ message: expect.stringMatching(/coder.*Edit main\.ts\n.*some file/s), options: ['Allow', 'Always allow', 'Reject'] }])
    expect(calls()[0]?.chosen).toBe('always')
  })

  test('fails the step where nobody can be asked', async () => {
    const { step, acp: command } = fake(turn)
    await expect(step.run(acp(command, { permissions: 'ask' }))).rejects.toMatchObject({ kind: 'terminal', code: 'NO_HOST' })
  })
})

describe('a failure', () => {
  test.each<[FakeTurn, object]>([
    [{ stopReason: 'refusal' }, { kind: 'terminal', code: 'CONTENT_FILTER' }],
    [{ stopReason: 'max_tokens', usage: { inputTokens: 1, outputTokens: 2 } }, { kind: 'terminal', code: 'MAX_TOKENS', usage: { inputTokens: 1 } }],
    [{ stopReason: 'max_turn_requests' }, { kind: 'terminal', code: 'MAX_TURNS' }],
    [{ stopReason: 'cancelled' }, { kind: 'terminal', code: 'AGENT_STOPPED' }],
    [{ error: 'Rate limit exceeded, retry after 3s' }, { kind: 'retryable', code: 'RATE_LIMIT', retryAfterMs: 3000 }],
    [{ error: 'Authentication required' }, { kind: 'terminal', code: 'AUTH' }],
    [{ die: true }, { kind: 'retryable', code: 'AGENT_CRASHED' }],
  ])('of its own: %j', async (turn, expected) => {
    const { step, acp: command } = fake(turn)
    await expect(step.run(acp(command))).rejects.toMatchObject(expected)
  })

  test.each<[string, readonly string[], object]>([
    ['is not there', ['/nowhere/agent'], { kind: 'terminal', code: 'AGENT_NOT_INSTALLED', message: expect.stringContaining('coder') }],
    ['echoes what it hears', ['cat'], { kind: 'terminal', code: 'AGENT_PROTOCOL' }],
    ['ends at once', ['true'], { kind: 'retryable', code: 'AGENT_CRASHED' }],
    ['complains and ends', ['sh', '-c', 'echo "not logged in" >&2; exit 3'], { kind: 'terminal', code: 'AUTH' }],
    ['speaks another version', ['sh', '-c', `read x; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":9}}'; read x`], { kind: 'terminal', code: 'AGENT_PROTOCOL', message: expect.stringContaining('version 9') }],
    ['wants a login', ['sh', '-c', `read x; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":1}}'; read x; echo '{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"Please sign in"}}'; read x`], { kind: 'terminal', code: 'AUTH' }],
  ])('of a program that %s', async (_name, command, expected) => {
    const step = new AgentStep(temporaryFolder(), process.env)
    await expect(step.run(acp(command))).rejects.toMatchObject(expected)
  })
})
