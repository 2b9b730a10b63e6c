import { describe, expect, test } from 'vitest'
import type { Json } from '../src/json.ts'
import type { CallStep } from '../src/spec/ir.ts'
import { block, startStep, type StepBench } from './step-bench.ts'

/** The step machine as a graph: all that can come to it, in every order, over up to three attempts. */

const explored: Partial<CallStep> = {
  timeoutMs: 50,
  output: { type: 'string' },
  retry: { ...block.retry, attempts: 2 },
}
const error = (kind: string, code: string) => ({ type: 'xstate.error.actor.execute', actorId: 'execute', error: { kind, code, message: code } })
const moves: Readonly<Record<string, object | 'time'>> = {
  grant: { type: 'slot.granted' },
  done: { type: 'xstate.done.actor.execute', actorId: 'execute', output: { output: 'text' } },
  'bad output': { type: 'xstate.done.actor.execute', actorId: 'execute', output: { output: 1 } },
  'may be retried': error('retryable', 'BUSY'),
  'is final': error('terminal', 'NO_AUTH'),
  'says skip': error('terminal', 'STEP_SKIPPED'),
  lost: { type: 'step.lost' },
  cancel: { type: 'cancel', reason: 'enough' },
  time: 'time',
}
const outcomes = new Set(['step.completed', 'step.skipped', 'step.failed', 'step.cancelled'])

interface Node {
  readonly path: readonly string[]
  readonly value: Json
  readonly ended: boolean
  readonly next: Map<string, string>
}

/** XState takes an error of an actor that nobody invoked for its own: an attempt ends only while there is one. */
function canCome(value: Json, name: string): boolean {
  const event = moves[name]
  return typeof event === 'string' || event === undefined || !('actorId' in event) || JSON.stringify(value).includes('running')
}

function move(step: StepBench, name: string): void {
  const event = moves[name]
  if (event === 'time') step.clock.increment(1_000)
  else step.actor.send(event as never)
}

function walk(path: readonly string[]): StepBench {
  const step = startStep({ block: explored, grants: false })
  for (const name of path) move(step, name)
  return step
}

function keyOf(step: StepBench): string {
  const { value, context } = step.actor.getSnapshot()
  return JSON.stringify([value, context.attempt, context.failures, context.outcome])
}

function explore(): Map<string, Node> {
  const nodes = new Map<string, Node>()
  const queue: (readonly string[])[] = [[]]
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    const step = walk(path)
    const key = keyOf(step)
    if (nodes.has(key)) continue
    const { value, status, context } = step.actor.getSnapshot()
    const node: Node = { path, value: value as Json, ended: status === 'done', next: new Map() }
    nodes.set(key, node)
    if (node.ended || context.attempt > 3) continue
    for (const name of Object.keys(moves).filter((each) => canCome(node.value, each))) {
      node.next.set(name, keyOf(walk([...path, name])))
      queue.push([...path, name])
    }
  }
  return nodes
}

const nodes = explore()
const open = [...nodes.values()].filter(({ ended, next }) => !ended && next.size > 0)

describe('whatever comes to a step', () => {
  test('all of its states are reached', () => {
    const reached = new Set([...nodes.values()].map(({ value }) => JSON.stringify(value)))
    expect([...reached].sort()).toEqual(
      ['"backingOff"', '"cancelled"', '"completed"', '"failed"', '"skipped"', '{"active":"queued"}', '{"active":"running"}'],
    )
  })

  test('it can still end', () => {
    const ends = new Set([...nodes].flatMap(([key, { ended }]) => (ended ? [key] : [])))
    for (let grown = true; grown; ) {
      grown = false
      for (const [key, { next }] of nodes) {
        if (ends.has(key) || ![...next.values()].some((to) => ends.has(to))) continue
        ends.add(key)
        grown = true
      }
    }
    expect(open.filter(({ path }) => !ends.has(keyOf(walk(path))))).toEqual([])
  })

  test('it tells one outcome, last, and that is its output', () => {
    for (const { path, ended } of nodes.values()) {
      const { events, outcome } = walk(path)
      const told = events.filter(({ type }) => outcomes.has(type))
      expect(told, path.join()).toHaveLength(ended ? 1 : 0)
      if (!ended) continue
      const last = events.at(-1)
      expect(told[0]).toBe(last)
      expect({ status: last?.type.slice('step.'.length), ...last?.data }).toEqual(outcome())
    }
  })

  test('a cancel ends it at once', () => {
    for (const { path } of open) expect(walk([...path, 'cancel']).outcome(), path.join()).toMatchObject({ status: 'cancelled' })
  })

  test('it holds a place only while it waits or runs, and works only while it runs', () => {
    for (const { path, value } of nodes.values()) {
      const { slots, executions } = walk(path).invoked
      const state = JSON.stringify(value)
      expect([slots, executions], `${state} after ${path.join()}`).toEqual([
        state.includes('active') ? 1 : 0,
        state.includes('running') ? 1 : 0,
      ])
    }
  })

  test('its attempts are numbered from 1 without a gap', () => {
    for (const { path } of nodes.values()) {
      const started = walk(path).events.flatMap(({ type, attempt }) => (type === 'step.started' ? [attempt] : []))
      expect(started).toEqual(started.map((_, index) => index + 1))
    }
  })

  test('it goes on the same after its snapshot went through JSON', () => {
    for (const { path, value } of open) {
      const snapshot = JSON.parse(JSON.stringify(walk(path).actor.getPersistedSnapshot())) as never
      // Time is left out: XState forgets its timers when it restores; a host keeps them itself.
      for (const name of Object.keys(moves).filter((each) => each !== 'time' && canCome(value, each))) {
        const original = walk(path)
        const before = original.events.length
        const restored = startStep({ block: explored, grants: false, snapshot })
        move(original, name)
        move(restored, name)
        expect(restored.events, [...path, name].join()).toEqual(original.events.slice(before))
        expect(keyOf(restored)).toBe(keyOf(original))
        expect(JSON.stringify(restored.actor.getSnapshot().context)).toBe(JSON.stringify(original.actor.getSnapshot().context))
      }
    }
  })
})
