import { describe, expect, test } from 'vitest'
import { load, problemsOf } from './dialect-reading.ts'

/** Problems of a spec with these agents, whose lines begin at the third, and with these stages. */
function found(agents: string, stages = '- { agent: a, prompt: Hi }'): string[] {
  const unused = /^\d+:\d+ UNUSED_AGENT/
  return problemsOf(`forkchart: 1\nname: x\nagents:\n${agents}\nstages:\n${stages}\n`).filter((one) => !unused.test(one))
}

const a = (more: string): string => `  a: { uses: openai, ${more} }`

describe('an openai agent is refused', () => {
  test.each([
    ['with a setting that nobody knows', a('settings: { max_tokens: 5 }'), '4:34 UNKNOWN_KEY'],
    ['with one out of place', a('settings: { reasoning: { verbosity: low } }'), '4:47 UNKNOWN_KEY'],
    ['with a value that a setting cannot have', a('settings: { reasoning: { effort: huge } }'), '4:55 WRONG_VALUE'],
    ['with retries of its own', a('settings: { retry: { maxRetries: 3 } }'), '4:34 UNKNOWN_KEY'],
    ['with a tool of the provider over Chat Completions', a('api: chat, tools: [{ hosted: web_search }]'), '4:51 HOSTED_TOOL_API'],
    ['with two tools of one name', a('tools: ["./x.ts#find", { call: "./y.ts#find" }]'), '4:45 TOOL_NAME'],
    ['with a tool that nobody can call', a('tools: [{ call: "./x.ts#find", name: find it }]'), '4:30 TOOL_NAME'],
    ['whose key would not be taken out of what is stored', a('base_url: "http://x/v1", api_key_env: MY_PASSPORT'), '4:60 API_KEY_ENV'],
    ['that hands over to an agent of another kind', `${a('allow_handoffs: true, handoffs: [b]')}\n  b: { uses: command, command: cat }`, '4:55 HANDOFF_KIND'],
    ['that hands over to nobody', a('allow_handoffs: true, handoffs: [c]'), '4:55 UNKNOWN_AGENT'],
    ['that hands over without being allowed to', `${a('handoffs: [b]')}\n  b: { uses: openai }`, '4:22 HANDOFF_NOT_ALLOWED'],
  ])('%s', (_, agents, problem) => expect(found(agents)).toEqual([expect.stringContaining(problem)]))
})

test('a hint says what was meant', () => {
  const text = 'forkchart: 1\nname: x\nagents: { a: { uses: openai, settings: { max_tokens: 5 } } }\nstages: [{ agent: a }]'
  expect(() => load(text)).toThrow(expect.objectContaining({ problems: [expect.objectContaining({ message: expect.stringContaining('`maxTokens`') })] }))
})

test('an agent that is only handed over to is used', () => {
  const spec = (handoffs: string): string =>
    `forkchart: 1\nname: x\nagents: { a: { uses: openai, allow_handoffs: true${handoffs} }, b: { uses: openai } }\nstages: [{ agent: a }]`
  expect(problemsOf(spec(', handoffs: [b]'))).toEqual([])
  expect(problemsOf(spec(''))).toEqual([expect.stringContaining('UNUSED_AGENT')])
})

describe('one session', () => {
  const agents = `  a: { uses: openai, session: run }\n  b: { uses: openai }`

  test.each([
    ['two branches', '- parallel: [{ agent: a }, { sequence: [{ agent: b }, { agent: a }] }]'],
    ['two nodes that do not wait for each other', '- graph: [{ id: x, agent: a }, { id: y, agent: b }, { id: z, needs: [y], agent: a }]'],
    ['the items of a map', '- map: { over: [1, 2], do: { agent: a } }'],
    ['branches, one by what makes one output of a group', '- parallel: [{ agent: a }, { id: g, parallel: [{ agent: b }], reduce: { synthesize: a } }]'],
  ])('is not shared by %s', (_, stages) => expect(found(agents, stages)).toEqual([expect.stringContaining('SESSION_SHARED')]))

  test.each([
    ['steps one after another', '- { agent: a }\n- { agent: a }'],
    ['steps of one branch', '- parallel: [{ sequence: [{ agent: a }, { agent: a }] }, { agent: b }]'],
    ['nodes that wait', '- graph: [{ id: x, agent: a }, { id: y, needs: [x], agent: b }, { id: z, needs: [y], agent: a }]'],
    ['items one by one', '- map: { over: [1, 2], concurrency: 1, do: { agent: a } }'],
    ['branches one by one', '- concurrency: 1\n  parallel: [{ agent: a }, { agent: a }]'],
  ])('may go on in %s', (_, stages) => expect(found(agents, stages)).toEqual([]))
})
