import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createFakeAgents, type FakeTurn } from '../src/testing/index.ts'
import { AgentStep, cli, temporaryFolder } from './executor-agents.ts'

const names = ['claude', 'codex', 'gemini', 'copilot'] as const
const turn: FakeTurn = {
  raw: ['Loaded cached credentials.', { type: 'of_tomorrow' }, '{ broken'],
  tools: [{ tool: 'ls', input: { path: '.' }, output: 'a.txt' }, { tool: 'rm', output: 'no', failed: true }],
  say: ['Looking.', 'All is well.'],
  usage: { inputTokens: 100, outputTokens: 7, cachedTokens: 40 },
  costUsd: 0.25,
}

function fakes(script: Parameters<typeof createFakeAgents>[1]) {
  const made = createFakeAgents(join(temporaryFolder(), 'fakes'), script)
  return { ...made, step: new AgentStep(temporaryFolder(), made.env()) }
}

describe.each(names)('%s', (name) => {
  test('does a step: its lines become one shape, whoever printed them', async () => {
    const { step, calls } = fakes({ [name]: [turn] })
    const result = await step.run(cli(name, { model: 'm-1', args: ['--extra'] }), { prompt: 'Look around; $(rm -rf) "quoted"' })
    expect(String(result.output).split('\n').at(-1)).toBe('All is well.')
    expect(result.sessionId).toBe(`${name}-session-1`)
    const tokens = { inputTokens: 100, outputTokens: 7, cachedTokens: 40, costUsd: name === 'claude' ? 0.25 : null }
    expect(result.usage).toEqual(name === 'copilot' ? undefined : tokens)
    const of = (type: string) => step.events.filter((event) => event.type === type).map(({ data }) => data)
    expect(of('agent.tool_call')).toHaveLength(2)
    expect(of('agent.tool_result')).toMatchObject([{ output: 'a.txt' }, { output: 'no', failed: true }])
    expect(of('agent.tool_result')[0]).not.toHaveProperty('failed')
    expect(of('agent.message').map((data) => (data as { text: string }).text).join('\n')).toBe('Looking.\nAll is well.')
    expect(step.logged).toEqual(expect.arrayContaining(['Loaded cached credentials.', '{"type":"of_tomorrow"}', '{ broken']))
    const [call] = calls()
    expect(call).toMatchObject({ cwd: step.folder, prompt: 'Look around; $(rm -rf) "quoted"', argv: expect.arrayContaining(['m-1', '--extra']) })
  })

  test('goes on with its session when the step is tried again', async () => {
    const { step, calls } = fakes({ [name]: [{ error: 'API Error: 529 overloaded' }, { say: 'Now it is.' }] })
    await expect(step.run(cli(name))).rejects.toMatchObject({ kind: 'retryable', code: 'SERVER_ERROR' })
    expect(step.kept).toMatchObject({ sessionId: `${name}-session-1` })
    expect(await step.run(cli(name))).toMatchObject({ output: 'Now it is.', sessionId: `${name}-session-1` })
    expect(calls()[1]).toMatchObject({ resumed: `${name}-session-1`, prompt: expect.stringMatching(/cut off.*\n\nDo it$/s) })
  })

  test('begins a new session when the old one is gone', async () => {
    const { step, calls } = fakes({ [name]: [{ error: 'No conversation found with session ID: old' }, { say: 'Anew.' }] })
    step.kept = { sessionId: 'old' }
    expect((await step.run(cli(name))).output).toBe('Anew.')
    expect(calls().map(({ resumed }) => resumed)).toEqual(['old', undefined])
    expect(step.kept).toMatchObject({ sessionId: `${name}-session-2` })
  })

  test('tells a person what to install when it is not there', async () => {
    const step = new AgentStep(temporaryFolder(), { PATH: '/nowhere' })
    await expect(step.run(cli(name))).rejects.toMatchObject({ kind: 'terminal', code: 'AGENT_NOT_INSTALLED', message: expect.stringMatching(/npm install -g/) })
  })

  test('that ends without saying that it is done may be tried again', async () => {
    const { step } = fakes({ [name]: [{ die: true }] })
    await expect(step.run(cli(name))).rejects.toMatchObject({ kind: 'retryable', code: 'AGENT_CRASHED' })
  })
})

describe('how they fail', () => {
  test.each<[Partial<FakeTurn>, object]>([
    [{ error: 'Rate limit exceeded. Please try again in 1.5s.' }, { kind: 'retryable', code: 'RATE_LIMIT', retryAfterMs: 1500 }],
    [{ error: '429 Too Many Requests, retry after 2 minutes' }, { kind: 'retryable', code: 'RATE_LIMIT', retryAfterMs: 120_000 }],
    [{ error: 'Invalid API key · Please run /login' }, { kind: 'terminal', code: 'AUTH' }],
    [{ error: 'You have hit your usage limit. Try again in 4 days.' }, { kind: 'terminal', code: 'QUOTA_EXCEEDED' }],
    [{ error: 'connect ECONNREFUSED 127.0.0.1:443' }, { kind: 'retryable', code: 'NETWORK' }],
    [{ error: 'the model gpt-9 does not exist' }, { kind: 'terminal', code: 'NOT_FOUND' }],
    [{ error: 'blocked by the content policy' }, { kind: 'terminal', code: 'CONTENT_FILTER' }],
    [{ error: 'segfault in the flux compensator' }, { kind: 'terminal', code: 'AGENT_FAILED' }],
  ])('%j', async (failure, expected) => {
    for (const name of ['codex', 'copilot'] as const) {
      await expect(fakes({ [name]: [failure] }).step.run(cli(name))).rejects.toMatchObject(expected)
    }
  })

  test.each([[41, 'AUTH'], [42, 'BAD_REQUEST'], [53, 'MAX_TURNS']])('gemini with exit code %i: %s', async (exitCode, code) => {
    const { step } = fakes({ gemini: [{ error: 'it went wrong', exitCode }] })
    await expect(step.run(cli('gemini'))).rejects.toMatchObject({ kind: 'terminal', code, details: { exitCode } })
  })

  test('claude by its own words: turns, budget; what was used is told', async () => {
    const end = (subtype: string) => ({ type: 'result', subtype, is_error: true, usage: { input_tokens: 5, output_tokens: 2 }, total_cost_usd: 0.5 })
    for (const [subtype, code] of [['error_max_turns', 'MAX_TURNS'], ['error_max_budget_usd', 'QUOTA_EXCEEDED']] as const) {
      const { step } = fakes({ claude: [{ raw: [end(subtype)], die: true, exitCode: 1 }] })
      await expect(step.run(cli('claude'))).rejects.toMatchObject({ kind: 'terminal', code, usage: { inputTokens: 5, outputTokens: 2, costUsd: 0.5 } })
    }
  })
})

describe('an answer that has a schema', () => {
  const closed = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'], additionalProperties: false } as const
  const schemaFiles = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('forkchart-schema-'))

  test('is held to it by claude itself', async () => {
    const { step, calls } = fakes({ claude: [{ say: 'It is.', value: { ok: true } }] })
    expect((await step.run(cli('claude'), { outputSchema: closed })).output).toEqual({ ok: true })
    const [{ argv = [], prompt = '' } = {}] = calls()
    expect(JSON.parse(argv[argv.indexOf('--json-schema') + 1] ?? '')).toMatchObject(closed)
    expect(prompt).toBe('Do it')
  })

  test('is held to it by codex, which takes a file that is gone afterwards', async () => {
    const before = schemaFiles()
    const { step, calls } = fakes({ codex: [{ value: { ok: true } }] })
    expect((await step.run(cli('codex'), { outputSchema: closed })).output).toEqual({ ok: true })
    expect(calls()[0]?.argv).toContain('--output-schema')
    expect(schemaFiles()).toEqual(before)
  })

  test.each(['gemini', 'copilot'] as const)('is asked for in the prompt of %s', async (name) => {
    const { step, calls } = fakes({ [name]: [{ say: 'Here:\n```json\n{"ok": true}\n```' }] })
    expect((await step.run(cli(name), { outputSchema: closed })).output).toEqual({ ok: true })
    expect(calls()[0]?.prompt).toContain('JSON Schema')
  })

  test('that is no JSON fails the step', async () => {
    const { step } = fakes({ gemini: [{ say: 'Well, yes.' }] })
    await expect(step.run(cli('gemini'), { outputSchema: closed })).rejects.toMatchObject({ kind: 'terminal', code: 'OUTPUT_NOT_JSON' })
  })
})

test.each(['gemini', 'copilot'] as const)('a prompt of any size and beginning comes through to %s', async (name) => {
  const long = `--help ${'wörd '.repeat(60_000)}`
  for (const prompt of ['--version', long]) {
    const { step, calls } = fakes({ [name]: [{}] })
    await step.run(cli(name), { prompt })
    expect(calls()[0]?.prompt.trim() === prompt.trim(), prompt.slice(0, 20)).toBe(true)
  }
})

test('a line of ten million characters is read whole', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'bin'))
  const program = `#!${process.execPath}
process.stdin.resume()
process.stdout.write(JSON.stringify({ type: 'item.completed', item: { id: 'i', type: 'agent_message', text: 'ö'.repeat(1e7) } }) + '\\n')
process.stdout.write(JSON.stringify({ type: 'turn.completed', usage: {} }))\n`
  writeFileSync(join(folder, 'bin', 'codex'), program)
  chmodSync(join(folder, 'bin', 'codex'), 0o755)
  const step = new AgentStep(folder, { PATH: join(folder, 'bin') })
  expect(String((await step.run(cli('codex'))).output)).toHaveLength(1e7)
})
