import { describe, expect, test } from 'vitest'
import { resolveStepRequest } from '../src/compiler/step-request.ts'
import { initialScope } from '../src/compiler/scope.ts'
import type { AgentRequest } from '../src/executors/executor.ts'
import { load } from './dialect-reading.ts'

/** What the first step of a workflow with these agents is asked with. */
function requestOf(agents: string): AgentRequest {
  const { workflow } = load(`forkchart: 1\nname: x\nenv: [TOKEN]\nagents:\n${agents}\nstages: [{ agent: a, prompt: Hi }]`)
  const [block] = workflow.stages
  if (block?.kind !== 'agent') throw new Error('no agent step')
  const scope = initialScope(workflow, 'in', 'run')
  const execute = { block, scope, attempt: 1, idempotencyKey: 'run/x' }
  return resolveStepRequest(execute, { workflow, env: { TOKEN: 'token-1' }, specDir: '/specs', workingDir: '/work' }) as AgentRequest
}

describe('an agent that hands over', () => {
  test('brings along all that can be reached, in a ring too, resolved and without itself', () => {
    const { team } = requestOf(`
  a: { uses: openai, allow_handoffs: true, handoffs: [b] }
  b: { uses: openai, allow_handoffs: true, handoffs: [c, a], instructions: "About \${{ input }}" }
  c: { uses: openai, tools: ["./t.ts#look"] }
  d: { uses: openai }`)
    expect(Object.keys(team ?? {})).toEqual(['b', 'c'])
    expect(team).toMatchObject({ b: { instructions: 'About in' }, c: { tools: [{ call: 'file:///specs/t.ts#look' }] } })
  })

  test('brings nobody when it hands over to none', () => expect(requestOf('  a: { uses: openai }')).not.toHaveProperty('team'))
})

test('servers of tools are started and reached with what the environment gives', () => {
  const { agent } = requestOf(`
  a:
    uses: openai
    mcp:
      - { name: web, url: "https://x/\${{ run.id }}", headers: { authorization: "Bearer \${{ env.TOKEN }}" } }
      - { name: own, command: [serve, "\${{ input }}"], env: { TOKEN: "\${{ env.TOKEN }}" } }`)
  expect(agent).toMatchObject({
    mcp: [
      { url: 'https://x/run', headers: { authorization: 'Bearer token-1' } },
      { command: ['serve', 'in'], env: { TOKEN: 'token-1' } },
    ],
  })
})
