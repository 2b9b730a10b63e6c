import { describe, expect, test } from 'vitest'
import { RetryableError, StepSkipped, TerminalError } from '../src/errors.ts'
import type { RetryPolicy } from '../src/spec/ir.ts'
import { block, scope, settledPromises, startStep } from './step-bench.ts'

const retry: RetryPolicy = { ...block.retry, attempts: 3 }
const labels = { path: 'group.a', group: 'group', branch: 'a' }

describe('a step that completes', () => {
  test('tells that it was queued, started and completed, and ends with its output', async () => {
    const usage = { inputTokens: 1, outputTokens: 2, costUsd: null }
    const step = startStep({ work: () => ({ output: { n: 1 }, usage }) })
    await settledPromises()
    expect(step.events).toEqual([
      { type: 'step.queued', ...labels, data: {} },
      { type: 'step.started', ...labels, attempt: 1, data: {} },
      { type: 'step.completed', ...labels, attempt: 1, data: { output: { n: 1 }, usage } },
    ])
    expect(step.outcome()).toEqual({ status: 'completed', output: { n: 1 }, usage })
    expect(step.invoked.slots).toBe(0)
  })

  test('hands its work the block, the scope, the attempt and a key that stays the same', async () => {
    let attempts = 0
    const step = startStep({
      block: { retry },
      work: () => {
        attempts += 1
        if (attempts === 1) throw new RetryableError('BUSY', 'busy')
        return { output: null }
      },
    })
    await settledPromises()
    step.clock.increment(100)
    await settledPromises()
    expect(step.invoked.inputs).toEqual([
      { block: { ...block, retry }, scope, attempt: 1, idempotencyKey: 'run/group.a' },
      { block: { ...block, retry }, scope, attempt: 2, idempotencyKey: 'run/group.a' },
    ])
  })

  test('has the defaults of its output schema', async () => {
    const output = { type: 'object', properties: { n: { type: 'number', default: 7 } } } as const
    const step = startStep({ block: { output }, work: () => ({ output: {} }) })
    await settledPromises()
    expect(step.outcome()).toEqual({ status: 'completed', output: { n: 7 } })
  })

  test('waits until it has a place', () => {
    const step = startStep({ grants: false })
    expect(step.told()).toEqual(['queued'])
    expect(step.invoked).toMatchObject({ slots: 1, executions: 0 })
    step.actor.send({ type: 'slot.granted' })
    expect(step.told()).toEqual(['queued', 'started 1'])
    expect(step.invoked).toMatchObject({ slots: 1, executions: 1 })
  })
})

describe('a step that is skipped', () => {
  test('by its condition never wants a place, and passes on what was before it', () => {
    const step = startStep({ block: { when: 'input.n > 1' }, when: false })
    const data = { reason: 'its condition is false: input.n > 1', output: 'before' }
    expect(step.events).toEqual([{ type: 'step.skipped', ...labels, data }])
    expect(step.outcome()).toEqual({ status: 'skipped', ...data })
    expect(step.invoked.slots).toBe(0)
  })

  test('by its work passes on what was before it, with the reason', async () => {
    const step = startStep({ block: { retry }, work: () => Promise.reject(new StepSkipped('no linter here')) })
    await settledPromises()
    expect(step.told()).toEqual(['queued', 'started 1', 'skipped 1'])
    expect(step.outcome()).toEqual({ status: 'skipped', reason: 'no linter here', output: 'before' })
  })
})

describe('a step that fails', () => {
  test('when its condition does, before it wants a place', () => {
    const error = { code: 'EXPRESSION_FAILED', kind: 'terminal', message: 'no such key' } as const
    const step = startStep({ when: error })
    expect(step.told()).toEqual(['failed'])
    expect(step.outcome()).toEqual({ status: 'failed', error: { ...error, path: 'group.a' } })
  })

  test('when its output does not fit its schema: at once, and with its usage', async () => {
    const usage = { inputTokens: 1, outputTokens: 1, costUsd: 1 }
    const step = startStep({
      block: { retry, output: { type: 'object', properties: { n: { type: 'number' } } } },
      work: () => ({ output: { n: 'text' }, usage }),
    })
    await settledPromises()
    expect(step.told()).toEqual(['queued', 'started 1', 'failed 1'])
    expect(step.outcome()).toMatchObject({
      status: 'failed',
      usage,
      error: { code: 'OUTPUT_INVALID', kind: 'terminal', path: 'group.a', details: [{ path: 'n' }], message: expect.stringContaining('n: ') },
    })
  })

  test.each<[string, unknown, object]>([
    ['terminal', new TerminalError('NO_AUTH', 'no', { details: { status: 401 } }), { code: 'NO_AUTH', kind: 'terminal', details: { status: 401 } }],
    ['foreign', new TypeError('x is not a function'), { code: 'STEP_FAILED', kind: 'terminal', message: 'x is not a function' }],
    ['no', 'a text', { code: 'STEP_FAILED', message: 'a text' }],
  ])('at once for a %s error', async (_, thrown, error) => {
    const step = startStep({ block: { retry }, work: () => Promise.reject(thrown) })
    await settledPromises()
    expect(step.told()).toEqual(['queued', 'started 1', 'failed 1'])
    expect(step.outcome()).toMatchObject({ status: 'failed', error: { ...error, path: 'group.a' } })
  })
})

describe('a step that is retried', () => {
  const busy = (retryAfterMs?: number): Error => new RetryableError('BUSY', 'busy', retryAfterMs === undefined ? {} : { retryAfterMs })

  test('backs off without a place, then completes', async () => {
    let left = 2
    const work = () => {
      left -= 1
      return left < 0 ? { output: 'done' } : Promise.reject(busy())
    }
    const step = startStep({ block: { retry }, work })
    await settledPromises()
    expect(step.invoked.slots).toBe(0)
    expect(step.actor.getSnapshot().value).toBe('backingOff')
    step.clock.increment(99)
    expect(step.told()).toEqual(['queued', 'started 1', 'retrying 1'])
    step.clock.increment(1)
    expect(step.told().slice(3)).toEqual(['queued 1', 'started 2'])
    await settledPromises()
    step.clock.increment(200)
    await settledPromises()
    expect(step.told()).toEqual(['queued', 'started 1', 'retrying 1', 'queued 1', 'started 2', 'retrying 2', 'queued 2', 'started 3', 'completed 3'])
    const delays = step.events.flatMap((event) => (event.type === 'step.retrying' ? [event.data.delayMs] : []))
    expect(delays).toEqual([100, 200])
  })

  test('fails with the last error once its attempts are used up', async () => {
    let count = 0
    const work = () => {
      count += 1
      return Promise.reject(new RetryableError(`BUSY_${count}`, 'busy'))
    }
    const step = startStep({ block: { retry: { ...retry, attempts: 2 } }, work })
    await settledPromises()
    step.clock.increment(100)
    await settledPromises()
    expect(step.told()).toEqual(['queued', 'started 1', 'retrying 1', 'queued 1', 'started 2', 'failed 2'])
    expect(step.outcome()).toMatchObject({ status: 'failed', error: { code: 'BUSY_2', kind: 'retryable' } })
  })

  test('counts attempts and waits against its total', async () => {
    const step = startStep({ block: { retry: { ...retry, attempts: 9, totalMs: 250 } } })
    const fail = (elapsedMs: number): void =>
      step.actor.send({ type: 'xstate.error.actor.execute', error: busy(), actorId: 'execute', elapsedMs } as never)
    fail(30)
    expect(step.told()).toEqual(['queued', 'started 1', 'retrying 1'])
    step.clock.increment(100)
    // 130 ms are spent; 120 more would do, the next wait alone is 200.
    fail(0)
    expect(step.told().slice(3)).toEqual(['queued 1', 'started 2', 'failed 2'])
  })

  test('waits as long as the other side asks', async () => {
    let left = 1
    const work = () => {
      left -= 1
      return left < 0 ? { output: 'done' } : Promise.reject(busy(7_000))
    }
    const step = startStep({ block: { retry }, work })
    await settledPromises()
    step.clock.increment(6_999)
    expect(step.actor.getSnapshot().value).toBe('backingOff')
    step.clock.increment(1)
    await settledPromises()
    expect(step.outcome()).toEqual({ status: 'completed', output: 'done' })
  })
})

describe('a step that takes too long', () => {
  test('is retried, its attempt stopped', async () => {
    const signals: AbortSignal[] = []
    const step = startStep({
      block: { retry, timeoutMs: 50 },
      work: (_, signal) => {
        signals.push(signal)
        return new Promise(() => {})
      },
    })
    await settledPromises()
    step.clock.increment(50)
    expect(signals[0]?.aborted).toBe(true)
    expect(step.events.at(-1)).toMatchObject({ type: 'step.retrying', attempt: 1, data: { delayMs: 100, error: { code: 'TIMEOUT', kind: 'retryable' } } })
    step.clock.increment(100)
    expect(step.told().at(-1)).toBe('started 2')
    step.clock.increment(50)
    step.clock.increment(200)
    step.clock.increment(49)
    expect(step.told().at(-1)).toBe('started 3')
    step.clock.increment(1)
    expect(step.outcome()).toMatchObject({ status: 'failed', error: { code: 'TIMEOUT', message: expect.stringContaining('50 ms') } })
  })

  test('does not count the time it waits for a place', () => {
    const step = startStep({ block: { timeoutMs: 50 }, grants: false })
    step.clock.increment(1_000)
    expect(step.told()).toEqual(['queued'])
  })

  test('has all of its time in each attempt', () => {
    const step = startStep({ block: { timeoutMs: 150, retry } })
    step.clock.increment(100)
    step.actor.send({ type: 'xstate.error.actor.execute', error: new RetryableError('BUSY', 'busy'), actorId: 'execute' } as never)
    step.clock.increment(100)
    step.clock.increment(149)
    expect(step.told().at(-1)).toBe('started 2')
    step.clock.increment(1)
    expect(step.told().at(-1)).toBe('retrying 2')
  })
})

describe('a step that is cancelled', () => {
  const cancel = { type: 'cancel', reason: 'enough', by: 'group' } as const
  const outcome = { status: 'cancelled', reason: 'enough', by: 'group' }

  test('while it waits for a place gives up the wait', () => {
    const step = startStep({ grants: false })
    step.actor.send(cancel)
    expect(step.events.at(-1)).toEqual({ type: 'step.cancelled', ...labels, data: { reason: 'enough', by: 'group' } })
    expect(step.outcome()).toEqual(outcome)
    expect(step.invoked.slots).toBe(0)
  })

  test('while it runs stops its work', async () => {
    let stopped: AbortSignal | undefined
    const step = startStep({
      work: (_, signal) => {
        stopped = signal
        return new Promise(() => {})
      },
    })
    await settledPromises()
    step.actor.send(cancel)
    expect(stopped?.aborted).toBe(true)
    expect(step.told()).toEqual(['queued', 'started 1', 'cancelled 1'])
    expect(step.outcome()).toEqual(outcome)
    expect(step.invoked.slots).toBe(0)
  })

  test('while it backs off does not come back', async () => {
    const step = startStep({ block: { retry }, work: () => Promise.reject(new RetryableError('BUSY', 'busy')) })
    await settledPromises()
    step.actor.send({ type: 'cancel', reason: 'enough' })
    step.clock.increment(100_000)
    await settledPromises()
    expect(step.told()).toEqual(['queued', 'started 1', 'retrying 1', 'cancelled 1'])
    expect(step.outcome()).toEqual({ status: 'cancelled', reason: 'enough' })
  })
})

describe('a step whose attempt was lost with its process', () => {
  test('starts another one at once, which does not count as a failure', () => {
    const step = startStep({ block: { retry: { ...retry, attempts: 2 }, timeoutMs: 50 } })
    step.clock.increment(40)
    step.actor.send({ type: 'step.lost' })
    expect(step.told()).toEqual(['queued', 'started 1', 'retrying 1', 'queued 1', 'started 2'])
    expect(step.events[2]).toMatchObject({ data: { delayMs: 0, error: { code: 'INTERRUPTED', kind: 'retryable' } } })
    expect(step.invoked).toMatchObject({ slots: 1, executions: 1 })
    // The new attempt has its own time, and both attempts of the policy are still there.
    step.clock.increment(49)
    expect(step.told().at(-1)).toBe('started 2')
    step.clock.increment(1)
    expect(step.told().at(-1)).toBe('retrying 2')
  })

  test('takes no notice unless it runs', () => {
    const step = startStep({ grants: false })
    step.actor.send({ type: 'step.lost' })
    expect(step.told()).toEqual(['queued'])
  })
})

describe('a step that nobody provided for', () => {
  test('fails with what to do', async () => {
    const { createActor, toPromise } = await import('xstate')
    const { stepMachine } = await import('../machines/step.ts')
    const actor = createActor(stepMachine, { input: { block, scope } })
    actor.start()
    expect(await toPromise(actor)).toMatchObject({ status: 'failed', error: { code: 'NO_EXECUTOR', details: expect.stringContaining('provide') } })
  })
})
