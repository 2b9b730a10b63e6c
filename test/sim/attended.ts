import { createHash } from 'node:crypto'
import { TerminalError } from '../../src/errors.ts'
import { canonicalJson, type Json, type JsonObject } from '../../src/json.ts'
import type { Block, Workflow } from '../../src/spec/ir.ts'
import { parseSpec } from '../../src/spec/load.ts'
import type { Dice } from './dice.ts'
import type { Scenario } from './scenario.ts'

/** What a workflow reads: of the run before the first step its input. Undefined where it depends on more than results. */
export type Reads = (path: string, outputs: ReadonlyMap<string, Json>) => Json | undefined

/** Where people and programs have a say: questions, events and children, beside steps that take long and may fail. */
export function attended(dice: Dice): Scenario {
  const lists = Array.from({ length: 2 + dice.roll(3) }, (_, index) => branch(dice, `b${index}`))
  const group = { id: 'g', on_branch_failure: 'continue', reduce: 'list', parallel: lists.map(({ block }) => block) }
  const workflow = read([{ id: 'first', call: './w.ts#w' }, group, { id: 'last', call: './w.ts#w' }])
  const seed = dice.roll(2 ** 31)
  return {
    name: 'attended',
    workflow: withChildren(workflow, read([{ id: 'x', call: './w.ts#w' }, { id: 'q', ask: 'And here?' }])),
    takes: ({ path }, turn) => 2 + (number(seed, 'ms', path, turn) % 120),
    does: ({ path, input, runId }, turn) => does(seed, runId, path, turn, input),
    reads: readsOf(lists.map(({ paths }) => paths)),
    waiting: new Set([...lists.flatMap(({ waiting }) => waiting), 'q']),
    isTimeless: false,
  }
}

const kinds: Readonly<Record<string, (id: string) => JsonObject>> = {
  call: (id) => ({ id, call: './w.ts#w' }),
  ask: (id) => ({ id, ask: 'What now?' }),
  pick: (id) => ({ id, ask: { message: 'How many?', schema: { type: 'integer' } } }),
  // One name for all: whoever waits gets it, else whoever will.
  event: (id) => ({ id, wait: { event: 'go' } }),
  child: (id) => ({ id: `child-${id}`, call: './w.ts#w' }),
}

interface Branch {
  readonly block: JsonObject
  readonly paths: readonly string[]
  readonly waiting: readonly string[]
}

/** One branch of the group and the paths of its steps. */
function branch(dice: Dice, id: string): Branch {
  const steps = Array.from({ length: 1 + dice.roll(3) }, (_, index) => {
    const kind = dice.pick(['call', 'call', 'ask', 'ask', 'pick', 'event', 'child'])
    const block = kinds[kind]?.(`s${index}`) ?? {}
    return { block, path: `g.${id}.${String(block['id'])}`, isWaiting: kind !== 'call' && kind !== 'child' }
  })
  return {
    block: { id, sequence: steps.map(({ block }) => block) },
    paths: steps.map(({ path }) => path),
    waiting: steps.flatMap(({ path, isWaiting }) => (isWaiting ? [path] : [])),
  }
}

function read(stages: readonly Json[]): Workflow {
  const text = JSON.stringify({ forkchart: 1, name: 'attended', limits: { concurrency: 3 }, stages })
  return parseSpec(text, { file: '/spec/attended.json', format: 'json' }).workflow
}

/** Steps called `child-…` run one. */
function withChildren(workflow: Workflow, child: Workflow): Workflow {
  const isChild = (value: unknown): boolean => typeof value === 'object' && value !== null && 'id' in value && String(value.id).startsWith('child-')
  const stages = JSON.parse(JSON.stringify(workflow.stages), (_, value: unknown) =>
    isChild(value) ? { ...(value as object), kind: 'workflow', workflow: 'child', with: '${{ prev }}', target: undefined } : value,
  ) as Block[]
  return { ...workflow, stages, workflows: { child } }
}

function readsOf(lists: readonly (readonly string[])[]): Reads {
  const ahead = new Map(lists.flatMap((paths) => paths.map((path, index) => [path, paths[index - 1] ?? 'first'] as const)))
  return (path, outputs) => {
    if (path === 'first') return 'in'
    if (path === 'last') return lists.flatMap((paths) => outputs.get(paths.at(-1) ?? '') ?? [])
    return outputs.get(path === '' ? 'last' : (ahead.get(path) ?? ''))
  }
}

function number(...parts: readonly Json[]): number {
  return Number.parseInt(digest(parts).slice(0, 6), 16)
}

function digest(value: Json): string {
  return createHash('sha1').update(canonicalJson(value)).digest('hex')
}

function does(seed: number, runId: string, path: string, turn: number, input: Json): Json {
  if (path !== 'first' && number(seed, path, turn) % 100 < 12) throw new TerminalError('BROKE', `${path} broke`)
  return `${runId}/${path}:${turn}:${digest(input).slice(0, 6)}`
}
