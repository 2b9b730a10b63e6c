import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RetryableError } from '../src/errors.ts'
import { createEmbeddedHost } from '../src/hosts/embedded/embedded-host.ts'
import { priceOf, withCost } from '../src/prices.ts'
import { applyEvent, createRunView } from '../src/runtime/run-view.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import { draftWorkflow } from '../src/testing/draft-workflow.ts'
import { eventsOf } from './run-embedded.ts'

const prices = {
  'gpt-5*': { input: 1, output: 10 },
  'gpt-5-mini': { input: 0.25, output: 2, cached: 0.025 },
  'gpt-5-*-2026': { input: 3, output: 3 },
}

describe('the price of a model', () => {
  test.each([
    ['gpt-5-mini', 0.25], ['gpt-5', 1], ['gpt-5-large', 1], ['gpt-5-large-2026', 3], ['gpt-4', undefined], ['my-gpt-5', undefined],
    ['constructor', undefined],
  ])('%s', (model, input) => {
    expect(priceOf(model, prices)?.input).toBe(input)
  })

  test('by a pattern is as a regular expression would find it', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 8 })
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 6 }).map((start) => `${start}*`)
    fc.assert(fc.property(text, pattern, (model, name) => {
      const expected = new RegExp(`^${name.replaceAll('*', '.*')}$`).test(model)
      expect(priceOf(model, { [name]: { input: 1, output: 1 } }) !== undefined).toBe(expected)
    }))
  })
})

describe('the cost of an attempt', () => {
  const usage = { inputTokens: 1_000_000, outputTokens: 100_000, cachedTokens: 400_000, costUsd: null }
  test('is what was reported, else by the table, else unknown', () => {
    expect(withCost({ ...usage, costUsd: 7 }, 'gpt-5', prices)).toEqual({ usage: { ...usage, costUsd: 7 }, costSource: 'reported' })
    expect(withCost(usage, 'gpt-5', prices)).toEqual({ usage: { ...usage, costUsd: 2 }, costSource: 'priced' })
    expect(withCost(usage, 'gpt-5-mini', prices).usage.costUsd).toBeCloseTo(0.36, 10)
    for (const unknown of [withCost(usage, 'gpt-4', prices), withCost(usage, undefined, prices), withCost(usage, 'gpt-5', undefined)]) {
      expect(unknown).toEqual({ usage })
    }
  })

  test('is in the outcome, the journal and the run, of failed attempts too', async () => {
    const agents = { a: { uses: 'openai' as const, model: 'gpt-5' } }
    const workflow = draftWorkflow([{ id: 'x', agent: 'a', retry: { attempts: 2 } }, { id: 'y', agent: 'a', prompt: '${{ stages.x.usage.costUsd }}' }], { agents })
    const prompts: string[] = []
    const host = createEmbeddedHost({
      store: createMemoryStore(),
      env: {},
      config: { prices },
      execute: async (request) => {
        const used = { inputTokens: 1_000_000, outputTokens: 0, costUsd: null }
        if (request.kind === 'agent') prompts.push(request.prompt)
        if (request.path === 'x' && request.attempt === 1) throw new RetryableError('RATE_LIMIT', 'later', { usage: used })
        return { output: 'ok', usage: used, ...(request.path === 'y' ? { model: 'gpt-5-mini' } : {}) }
      },
    })
    const handle = await host.start({ workflow, input: null, specDir: '/', workingDir: '/', source: { file: null, text: '' } })
    await handle.settled
    const told = eventsOf(handle).flatMap((event) => (event.type === 'agent.usage' ? [[event.path, event.data.costUsd, event.data.costSource]] : []))
    expect(told).toEqual([['x', 1, 'priced'], ['x', 1, 'priced'], ['y', 0.25, 'priced']])
    expect(prompts.at(-1)).toBe('2')
    const view = createRunView(workflow)
    for (const event of eventsOf(handle)) applyEvent(view, event)
    expect(view.usage).toMatchObject({ inputTokens: 3_000_000, costUsd: 2.25 })
  })
})
