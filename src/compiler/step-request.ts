import { isAbsolute, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ExecuteInput } from '../../machines/step.ts'
import type { StepRequest } from '../executors/executor.ts'
import { TerminalError } from '../errors.ts'
import { type Json, toText } from '../json.ts'
import type { Agent, Workflow } from '../spec/ir.ts'
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
  const base = { runId: execute.scope.run.id, path: block.path, attempt, idempotencyKey, input }
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
        agent: resolveAgent(agent, scope),
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
        command:
          typeof block.command === 'string' ? resolveShell(block.command, scope) : resolveArgv(block.command, scope),
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
  }
}

function resolveAgent(agent: Agent, scope: Parameters<typeof resolveTemplate>[1]): Agent {
  return resolveTemplate(agent as unknown as Json, scope) as unknown as Agent
}

/** `./module.ts#export` becomes a file URL with the export as its fragment; a registered name stays as it is. */
function callTarget(target: string, specDir: string): string {
  const hash = target.lastIndexOf('#')
  if (hash < 0) return target
  const file = target.slice(0, hash)
  return `${pathToFileURL(isAbsolute(file) ? file : resolve(specDir, file)).href}${target.slice(hash)}`
}
