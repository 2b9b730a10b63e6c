import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createFakeAgents } from '../src/testing/index.ts'
import { acp, AgentStep, cli, runs, temporaryFolder } from './executor-agents.ts'

/** What hangs neither heeds SIGTERM nor ends by itself, and has started a process that is like it. */
function hanging() {
  const made = createFakeAgents(join(temporaryFolder(), 'fakes'), { claude: [{ hang: true }], acp: [{ hang: true, tools: [{ tool: 'wait' }] }] })
  return { ...made, step: new AgentStep(temporaryFolder(), made.env()) }
}

describe.each(['cli', 'acp'] as const)('a coding agent (%s)', (kind) => {
  test.each(['cancelled', 'timed out'])('that is %s is gone within 2 s, with all that it started', { timeout: 10_000 }, async (why) => {
    const { step, acp: command, calls } = hanging()
    const controller = new AbortController()
    const reason = new Error(why)
    const { promise: working, resolve: told } = Promise.withResolvers<void>()
    const agent = kind === 'cli' ? cli('claude') : acp(command)
    const attempt = step.run(agent, {}, { signal: controller.signal, told: () => told() })
    const failed = attempt.catch((error: unknown) => error)
    await working
    const [{ pids = [] } = {}] = calls()
    expect(pids.map(runs)).toEqual([true, true])
    const start = performance.now()
    controller.abort(reason)
    expect(await failed).toMatchObject({ kind: 'cancelled' })
    expect(performance.now() - start).toBeLessThan(2000)
    expect(pids.map(runs)).toEqual([false, false])
    // What was begun can be gone on with.
    expect(step.kept).toMatchObject({ sessionId: `${kind === 'cli' ? 'claude' : 'acp'}-session-1` })
  })
})
