import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { RetryableError, StepSkipped, TerminalError } from '../src/errors.ts'
import { canonicalJson, type Json } from '../src/json.ts'
import type { FailureRule, Reducer, Workflow } from '../src/spec/ir.ts'
import { type Draft, draftWorkflow } from '../src/testing/draft-workflow.ts'

/** What each step of a random workflow does, by its path; the last of `fails` attempts in a row fails too when it is infinite. */
export interface Behaviour {
  readonly ends: 'completes' | 'fails' | 'skips'
  readonly output: 'text' | 'object' | 'echo' | 'same'
  /** Attempts that fail with an error that may be retried, before it ends as it does. */
  readonly flaky: number
  /** How many turns of the microtask queue it takes. */
  readonly ticks: number
}

export interface RandomWorkflow {
  readonly workflow: Workflow
  readonly behaviours: ReadonlyMap<string, Behaviour>
}

interface Node {
  readonly kind: 'step' | 'sequence' | 'parallel'
  readonly behaviour: Behaviour
  readonly children: readonly Node[]
  readonly rule: FailureRule
  readonly reduce: Reducer
  readonly when: string | undefined
  readonly wrapped: boolean
}

const ids = ['a', 'b', 'constructor', 'd-1', 'e', 'toString', 'g', 'h', 'i', 'j', 'k', 'l']

const behaviour = fc.record<Behaviour>({
  ends: fc.oneof({ weight: 8, arbitrary: fc.constant('completes' as const) }, fc.constantFrom('fails', 'skips')),
  output: fc.constantFrom('text', 'object', 'echo', 'same'),
  flaky: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 2 })),
  ticks: fc.nat(12),
})
const when = fc.oneof(
  { weight: 9, arbitrary: fc.constant(undefined) },
  fc.constantFrom('true', 'false', '1 + 1 == 3', 'run.id'),
)
const reduce = fc.constantFrom<Reducer>('auto', 'list', 'merge', 'vote', 'concat', 'first', { call: 'reduce' })

function nodes(depth: number, rules: readonly FailureRule[]): fc.Arbitrary<Node> {
  const leaf: fc.Arbitrary<Node> = fc.record({
    kind: fc.constant('step' as const),
    behaviour,
    children: fc.constant([]),
    rule: fc.constant('settle' as const),
    reduce: fc.constant('auto' as const),
    when,
    wrapped: fc.boolean(),
  })
  if (depth === 0) return leaf
  const group: fc.Arbitrary<Node> = fc.record({
    kind: fc.constantFrom('sequence', 'parallel', 'parallel'),
    behaviour,
    children: fc.oneof(
      { weight: 6, arbitrary: fc.array(nodes(depth - 1, rules), { minLength: 1, maxLength: 3 }) },
      { weight: depth === 1 ? 1 : 0, arbitrary: fc.array(leaf, { minLength: 9, maxLength: 12 }) },
    ),
    rule: fc.constantFrom(...rules),
    reduce,
    when,
    wrapped: fc.boolean(),
  })
  return fc.oneof({ weight: 2, arbitrary: leaf }, { weight: 3, arbitrary: group })
}

/** Sequences and groups nested up to three deep, with steps that complete, fail, skip and are flaky. */
export function randomWorkflow(rules: readonly FailureRule[] = ['settle', 'fail_fast', 'continue']): fc.Arbitrary<RandomWorkflow> {
  return fc.array(nodes(3, rules), { minLength: 1, maxLength: 4 }).map((stages) => {
    const behaviours = new Map<string, Behaviour>()
    const workflow = draftWorkflow(
      stages.map((stage, index) => draftOf(stage, ids[index] ?? '', '', behaviours)),
      { limits: { concurrency: 3, agents: 20 } },
    )
    return { workflow, behaviours }
  })
}

function draftOf(node: Node, id: string, parent: string, behaviours: Map<string, Behaviour>): Draft {
  const path = parent === '' ? id : `${parent}.${id}`
  const base = {
    id,
    ...(node.when === undefined ? {} : { when: node.when }),
    ...(node.wrapped ? { input: { wrapped: '${{ prev }}' } } : {}),
  }
  if (node.kind === 'step') {
    behaviours.set(path, node.behaviour)
    return { ...base, retry: { attempts: 3, initialMs: 1 } }
  }
  const inner = node.children.map((child, index) => draftOf(child, ids[index] ?? '', path, behaviours))
  if (node.kind === 'sequence') return { ...base, sequence: inner }
  if (typeof node.reduce === 'object') behaviours.set(`${path}.reduce`, { ...node.behaviour, flaky: 0 })
  return { ...base, parallel: inner, rule: node.rule, reduce: node.reduce }
}

/** What a completed step gives for an input: all of what reached it is in it, in few bytes. */
export function stepOutput(path: string, { output }: Behaviour, input: Json): Json {
  const digest = createHash('sha1').update(canonicalJson(input)).digest('hex').slice(0, 8)
  switch (output) {
    case 'text':
      return `${path}(${digest})`
    case 'object':
      return { [path.slice(path.lastIndexOf('.') + 1)]: digest, last: path }
    case 'echo':
      return input
    case 'same':
      return 'same'
  }
}

/** One attempt of a step of a random workflow. */
export function perform(random: RandomWorkflow, path: string, input: Json, attempt: number): Json {
  const behaves = random.behaviours.get(path)
  if (behaves === undefined) throw new TerminalError('NO_BEHAVIOUR', path)
  if (attempt <= behaves.flaky) throw new RetryableError('FLAKY', `${path} stumbled`)
  if (behaves.ends === 'fails') throw new TerminalError('BOOM', `${path} broke`)
  if (behaves.ends === 'skips') throw new StepSkipped(`${path} has nothing to do`)
  return stepOutput(path, behaves, input)
}

/** The same, some turns of the microtask queue later. */
export async function performLater(random: RandomWorkflow, path: string, input: Json, attempt: number): Promise<Json> {
  const ticks = random.behaviours.get(path)?.ticks ?? 0
  for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve()
  return perform(random, path, input, attempt)
}
