import fc from 'fast-check'
import { compileWorkflow } from '../src/compiler/compile.ts'
import { initialScope } from '../src/compiler/scope.ts'
import { resolveStepRequest } from '../src/compiler/step-request.ts'
import { type ErrorData, toErrorData } from '../src/errors.ts'
import type { RunEvent } from '../src/events.ts'
import { canonicalJson, type Json } from '../src/json.ts'
import { createProgram, type Program } from '../src/runtime/program.ts'
import { RunTree } from '../src/runtime/run-tree.ts'
import type { Turn } from '../src/runtime/turn.ts'
import { decodeShared, type SharedJson } from '../src/runtime/shared-json.ts'
import { saveTree } from '../src/runtime/tree-snapshot.ts'
import { childrenOf } from '../src/spec/blocks.ts'
import type { Block, Workflow } from '../src/spec/ir.ts'
import type { Scope } from '../src/spec/outcome.ts'
import type { ExecuteInput } from '../machines/step.ts'
import { perform, type RandomWorkflow, randomWorkflow } from './random-workflow.ts'

/** Something that comes to a tree from outside. */
export type Input =
  | { readonly do: 'start' }
  | { readonly do: 'grant' | 'lose'; readonly path: string }
  | { readonly do: 'complete'; readonly path: string; readonly output: Json }
  | { readonly do: 'fail'; readonly path: string; readonly error: ErrorData }
  | { readonly do: 'fire'; readonly actor: string; readonly timer: string }
  | { readonly do: 'cancel' }

/** One turn of a run: what came, when, what the tree made of it, and the tree after it, saved and in plain words. */
export interface Taken {
  readonly input: Input
  readonly now: number
  readonly turn: Turn
  readonly saved: string
  readonly plain: string
}

export interface Drive {
  readonly [fc.toStringMethod]: () => string
  readonly program: Program
  readonly scope: Scope
  readonly taken: readonly Taken[]
}

/** Nothing of an environment, and so nothing to take out. */
export const evaluation = { env: {}, redact: (value: Json): Json => value }

export function take(tree: RunTree, input: Input, now: number, scope: Scope): Turn {
  switch (input.do) {
    case 'start':
      return tree.start(scope, now)
    case 'grant':
      return tree.deliver(input.path, { type: 'slot.granted' }, now)
    case 'lose':
      return tree.deliver(input.path, { type: 'step.lost' }, now)
    case 'complete':
      return tree.completed(input.path, { output: input.output, usage: { inputTokens: 3, outputTokens: 2, costUsd: 0.5 } }, now)
    case 'fail':
      return tree.failed(input.path, input.error, now)
    case 'fire':
      return tree.fire(input.actor, input.timer, now)
    case 'cancel':
      return tree.cancel('enough', now)
  }
}

/**
 * Runs a workflow without a host or time: at each turn `choose` picks one of the things that could happen next (a
 * place is granted, an attempt ends, the next timer is due; rarely a cancel or a restart that loses what runs).
 */
export function drive(random: RandomWorkflow, choose: (below: number) => number): Drive {
  const { workflow } = random
  const program = createProgram(compileWorkflow(workflow), evaluation)
  const scope = initialScope(workflow, { text: 'in' }, 'run')
  const tree = new RunTree(program)
  const waiting = new Set<string>()
  const executing = new Map<string, ExecuteInput>()
  const timers = new Map<string, { actor: string; timer: string; dueAt: number }>()
  const taken: Taken[] = []
  let now = 1_000_000
  let settled = false

  const happen = (input: Input): void => {
    const turn = take(tree, input, now, scope)
    for (const effect of turn.effects) {
      switch (effect.type) {
        case 'acquire':
          waiting.add(effect.path)
          break
        case 'release':
          waiting.delete(effect.path)
          break
        case 'execute':
          executing.set(effect.path, effect.input)
          break
        case 'abort':
          executing.delete(effect.path)
          break
        case 'arm':
          timers.set(`${effect.actor} ${effect.timer}`, effect)
          break
        case 'disarm':
          timers.delete(`${effect.actor} ${effect.timer}`)
          break
        case 'settled':
          settled = true
      }
    }
    taken.push({ input, now, turn, saved: JSON.stringify(saveTree(tree, program)), plain: plainTree(tree, program) })
  }

  const end = (path: string, work: ExecuteInput): void => {
    executing.delete(path)
    try {
      const request = resolveStepRequest(work, { workflow, env: {}, specDir: '/', workingDir: '/' })
      happen({ do: 'complete', path, output: perform(random, path, request.input, work.attempt) })
    } catch (error) {
      happen({ do: 'fail', path, error: toErrorData(error) })
    }
  }

  happen({ do: 'start' })
  while (!settled) {
    if (taken.length > 5000) throw new Error('The run does not come to an end.')
    now += choose(4)
    const next = [...timers.values()].sort((a, b) => a.dueAt - b.dueAt)[0]
    const could: (() => void)[] = [...executing].map(([path, work]) => () => end(path, work))
    const [first] = waiting
    if (first !== undefined && executing.size < workflow.limits.concurrency) {
      could.push(() => {
        waiting.delete(first)
        happen({ do: 'grant', path: first })
      })
    }
    if (next !== undefined) {
      could.push(() => {
        timers.delete(`${next.actor} ${next.timer}`)
        now = Math.max(now, next.dueAt)
        happen({ do: 'fire', actor: next.actor, timer: next.timer })
      })
    }
    const lost = [...executing.keys()]
    if (choose(60) === 59) happen({ do: 'cancel' })
    else if (lost.length > 0 && choose(30) === 29) for (const path of lost) happen({ do: 'lose', path })
    else could[choose(could.length)]?.()
  }
  const lines = (): string => [...outline(workflow.stages, ''), ...taken.map(({ now: at, input }) => `${at} ${JSON.stringify(input)}`)].join('\n')
  return { program, scope, taken, [fc.toStringMethod]: lines }
}

/** A tree as text, the same for equal trees, however their parts are shared. */
export function plainTree(tree: RunTree, program: Program): string {
  const names = new Map([...program.index.knownByName.keys()].map((name) => [name, { block: name }]))
  return canonicalJson(decodeShared(saveTree(tree, program) as unknown as SharedJson, (name) => names.get(String(name))))
}

/** The workflow of a counterexample in a few lines. */
function outline(blocks: readonly Block[], indent: string): string[] {
  return blocks.flatMap((block) => {
    const { kind, path, when, timeoutMs, input, output } = block
    const rule = block.kind === 'parallel' ? [block.onBranchFailure, block.reduce] : []
    const notes = JSON.stringify({ when, timeoutMs, input, output })
    return [`${indent}${kind} ${path} ${rule.map((part) => JSON.stringify(part)).join(' ')} ${notes}`, ...outline(childrenOf(block), `${indent}  `)]
  })
}

/** The journal that a host would have written, without `run.settled`; `ends[i]` counts the events up to turn i's end. */
export function journalOf({ taken, program }: Drive): { events: RunEvent[]; ends: number[] } {
  const events: RunEvent[] = []
  const ends: number[] = []
  for (const { input, now, turn } of taken) {
    const own = { runId: 'run', at: new Date(now).toISOString() }
    const add = (event: object): void => void events.push({ seq: events.length + 1, ...own, ...event } as RunEvent)
    if (input.do === 'start') {
      add({ type: 'run.started', data: { workflow: program.chart.name, input: { text: 'in' }, scripted: false } })
    }
    for (const event of turn.events) add(event)
    ends.push(events.length)
  }
  return { events: JSON.parse(JSON.stringify(events)) as RunEvent[], ends }
}

/** Random workflows with time limits and output schemas here and there, driven in random orders. */
export const anyDrive: fc.Arbitrary<Drive> = fc
  .record({
    random: randomWorkflow(),
    limits: fc.array(fc.constantFrom(undefined, undefined, undefined, 1, 5, 20), { minLength: 1, maxLength: 12 }),
    choices: fc.array(fc.nat(10_000), { minLength: 1, maxLength: 60 }),
  })
  .map(({ random, limits, choices }) => {
    let turn = 0
    const choose = (below: number): number => {
      turn += 1
      return ((choices[turn % choices.length] ?? 0) + turn) % below
    }
    return drive({ ...random, workflow: withLimits(random.workflow, limits) }, choose)
  })

function withLimits(workflow: Workflow, limits: readonly (number | undefined)[]): Workflow {
  let index = 0
  const limited = (block: Block): Block => {
    index += 1
    const timeoutMs = limits[index % limits.length]
    const own = {
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(index % 7 === 0 ? { output: { type: 'string' } as const } : {}),
    }
    if (block.kind === 'sequence') return { ...block, ...own, blocks: childrenOf(block).map(limited) }
    if (block.kind === 'parallel') return { ...block, ...own, branches: childrenOf(block).map(limited) }
    return { ...block, ...own }
  }
  return { ...workflow, stages: workflow.stages.map(limited) }
}
