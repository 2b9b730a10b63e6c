import type { AgentEvent, AgentRequest, ExecutionContext, StepResult } from '../src/executors/executor.ts'
import { createExecutors } from '../src/executors/executors.ts'
import type { OpenAIAgent } from '../src/spec/ir-agents.ts'

/** The export of a module of fixtures as steps name it once they are resolved. */
export const toolOf = (name: string): string => new URL(`fixtures/openai/tools.ts#${name}`, import.meta.url).href

export interface AgentAttempt {
  readonly request?: Partial<AgentRequest>
  readonly agent?: Partial<OpenAIAgent>
  readonly env?: NodeJS.ProcessEnv
  readonly context?: Partial<ExecutionContext>
}

/** One attempt of a step with an openai agent, without a host. */
export function attempt({ request = {}, agent = {}, env = {}, context = {} }: AgentAttempt): Promise<StepResult> {
  const full: AgentRequest = {
    kind: 'agent', runId: 'r', path: 'draft', attempt: 1, idempotencyKey: 'r/draft', input: null,
    agentName: 'writer', agent: { uses: 'openai', ...agent }, prompt: 'Say hello.', ...request,
  }
  return createExecutors({ scripted: false, env }).execute(full, {
    signal: new AbortController().signal, log: () => undefined, artifactsDir: '/nowhere', since: 0, ...context,
  })
}

/** Keeps what an attempt tells, deltas among it, in order. */
export function listener() {
  const told: (AgentEvent | { readonly type: 'delta'; readonly data: string })[] = []
  const logged: string[] = []
  const context = {
    tell: (event: AgentEvent) => void told.push(event),
    delta: (text: string) => void told.push({ type: 'delta', data: text }),
    log: (text: string) => void logged.push(text),
  }
  return { told, logged, context }
}
