import { createInterface } from 'node:readline'
import type { Json, JsonObject } from '../json.ts'
import { type FakeScript, type FakeTurn, sayingsOf, writeFiles } from './fake-agent-turn.ts'
import { hangOn } from './fake-hang.ts'

/** Speaks the agent's side of the Agent Client Protocol, version 1, on stdin and stdout. */
export function playFakeAcp(script: FakeScript): void {
  const answers = new Map<number, (result: JsonObject) => void>()
  let asked = 0
  let cwd = process.cwd()
  let resumed: string | undefined
  let cancelled = (): void => undefined

  const send = (message: JsonObject): void => void process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  const update = (sessionId: Json, change: JsonObject): void => send({ method: 'session/update', params: { sessionId, update: change } })
  const text = (sessionId: Json, words: string): void =>
    update(sessionId, { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: words } })

  function request(method: string, params: JsonObject): Promise<JsonObject> {
    asked += 1
    const { promise, resolve } = Promise.withResolvers<JsonObject>()
    answers.set(asked, resolve)
    send({ id: asked, method, params })
    return promise
  }

  async function mayWork(sessionId: Json, { permission }: FakeTurn): Promise<string> {
    if (permission === undefined) return 'yes'
    const { outcome } = await request('session/request_permission', {
      sessionId,
      toolCall: { toolCallId: 'edit-1', title: permission, kind: 'edit', rawInput: { path: 'some file' } },
      options: [
        { optionId: 'yes', name: 'Allow', kind: 'allow_once' },
        { optionId: 'always', name: 'Always allow', kind: 'allow_always' },
        { optionId: 'no', name: 'Reject', kind: 'reject_once' },
      ],
    })
    return String((outcome as JsonObject | undefined)?.optionId ?? 'cancelled')
  }

  async function prompt(id: Json, { sessionId = '', prompt }: JsonObject): Promise<void> {
    const words = (prompt as readonly JsonObject[]).map((part) => String(part.text ?? '')).join('\n')
    const { turn, key } = script.take(words)
    const pids = turn.hang === true ? [process.pid, hangOn()] : [process.pid]
    for (const line of turn.raw ?? []) process.stdout.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`)
    const chosen = await mayWork(sessionId, turn)
    script.record({ prompt: words, key, pids, ...(resumed === undefined ? {} : { resumed }), ...(turn.permission === undefined ? {} : { chosen }) })
    if (turn.error !== undefined) return send({ id, error: { code: -32603, message: turn.error } })
    if (chosen === 'yes' || chosen === 'always') writeFiles(turn, cwd)
    for (const [index, { tool, input = {}, output = '', failed = false }] of (turn.tools ?? []).entries()) {
      const toolCallId = `call-${index}`
      update(sessionId, { sessionUpdate: 'tool_call', toolCallId, title: tool, kind: 'other', status: 'pending', rawInput: input })
      update(sessionId, { sessionUpdate: 'tool_call_update', toolCallId, status: failed ? 'failed' : 'completed', rawOutput: output })
    }
    for (const [index, saying] of sayingsOf(turn).entries()) {
      if (index > 0) text(sessionId, '\n')
      for (const part of saying.match(/[^]{1,8}/g) ?? []) text(sessionId, part)
    }
    if (turn.costUsd !== undefined) update(sessionId, { sessionUpdate: 'usage_update', used: 1, size: 2, cost: { amount: turn.costUsd, currency: 'USD' } })
    if (turn.die === true) process.exit(turn.exitCode ?? 1)
    const { usage } = turn
    const told = usage === undefined ? {} : { usage: { ...usage, totalTokens: usage.inputTokens + usage.outputTokens, cachedReadTokens: usage.cachedTokens ?? 0 } }
    cancelled = () => send({ id, result: { stopReason: 'cancelled' } })
    if (turn.hang !== true) send({ id, result: { stopReason: turn.stopReason ?? 'end_turn', ...told } })
  }

  function take({ id = null, method, params = {}, result }: JsonObject): void {
    const given = params as JsonObject
    switch (method) {
      case undefined:
        return answers.get(Number(id))?.((result ?? {}) as JsonObject)
      case 'initialize':
        return send({ id, result: { protocolVersion: 1, agentCapabilities: { loadSession: true, mcpCapabilities: { http: true } }, authMethods: [] } })
      case 'session/new':
        cwd = String(given.cwd)
        return send({ id, result: { sessionId: `acp-session-${script.count + 1}` } })
      case 'session/load':
        cwd = String(given.cwd)
        resumed = String(given.sessionId)
        text(resumed, 'What was said before.')
        return send({ id, result: {} })
      case 'session/prompt':
        return void prompt(id, given)
      case 'session/cancel':
        return cancelled()
      default:
        return send({ id, error: { code: -32601, message: `Method not found: ${String(method)}` } })
    }
  }

  createInterface({ input: process.stdin }).on('line', (line) => take(JSON.parse(line) as JsonObject))
}
