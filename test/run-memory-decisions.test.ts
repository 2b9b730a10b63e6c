import { expect, test } from 'vitest'
import { interruptedCode } from '../src/errors.ts'
import type { RunEvent } from '../src/events.ts'
import type { Json } from '../src/json.ts'
import { RunMemory } from '../src/runtime/run-memory.ts'
import { draftWorkflow } from '../src/testing/draft-workflow.ts'

const workflow = draftWorkflow([{ id: 'a', agent: 'writer' }], {
  agents: { writer: { uses: 'scripted', replies: [], memory: { keep: false } } },
})

function memoryOf(events: readonly (readonly [type: string, data: Json])[]): RunMemory {
  const memory = new RunMemory(workflow)
  for (const [index, [type, data]] of events.entries()) {
    memory.take({ seq: index + 1, runId: 'run', at: '', path: 'a', agent: 'writer', type, data } as unknown as RunEvent)
  }
  return memory
}

const asked = [
  ['step.started', {}],
  ['ask.opened', { ask: 'a', message: 'May I?' }],
  ['ask.answered', { ask: 'a', value: 'approve' }],
] as const
const completed = ['step.completed', { output: 'done' }] as const
const retrying = (code: string) => ['step.retrying', { error: { code, message: 'cut off' } }] as const
const decided = [{ question: 'May I?', answer: 'approve' }]

test('an answer given before a restart is remembered with what came of it', () => {
  expect(memoryOf([...asked, retrying(interruptedCode), ['step.started', {}], completed]).entries()).toMatchObject([{ output: 'done', decisions: decided }])
})

test('an answer belongs to the attempt that failed after it, and to no later one', () => {
  const entries = memoryOf([...asked, retrying('NETWORK'), ['step.started', {}], completed]).entries()
  expect(entries).toMatchObject([{ error: 'cut off', decisions: decided }, { output: 'done', decisions: [] }])
})

test('what was cancelled after a restart leaves no answers to a later attempt', () => {
  const entries = memoryOf([...asked, retrying(interruptedCode), ['step.cancelled', {}], ['step.started', {}], completed]).entries()
  expect(entries).toMatchObject([{ output: 'done', decisions: [] }])
})

const gave = (tool: string, output: string) => ['agent.tool_result', { call: 'c', tool, output }] as const
const results = (memory: RunMemory) => memory.entries().map(({ tools }) => tools.map(({ tool, result }) => `${tool} ${result}`))

test('what tools gave before a restart is remembered with what came of it, once', () => {
  const before = [['step.started', {}], gave('look', 'x'), gave('look', 'x'), gave('order', 'y'), retrying(interruptedCode), ['step.started', {}]] as const
  expect(results(memoryOf([...before, gave('pay', 'z'), completed]))).toEqual([['look x', 'look x', 'order y', 'pay z']])
  expect(results(memoryOf([...before, gave('look', 'x'), gave('look', 'other'), completed]))).toEqual([['look x', 'look x', 'order y', 'look other']])
  expect(results(memoryOf([...before, gave('pay', 'z'), retrying('NETWORK'), ['step.started', {}], completed]))).toEqual([['look x', 'look x', 'order y', 'pay z'], []])
})
