import { isAbsolute, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ExecuteInput } from '../../machines/step.ts'
import type { StepRequest } from '../executors/executor.ts'
import { TerminalError } from '../errors.ts'
import { type Json, toText } from '../json.ts'
import type { Agent, Workflow } from '../spec/ir.ts'
import type { McpServer } from '../spec/ir-agents.ts'
import { resolveArgv, resolveShell, resolveTemplate, resolveText } from '../spec/template.ts'
import type { Environment } from './environment.ts'

export interface ResolveOptions {
  readonly workflow: Workflow
  readonly env: Environment
  /** Folder that `call` targets and `cwd` are relative to; absolute. */
  readonly specDir: string
  /** Folder that `run` starts in without a `cwd`; absolute. */
  readonly workingDir: string
}

/**
 * The work of one attempt with every template resolved. Throws TerminalError EXPRESSION_FAILED when an expression fails.
 * Here secrets of the environment enter; what it gives is handed to an executor and never stored.
 */
export function resolveStepRequest(execute: ExecuteInput, options: ResolveOptions): StepRequest {
  const { block, attempt, idempotencyKey } = execute
  const outer = { ...execute.scope, env: options.env }
  const input = block.input === undefined ? execute.scope.prev : resolveTemplate(block.input, outer)
  const scope = { ...outer, prev: input }
  const artifacts = block.artifacts?.map((path) => resolveText(path, scope))
  const base = {
    runId: execute.scope.run.id,
    path: block.path,
    attempt,
    idempotencyKey,
    input,
    ...(artifacts === undefined ? {} : { artifacts }),
  }
  switch (block.kind) {
    case 'agent': {
      const agent = options.workflow.agents[block.agent]
      if (agent === undefined) {
        throw new TerminalError('AGENT_UNKNOWN', `No agent "${block.agent}" is declared.`, { path: block.path })
      }
      return {
        ...base,
        kind: 'agent',
        agentName: block.agent,
        agent: resolveAgent(agent, scope, options.specDir),
        ...teamOf(block.agent, options.workflow.agents, (member) => resolveAgent(member, scope, options.specDir)),
        prompt: resolveText(block.prompt, scope),
        ...(block.maxTurns === undefined ? {} : { maxTurns: block.maxTurns }),
        ...(block.output === undefined ? {} : { outputSchema: block.output }),
      }
    }
    case 'run': {
      const cwd = block.cwd === undefined ? options.workingDir : resolve(options.specDir, resolveText(block.cwd, scope))
      const env = Object.entries(block.env ?? {}).map(([name, value]) => [name, resolveText(value, scope)] as const)
      return {
        ...base,
        kind: 'run',
        ...(typeof block.command === 'string'
          ? { command: resolveShell(block.command, scope), written: block.command }
          : { command: resolveArgv(block.command, scope) }),
        cwd,
        env: Object.fromEntries(env),
        ...(block.stdin === undefined ? {} : { stdin: toText(resolveTemplate(block.stdin, scope)) }),
        parse: block.parse,
      }
    }
    case 'call':
      return {
        ...base,
        kind: 'call',
        target: callTarget(block.target, options.specDir),
        ...(execute.scope.branches === undefined ? {} : { branches: execute.scope.branches }),
      }
    case 'http': {
      const headers = Object.entries(block.headers).map(([name, value]) => [name, resolveText(value, scope)] as const)
      return {
        ...base,
        kind: 'http',
        method: block.method,
        url: resolveText(block.url, scope),
        headers: Object.fromEntries(headers),
        ...(block.body === undefined ? {} : { body: resolveTemplate(block.body, scope) }),
      }
    }
    case 'wait':
      return { ...base, kind: 'wait', until: resolveText(block.until, scope) }
    case 'event':
      return { ...base, kind: 'event', event: resolveText(block.event, scope), ...expiryOf(block) }
    case 'ask':
      return {
        ...base,
        kind: 'ask',
        message: resolveText(block.message, scope),
        ...(block.schema === undefined ? {} : { schema: block.schema }),
        ...(block.options === undefined ? {} : { options: block.options }),
        ...expiryOf(block),
      }
    case 'workflow':
      return { ...base, kind: 'workflow', workflow: block.workflow, with: resolveTemplate(block.with, scope) }
  }
}

function expiryOf({ expiresMs }: { readonly expiresMs?: number | undefined }): { expiresMs?: number } {
  return expiresMs === undefined ? {} : { expiresMs }
}

/** The agents that one may hand over to, and those that they may, if any. */
function teamOf(name: string, agents: Workflow['agents'], resolved: (agent: Agent) => Agent): { team?: Record<string, Agent> } {
  const team: Record<string, Agent> = {}
  const open = [name]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const agent = agents[next]
    if (agent?.uses !== 'openai') continue
    for (const other of agent.handoffs ?? []) {
      const member = agents[other]
      if (member === undefined || other === name || Object.hasOwn(team, other)) continue
      team[other] = resolved(member)
      open.push(other)
    }
  }
  return Object.keys(team).length === 0 ? {} : { team }
}

/** What an agent is told and what it answers when it is scripted are templates; the functions it has are found. */
function resolveAgent(agent: Agent, scope: Parameters<typeof resolveTemplate>[1], specDir: string): Agent {
  const resolved = <T>(value: T): T => resolveTemplate(value as unknown as Json, scope) as unknown as T
  const { instructions, rehearse } = agent
  const base = {
    ...(instructions === undefined ? {} : { instructions: resolved(instructions) }),
    ...(rehearse === undefined ? {} : { rehearse: resolved(rehearse) }),
  }
  switch (agent.uses) {
    case 'scripted':
      return { ...agent, ...base, replies: resolved(agent.replies) }
    case 'function':
      return { ...agent, ...base, call: callTarget(agent.call, specDir) }
    case 'openai': {
      const { tools, guardrails, mcp } = agent
      const found = (targets: readonly string[]): string[] => targets.map((target) => callTarget(target, specDir))
      return {
        ...agent,
        ...base,
        ...(tools && { tools: tools.map((tool) => ('call' in tool ? { ...tool, call: callTarget(tool.call, specDir) } : tool)) }),
        ...(mcp && { mcp: mcp.map((server) => resolveServer(server, scope)) }),
        ...(guardrails && { guardrails: { input: found(guardrails.input), output: found(guardrails.output) } }),
      }
    }
    case 'acp': {
      const { mcp } = agent
      return { ...agent, ...base, ...(mcp && { mcp: mcp.map((server) => resolveServer(server, scope)) }) }
    }
    default:
      return { ...agent, ...base }
  }
}

function resolveServer(server: McpServer, scope: Parameters<typeof resolveTemplate>[1]): McpServer {
  const texts = (all: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(all).map(([name, text]) => [name, resolveText(text, scope)]))
  if ('url' in server) return { ...server, url: resolveText(server.url, scope), headers: texts(server.headers) }
  return { ...server, command: server.command.map((word) => resolveText(word, scope)), env: texts(server.env) }
}

/** `./module.ts#export` becomes a file URL with the export as its fragment; a registered name stays as it is. */
function callTarget(target: string, specDir: string): string {
  const hash = target.lastIndexOf('#')
  if (hash < 0) return target
  const file = target.slice(0, hash)
  return `${pathToFileURL(isAbsolute(file) ? file : resolve(specDir, file)).href}${target.slice(hash)}`
}
