import type { Json } from '../json.ts'
import type { Agent, ScriptedReply } from './ir.ts'
import type { AgentTool, McpServer } from './ir-agents.ts'
import { defined, milliseconds, texts } from './normalise-parts.ts'
import type { WrittenAgent, WrittenReply } from './written-agent.ts'

/** An agent with its defaults filled in. */
export function agentOf(written: WrittenAgent): Agent {
  const { instructions, output, rehearse, memory } = written
  const base = {
    instructions,
    output,
    rehearse: rehearse?.map(replyOf),
    memory: memory === undefined ? undefined : { keep: memory !== 'run' && memory.keep === true },
  }
  switch (written.uses) {
    case 'scripted':
      return defined({ ...base, uses: 'scripted' as const, replies: written.replies.map(replyOf) })
    case 'openai': {
      const { model, base_url: baseUrl, api_key_env: apiKeyEnv, api, settings, tools, mcp, guardrails, handoffs, session } = written
      return defined({
        ...base,
        uses: 'openai' as const,
        model,
        baseUrl,
        apiKeyEnv,
        api,
        settings: settings as Record<string, Json> | undefined,
        tools: tools?.map(toolOf),
        mcp: mcp?.map(serverOf),
        guardrails: guardrails && { input: guardrails.input ?? [], output: guardrails.output ?? [] },
        handoffs,
        session: session === 'run' ? session : undefined,
      })
    }
    case 'acp': {
      const { command, permissions = 'ask' as const, mcp } = written
      return defined({ ...base, ...codingOf(written), uses: 'acp' as const, command: command.map(String), permissions, mcp: mcp?.map(serverOf) })
    }
    case 'cli': {
      const { cli, model, args = [] } = written
      return defined({ ...base, ...codingOf(written), uses: 'cli' as const, cli, model, args: args.map(String) })
    }
    case 'command': {
      const { command, parse = 'text' as const } = written
      const words = typeof command === 'string' ? command : command.map(String)
      return defined({ ...base, ...codingOf(written), uses: 'command' as const, command: words, parse })
    }
    case 'function':
      return defined({ ...base, uses: 'function' as const, call: written.call })
  }
}

function codingOf({ workspace = 'shared', env = {} }: Extract<WrittenAgent, { uses: 'acp' | 'cli' | 'command' }>) {
  return { workspace, env: texts(env) }
}

type WrittenOpenAI = Extract<WrittenAgent, { uses: 'openai' }>

function toolOf(written: NonNullable<WrittenOpenAI['tools']>[number]): AgentTool {
  if (typeof written === 'string') return { call: written, approve: false }
  if ('hosted' in written) return { hosted: written.hosted, settings: written.settings ?? {} }
  const { call, name, description, parameters, approve = false } = written
  return defined({ call, name, description, parameters, approve })
}

function serverOf(written: NonNullable<WrittenOpenAI['mcp']>[number]): McpServer {
  return 'url' in written
    ? { name: written.name, url: written.url, headers: texts(written.headers ?? {}) }
    : { name: written.name, command: written.command.map(String), env: texts(written.env ?? {}) }
}

function replyOf(reply: WrittenReply): ScriptedReply {
  if (typeof reply === 'string') return { output: reply }
  const delayMs = milliseconds(reply.delay)
  if ('error' in reply) return defined({ error: reply.error, message: reply.message, delayMs })
  return defined({ output: reply.output, usage: reply.usage, costUsd: reply.costUsd, delayMs })
}
