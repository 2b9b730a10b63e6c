import { expect, test } from 'vitest'
import type { AgentRequest, StepState } from '../src/executors/executor.ts'
import { openConversation } from '../src/executors/openai/kept.ts'
import { callKeys } from '../src/executors/openai/tools.ts'
import { fetchStreaming } from '../src/executors/openai/streaming.ts'
import type { Json } from '../src/json.ts'

function memory(): StepState {
  let kept: Json | undefined
  return { load: () => Promise.resolve(kept), save: (value) => Promise.resolve(void (kept = value)) }
}

test('a step that is done again takes back what it had said, and all that was said after it', async () => {
  const store = memory()
  const step = (idempotencyKey: string) =>
    openConversation({ kind: 'agent', runId: 'r', path: 'x', attempt: 1, idempotencyKey, input: null, agentName: 'a', agent: { uses: 'openai' }, prompt: '' } satisfies AgentRequest, store)
  const say = async (key: string, content: string): Promise<readonly string[]> => {
    const { before, add } = await step(key)
    await add([{ role: 'user', content }])
    return before.map((item) => ('content' in item ? String(item.content) : ''))
  }
  expect(await say('r/a', 'one')).toEqual([])
  expect(await say('r/b', 'two')).toEqual(['one'])
  expect(await say('r/c', 'three')).toEqual(['one', 'two'])
  expect(await say('r/b', 'two again')).toEqual(['one'])
  expect(await say('r/c', 'three again')).toEqual(['one', 'two again'])
  expect(await say('r/b~1', 'two at last')).toEqual(['one'])
  expect(await say('r/b#2', 'another round')).toEqual(['one', 'two at last'])
})

test('keys of calls count on from those that were made before', () => {
  const args = { n: 1 }
  const [first, second] = [callKeys('r/a', []), callKeys('r/a', [{ tool: 't', args }])]
  expect(first('t', args)).not.toBe(second('t', args))
  expect(first('t', args)).toBe(callKeys('r/a', [{ tool: 't', args }])('t', args))
  expect(callKeys('r/b', [])('t', args)).not.toBe(callKeys('r/a', [])('t', args))
})

test('what is no stream is fetched as it is', async () => {
  const real = globalThis.fetch
  const seen: unknown[] = []
  globalThis.fetch = ((...given: unknown[]) => {
    seen.push(given)
    return Promise.resolve(Response.json({ object: 'list' }))
  }) as typeof fetch
  try {
    const init = { method: 'POST', body: '{"stream":false}' }
    expect(await (await fetchStreaming('http://127.0.0.1/x', init)).json()).toEqual({ object: 'list' })
    expect(seen).toEqual([['http://127.0.0.1/x', init]])
  } finally {
    globalThis.fetch = real
  }
})
