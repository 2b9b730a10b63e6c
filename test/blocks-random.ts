import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { StepSkipped, TerminalError } from '../src/errors.ts'
import { canonicalJson, type Json, type JsonObject } from '../src/json.ts'
import type { Workflow } from '../src/spec/ir.ts'
import { parseSpec } from '../src/spec/load.ts'

/** A random block before it is written down: what it is, what is in it, and dice that decide all else. */
interface Plan {
  readonly kind: string
  readonly children: readonly Plan[]
  readonly dice: readonly number[]
}

export interface RandomBlocks {
  readonly workflow: Workflow
  readonly seed: number
  readonly [fc.toStringMethod]: () => string
}

/** What may be read where a block stands. */
interface Reach {
  readonly inLoop?: true
  readonly inMap?: true
  readonly feedback?: 'text' | 'is there'
}

const ids = ['a', 'constructor', 'c']
const idAt = (place: number): string => ids[place] ?? ''

const dice = fc.array(fc.nat(9), { minLength: 8, maxLength: 8 })
const leaf: fc.Arbitrary<Plan> = fc.record({ kind: fc.constant('step'), children: fc.constant([]), dice })

function plans(depth: number): fc.Arbitrary<Plan> {
  if (depth === 0) return leaf
  const kind = fc.constantFrom('sequence', 'parallel', 'graph', 'map', 'loop', 'review', 'switch')
  const children = fc.array(plans(depth - 1), { minLength: 2, maxLength: 3 })
  return fc.oneof({ weight: 2, arbitrary: leaf }, { weight: 3, arbitrary: fc.record({ kind, children, dice }) })
}

/** Blocks of all kinds nested up to three deep, with all that may follow on a failure. */
export const randomBlocks: fc.Arbitrary<RandomBlocks> = fc
  .record({ stages: fc.array(plans(3), { minLength: 1, maxLength: 3 }), seed: fc.nat() })
  .map(({ stages, seed }) => {
    const agents = { writer: { uses: 'scripted', replies: ['never asked'] } }
    const spec = { forkchart: 1, name: 'random', limits: { concurrency: 5 }, agents, stages: list(stages, {}) }
    const text = JSON.stringify(spec, null, 1)
    const { workflow } = parseSpec(text, { file: '/spec/random.json', format: 'json' })
    return { workflow, seed, [fc.toStringMethod]: () => `seed ${seed} ${JSON.stringify(spec.stages, null, 1)}` }
  })

function list(blocks: readonly Plan[], reach: Reach): JsonObject[] {
  const { feedback: _, ...without } = reach
  const returns = blocks.map(({ dice }, index) => ({ from: index, to: returnsTo(dice, index) }))
  return blocks.map((plan, index) => {
    // What was said to a review is not told apart from what sent a list back: in such a list only that there is some.
    const isAgain = returns.some(({ from, to }) => to !== undefined && to <= index && index <= from)
    const isMixed = returns.some(({ to }) => to !== undefined)
    const inside: Reach = isAgain ? { ...reach, feedback: 'is there' } : isMixed ? without : reach
    return write(plan, idAt(index), inside, index)
  })
}

/** The place of the block in its list that a failure leads back to. */
function returnsTo(dice: readonly number[], place: number): number | undefined {
  return place > 0 && [5, 8].includes(roll(dice, 1)) ? roll(dice, 5) % place : undefined
}

const roll = (dice: readonly number[], at: number): number => dice[at] ?? 0

function write(plan: Plan, id: string, reach: Reach, place = 0): JsonObject {
  const { children, dice } = plan
  const [first = plan, second = plan] = children
  const target = returnsTo(dice, place)
  const conditions: Readonly<Record<number, string>> = { 7: 'true', 8: 'false', 9: "int(run.id + 'x') > 1" }
  const reactions: Readonly<Record<number, Json>> = {
    6: 'continue',
    7: 'continue',
    ...(target === undefined ? {} : { [roll(dice, 1)]: { goto: idAt(target), max: 1 + (roll(dice, 6) % 2) } }),
    9: { fallback: { call: './w.ts#w', ...(roll(dice, 5) > 6 ? { on_failure: 'continue' } : {}) } },
  }
  const base: JsonObject = {
    id,
    ...(conditions[roll(dice, 0)] === undefined ? {} : { when: conditions[roll(dice, 0)] }),
    ...(reactions[roll(dice, 1)] === undefined ? {} : { on_failure: reactions[roll(dice, 1)] }),
    ...(roll(dice, 2) < 8 ? {} : { verify: { call: './w.ts#w' } }),
    ...(roll(dice, 7) < 6 ? {} : { input: seen(reach) }),
  }
  const reduce = ['list', 'merge', 'vote', 'concat', 'first', 'dedupe', { call: './w.ts#w' }, { synthesize: 'writer' }][roll(dice, 4)]
  const group: JsonObject = {
    ...base,
    on_branch_failure: roll(dice, 3) < 6 ? 'settle' : 'continue',
    ...(reduce === undefined ? {} : { reduce }),
    ...(roll(dice, 5) < 7 ? {} : { concurrency: 1 + (roll(dice, 6) % 2) }),
  }
  const max = 1 + (roll(dice, 5) % 3)
  const branches = (): JsonObject[] => children.map((child, index) => write(child, idAt(index), reach))
  const inLoop: Reach = { ...reach, inLoop: true }
  switch (plan.kind) {
    case 'sequence':
      return { ...base, sequence: list(children, reach) }
    case 'parallel':
      return { ...group, parallel: branches() }
    case 'graph':
      return { ...group, graph: branches().map((node, index) => ({ ...node, ...needsOf(index, dice) })) }
    case 'map': {
      const over: Json = roll(dice, 6) > 7 ? '${{ prev }}' : ['x', ['y'], 'x'].slice(0, roll(dice, 6) % 4)
      return { ...group, map: { over, do: write(first, 'a', { ...reach, inMap: true }) } }
    }
    case 'loop': {
      const until = ['loop.iteration >= 2', "prev == 'ok'", 'false', "int(run.id + 'x') > 1"][roll(dice, 6)]
      return { ...base, loop: { do: write(first, 'a', inLoop), max, ...(until === undefined ? {} : { until }) } }
    }
    case 'review': {
      const inside: Reach = { ...inLoop, feedback: 'text' }
      return { ...base, review: { work: write(first, 'a', inside), reviewer: write(second, 'b', inside), approved: "prev == 'ok'", max } }
    }
    case 'switch': {
      const when = ["prev == 'ok'", "prev != 'ok'", 'false'][roll(dice, 6) % 3]
      const last = write(second, 'b', reach)
      return { ...base, switch: [{ when, do: write(first, 'a', reach) }, ...(roll(dice, 5) < 6 ? [{ else: last }] : [])] }
    }
    default:
      return { ...base, call: './w.ts#w' }
  }
}

function needsOf(index: number, dice: readonly number[]): JsonObject {
  const needs = ids.slice(0, index).filter((_, at) => roll(dice, 5 + at) % 2 === 0)
  return needs.length === 0 ? {} : { needs }
}

function seen({ inLoop, inMap, feedback }: Reach): JsonObject {
  return {
    prev: '${{ prev }}',
    ...(inLoop === undefined ? {} : { round: '${{ loop.iteration }}' }),
    ...(inMap === undefined ? {} : { item: '${{ item }}', index: '${{ index }}' }),
    ...(feedback === undefined ? {} : { said: feedback === 'text' ? '${{ feedback }}' : "${{ feedback != '' }}" }),
  }
}

function digest(value: unknown): string {
  return createHash('sha1').update(canonicalJson(value)).digest('hex')
}

/** How long a step takes, in ms. */
export function durationOf(seed: number, path: string, turn: number): number {
  return Number.parseInt(digest([seed, 'ms', path, turn]).slice(0, 2), 16) % 4
}

/** What a step does at its nth start: everything that reached it is in its output. */
export function act(seed: number, path: string, turn: number, input: Json): Json {
  const chance = Number.parseInt(digest([seed, path, turn]).slice(0, 4), 16) % 100
  if (chance < 13) throw new TerminalError('BROKE', `${path} broke`)
  if (chance < 20) throw new StepSkipped('nothing to do')
  if (chance < 50) return 'ok'
  if (chance < 60) return [`${path}:${digest(input).slice(0, 6)}`, 'same']
  if (chance < 70) return { [path.slice(path.lastIndexOf('.') + 1)]: digest(input).slice(0, 6) }
  return `${path}:${digest(input).slice(0, 6)}`
}
