import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createExecutors } from '../src/executors/executors.ts'
import type { AgentRequest, StepResult } from '../src/executors/executor.ts'
import { schemaExample } from '../src/executors/schema-example.ts'
import type { JsonSchema } from '../src/json.ts'
import { checkAgainstSchema } from '../src/schema-check.ts'
import type { Agent, ScriptedReply } from '../src/spec/ir.ts'
import { createVirtualClock } from '../src/testing/virtual-clock.ts'

interface Ask {
  readonly agent: Agent
  readonly attempt?: number
  readonly outputSchema?: JsonSchema
  readonly rehearsal?: boolean
  readonly clock?: ReturnType<typeof createVirtualClock>
  readonly signal?: AbortSignal
}

function ask(given: Ask): Promise<StepResult> {
  const { agent, attempt = 1, outputSchema, rehearsal = false, clock = createVirtualClock() } = given
  const signal = given.signal ?? new AbortController().signal
  const request: AgentRequest = {
    kind: 'agent', runId: 'r', path: 'p', attempt, idempotencyKey: 'r/p', input: null, agentName: 'judge', agent,
    prompt: 'Say hello.', ...(outputSchema === undefined ? {} : { outputSchema }),
  }
  const executors = createExecutors({ scripted: rehearsal, clock, env: {} })
  return executors.execute(request, { signal, log: () => undefined, artifactsDir: '/', since: 0 })
}

const scripted = (...replies: ScriptedReply[]): Agent => ({ uses: 'scripted', replies })

describe('a scripted agent', () => {
  test('answers each attempt in turn, the last answer repeats', async () => {
    const agent = scripted({ output: 'a' }, { output: { b: 1 } }, { output: 'c' })
    const outputs = await Promise.all([1, 2, 3, 4, 9].map((attempt) => ask({ agent, attempt })))
    expect(outputs.map(({ output }) => output)).toEqual(['a', { b: 1 }, 'c', 'c', 'c'])
  })

  test('reports the usage its reply says, and nothing else', async () => {
    const usage = { inputTokens: 10, outputTokens: 5 }
    const used = async (more: object) => (await ask({ agent: scripted({ output: 'x', ...more }) })).usage
    expect(await used({})).toBeUndefined()
    expect(await used({ usage })).toEqual({ ...usage, costUsd: null })
    expect(await used({ usage, costUsd: 0.001 })).toEqual({ ...usage, costUsd: 0.001 })
    expect(await used({ costUsd: 2 })).toEqual({ inputTokens: 0, outputTokens: 0, costUsd: 2 })
  })

  test.each([
    ['rate_limit', 'retryable', 'RATE_LIMIT'],
    ['timeout', 'retryable', 'TIMEOUT'],
    ['server_error', 'retryable', 'SERVER_ERROR'],
    ['network', 'retryable', 'NETWORK'],
    ['auth', 'terminal', 'AUTH'],
    ['content_filter', 'terminal', 'CONTENT_FILTER'],
    ['validation', 'terminal', 'VALIDATION'],
    ['not_found', 'terminal', 'NOT_FOUND'],
    ['out of ideas', 'terminal', 'OUT_OF_IDEAS'],
  ])('fails with %s as a %s error %s', async (error, kind, code) => {
    await expect(ask({ agent: scripted({ error }) })).rejects.toMatchObject({ kind, code, message: `judge: scripted ${error}` })
    await expect(ask({ agent: scripted({ error, message: 'as told' }) })).rejects.toMatchObject({ kind, code, message: 'as told' })
  })

  test('waits for its delay by the clock it is given', async () => {
    const clock = createVirtualClock()
    let done = false
    const result = ask({ agent: scripted({ output: 'x', delayMs: 100 }), clock }).then(() => (done = true))
    await until(() => clock.pending === 1)
    clock.advance(99)
    await Promise.resolve()
    expect(done).toBe(false)
    clock.advance(1)
    await result
  })

  test('stops waiting at once on an abort, and leaves no timer', async () => {
    const clock = createVirtualClock()
    const stop = new AbortController()
    const result = ask({ agent: scripted({ error: 'auth', delayMs: 100 }), clock, signal: stop.signal })
    await until(() => clock.pending === 1)
    stop.abort()
    await expect(result).rejects.toMatchObject({ kind: 'cancelled' })
    expect(clock.pending).toBe(0)
  })

  test('is held to its output schema, whose defaults it gets', async () => {
    const properties = { n: { type: 'number' }, by: { type: 'string', default: 'me' } }
    const outputSchema = { type: 'object', properties, required: ['n'] }
    expect((await ask({ agent: scripted({ output: { n: 1 } }), outputSchema })).output).toEqual({ n: 1, by: 'me' })
    const misfit = ask({ agent: scripted({ output: 'text' }), outputSchema })
    await expect(misfit).rejects.toMatchObject({ kind: 'terminal', code: 'OUTPUT_INVALID' })
  })
})

describe('in a rehearsal', () => {
  const rehearse: ScriptedReply[] = [{ output: 'rehearsed' }]

  test('every agent answers from its rehearse list, before its replies', async () => {
    for (const agent of [{ uses: 'openai', rehearse }, { ...scripted({ output: 'reply' }), rehearse }] satisfies Agent[]) {
      expect((await ask({ agent, rehearsal: true })).output).toBe('rehearsed')
    }
    expect((await ask({ agent: { ...scripted({ output: 'reply' }), rehearse } })).output).toBe('reply')
  })

  test('a scripted agent without one answers from its replies', async () => {
    expect((await ask({ agent: scripted({ output: 'reply' }), rehearsal: true })).output).toBe('reply')
  })

  test('others give an example of their output, or echo their prompt', async () => {
    const outputSchema = { type: 'object', properties: { score: { type: 'integer', minimum: 3 } } } as const
    expect((await ask({ agent: { uses: 'openai' }, rehearsal: true, outputSchema })).output).toEqual({ score: 3 })
    expect((await ask({ agent: { uses: 'openai' }, rehearsal: true })).output).toBe('Say hello.')
  })
})

describe('an example made from a schema', () => {
  test.each<[JsonSchema, unknown]>([
    [{ const: 5 }, 5],
    [{ type: 'string', default: 'd', examples: ['e'] }, 'd'],
    [{ type: 'string', examples: ['e'], enum: ['e', 'f'] }, 'e'],
    [{ enum: ['low', 'high'] }, 'low'],
    [{ type: 'array', items: { enum: ['low', 'high'] }, minItems: 3 }, ['low', 'high', 'low']],
    [{ type: 'object', properties: { title: { type: 'string' }, done: { type: 'boolean' } } }, { title: 'title', done: true }],
    [{ type: 'object', required: ['x'] }, { x: 'x' }],
    [{ type: ['null', 'integer'] }, 1],
    [{ type: 'array', items: { type: 'string' }, maxItems: 0 }, []],
    [{ anyOf: [{ type: 'null' }, { type: 'boolean' }] }, true],
    [{ type: 'integer', exclusiveMinimum: 3, multipleOf: 4 }, 8],
    [{ type: 'number', maximum: -2.5 }, -2.5],
    [{ type: 'string', minLength: 10 }, 'example...'],
    [{ type: 'string', maxLength: 2 }, 'ex'],
    [{ $ref: '#/$defs/a', $defs: { a: { type: 'null' } } }, null],
    [{ allOf: [{ properties: { a: { type: 'null' } } }, { required: ['b'] }] }, { a: null, b: 'b' }],
    [true, 'example'],
  ])('%j gives %j', (schema, expected) => {
    expect(schemaExample(schema)).toEqual(expected)
  })

  test('of a recursive schema ends', () => {
    const node = { type: 'object', properties: { next: { $ref: '#/$defs/node' } } }
    const schema = { $ref: '#/$defs/node', $defs: { node } }
    expect(checkAgainstSchema(schema, schemaExample(schema)).ok).toBe(true)
  })

  test('fits its schema and is always the same', () => {
    fc.assert(fc.property(schemas, (schema) => {
      const example = schemaExample(schema)
      expect(checkAgainstSchema(schema, example)).toMatchObject({ ok: true })
      expect(schemaExample(schema)).toEqual(example)
    }))
  })
})

const { schema: schemas } = fc.letrec<{ schema: JsonSchema }>((tie) => ({
  schema: fc.oneof({ depthSize: 'small', withCrossShrink: true },
    fc.record({ type: fc.constant('string'), minLength: fc.nat(30) }, { requiredKeys: ['type'] }),
    fc.record({ type: fc.constant('string'), format: fc.constantFrom('date-time', 'date', 'email', 'uuid', 'uri') }),
    fc.record({ type: fc.constant('integer'), minimum: fc.integer({ min: -50, max: 50 }) }, { requiredKeys: ['type'] }),
    fc.record({ type: fc.constant('number'), maximum: fc.integer({ min: -50, max: 50 }) }, { requiredKeys: ['type'] }),
    fc.constantFrom<JsonSchema>({ type: 'boolean' }, { type: 'null' }, { const: 'c' }, { enum: [1, 'two'] }),
    fc.record({ type: fc.constant('array'), items: tie('schema'), minItems: fc.nat(3) }, { requiredKeys: ['type', 'items'] }),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('schema')).chain((properties) =>
      fc.subarray(Object.keys(properties)).map((required) => ({ type: 'object', properties, required }))),
  ) as fc.Arbitrary<JsonSchema>,
}))

/** Lets what is under way go on until it has come so far. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
