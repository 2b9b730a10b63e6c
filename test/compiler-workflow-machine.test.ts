import { describe, expect, test } from 'vitest'
import { assign, createActor, fromCallback, fromPromise, setup, toPromise } from 'xstate'
import { compileWorkflow } from '../src/compiler/compile.ts'
import { executeWith, workflowMachine } from '../src/compiler/workflow-machine.ts'
import type { StepRequest } from '../src/executors/executor.ts'
import type { Json } from '../src/json.ts'
import { type Draft, draftWorkflow } from '../src/testing/draft-workflow.ts'

const stages: Draft[] = [{ id: 'a' }, { id: 'g', parallel: [{ id: 'x' }, { id: 's', sequence: [{ id: 'y' }] }] }, { id: 'b' }]
const chart = compileWorkflow(draftWorkflow(stages))
const echo = executeWith(async ({ path, input }) => ({ path, input }))

describe('a workflow as a plain XState machine', () => {
  test('ends with its outcome', async () => {
    const actor = createActor(workflowMachine(chart).provide({ actors: { execute: echo } }), { input: 'in' })
    actor.start()
    const a = { path: 'a', input: 'in' }
    expect(await toPromise(actor)).toEqual({
      status: 'completed',
      output: { path: 'b', input: [{ path: 'g.x', input: a }, { path: 'g.s.y', input: a }] },
    })
  })

  test('can be one part of a machine of the user', async () => {
    const user = setup({ types: {} as { context: { got: Json } }, actors: { flow: workflowMachine(chart, { actors: { execute: echo } }) } }).createMachine({
      context: { got: null },
      initial: 'work',
      states: {
        work: {
          invoke: { src: 'flow', input: 'in', onDone: { target: 'done', actions: assign({ got: ({ event }) => event.output.status }) } },
        },
        done: { type: 'final' },
      },
      output: ({ context }) => context.got,
    })
    const actor = createActor(user)
    actor.start()
    expect(await toPromise(actor)).toBe('completed')
  })

  test('fails as data when nothing runs its steps', async () => {
    const actor = createActor(workflowMachine(chart), { input: null })
    actor.start()
    expect(await toPromise(actor)).toMatchObject({ status: 'failed', error: { code: 'NO_EXECUTOR', path: 'a' } })
  })

  test('is in error from the start for an input that does not fit', () => {
    const strict = compileWorkflow(draftWorkflow(stages, { input: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } } }))
    const actor = createActor(workflowMachine(strict, { actors: { execute: echo } }), { input: {} })
    actor.subscribe({ error: () => {} })
    actor.start()
    expect(actor.getSnapshot()).toMatchObject({ status: 'error', error: { code: 'INPUT_INVALID' } })
  })

  test('gives its actors resolved requests: its run id, its environment, attempts from 1', async () => {
    const requests: StepRequest[] = []
    const own = compileWorkflow(draftWorkflow([{ id: 'a', call: './work.ts#run', input: '${{ env.WHO + input }}' }], { env: ['WHO'] }))
    const execute = executeWith(async (request) => {
      requests.push(request)
      return null
    })
    const actor = createActor(workflowMachine(own, { runId: 'mine', env: { WHO: 'you' }, specDir: '/spec', actors: { execute } }), { input: '!' })
    actor.start()
    await toPromise(actor)
    expect(requests).toEqual([
      { kind: 'call', runId: 'mine', path: 'a', attempt: 1, idempotencyKey: 'mine/a', input: 'you!', target: 'file:///spec/work.ts#run' },
    ])
  })

  test('fails the step whose template fails', async () => {
    const own = compileWorkflow(draftWorkflow([{ id: 'a', input: '${{ input.nope }}' }]))
    const actor = createActor(workflowMachine(own, { actors: { execute: echo } }), { input: {} })
    actor.start()
    expect(await toPromise(actor)).toMatchObject({ status: 'failed', error: { code: 'EXPRESSION_FAILED', path: 'a' } })
  })

  test('takes a machine for the work of a step as well', async () => {
    const execute = setup({ types: {} as { input: StepRequest; context: { path: string } } }).createMachine({
      context: ({ input }) => ({ path: input.path }),
      initial: 'wait',
      states: { wait: { after: { 1: 'done' } }, done: { type: 'final' } },
      output: ({ context }) => ({ output: `${context.path} by machine` }),
    })
    const actor = createActor(workflowMachine(compileWorkflow(draftWorkflow([{ id: 'a' }])), { actors: { execute } }), { input: null })
    actor.start()
    expect(await toPromise(actor)).toEqual({ status: 'completed', output: 'a by machine' })
  })

  test('lets a slot actor decide who runs when', async () => {
    const slots: (() => void)[] = []
    const order: string[] = []
    const slot = fromCallback(({ sendBack }) => void slots.push(() => sendBack({ type: 'slot.granted' })))
    const execute = executeWith(async ({ path }) => {
      order.push(path)
      return path
    })
    const group = compileWorkflow(draftWorkflow([{ id: 'g', parallel: [{ id: 'x' }, { id: 'y' }] }]))
    const actor = createActor(workflowMachine(group, { actors: { execute, slot } }), { input: null })
    actor.start()
    expect(slots).toHaveLength(2)
    for (const grant of slots.toReversed()) grant()
    expect(await toPromise(actor)).toMatchObject({ output: ['g.x', 'g.y'] })
    expect(order).toEqual(['g.y', 'g.x'])
  })

  test('stops on cancel, and stops its work', async () => {
    let signals: AbortSignal[] = []
    const execute = executeWith((_, { signal }) => {
      signals = [...signals, signal]
      return new Promise(() => {})
    })
    const group = compileWorkflow(draftWorkflow([{ id: 'g', parallel: [{ id: 'x' }, { id: 's', sequence: [{ id: 'y' }] }] }]))
    const actor = createActor(workflowMachine(group, { actors: { execute } }), { input: null })
    actor.start()
    actor.send({ type: 'cancel', reason: 'enough' })
    expect(await toPromise(actor)).toEqual({ status: 'cancelled', reason: 'enough' })
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
  })

  test('goes on from its snapshot after JSON: what was done is not done again', async () => {
    const executed: string[] = []
    let answering = true
    const execute = fromPromise<{ output: Json }, StepRequest>(async ({ input: { path } }) => {
      executed.push(path)
      if (path === 'g.s.y' && !answering) await new Promise(() => {})
      return { output: path }
    })
    const machine = workflowMachine(chart, { actors: { execute } })
    answering = false
    const first = createActor(machine, { input: 'in' })
    first.start()
    while (!executed.includes('g.s.y')) await new Promise(setImmediate)
    await new Promise(setImmediate)
    const snapshot = JSON.parse(JSON.stringify(first.getPersistedSnapshot())) as never
    first.stop()
    answering = true
    const second = createActor(machine, { input: 'ignored', snapshot })
    second.start()
    expect(await toPromise(second)).toMatchObject({ status: 'completed', output: 'b' })
    expect(executed).toEqual(['a', 'g.x', 'g.s.y', 'g.s.y', 'b'])
  })
})
