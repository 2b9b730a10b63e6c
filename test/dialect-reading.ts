import { expect } from 'vitest'
import { TerminalError, StepSkipped } from '../src/errors.ts'
import type { RunEvent } from '../src/events.ts'
import type { AgentRequest, RunRequest } from '../src/executors/executor.ts'
import type { RunSettlement } from '../src/hosts/host.ts'
import type { Json } from '../src/json.ts'
import { innerBlocks } from '../src/spec/blocks.ts'
import { type Block, workflowSchema } from '../src/spec/ir.ts'
import { type LoadedSpec, type LoadOptions, parseSpec } from '../src/spec/load.ts'
import { isError } from '../src/spec/problem.ts'
import { SpecError } from '../src/spec/spec-error.ts'
import type { CallContext } from '../src/step-function.ts'
import { createBench, eventsOf } from './run-embedded.ts'

/** Loads a spec from its text. What it gives is plain JSON in its one form. */
export function load(text: string, options: LoadOptions & { file?: string } = {}): LoadedSpec {
  const loaded = parseSpec(text, { file: '/specs/a.yaml', format: 'yaml', ...options })
  expect(workflowSchema.parse(JSON.parse(JSON.stringify(loaded.workflow)))).toEqual(loaded.workflow)
  return loaded
}

/** The errors of a spec, or when it has none its warnings, as `line:column CODE`. */
export function problemsOf(text: string): string[] {
  try {
    return load(text).warnings.map(({ line, column, code }) => `${line}:${column} ${code}`)
  } catch (error) {
    if (!(error instanceof SpecError)) throw error
    return error.problems.filter(isError).map(({ line, column, code }) => `${line}:${column} ${code}`)
  }
}

/** A `stages.yaml` of stages in their order; each is given as it is written after its key. */
export function stagesYaml(stages: Readonly<Record<string, string>>, rest = ''): string {
  const lines = Object.entries(stages).map(([key, value]) => `  ${key}: { ${value} }\n`).join('')
  const order = /^stage_order:/m.test(rest) ? '' : `stage_order: [${Object.keys(stages).join(', ')}]\n`
  return `stages:\n${lines}${order}${rest}`
}

/** Blocks as lines: what they are, their paths and, of a node, what it needs. */
export function outline(blocks: readonly Block[]): string[] {
  return blocks.flatMap((block) => {
    const needs = block.needs === undefined ? '' : ` needs ${block.needs.join(', ')}`
    return [`${block.kind} ${block.path}${needs}`, ...outline(innerBlocks(block))]
  })
}

/** The block at a path. */
export function blockAt(blocks: readonly Block[], path: string): Block {
  const block = blocks.find((one) => one.path === path || path.startsWith(`${one.path}.`))
  if (block === undefined) throw new Error(`There is no block ${path}.`)
  return block.path === path ? block : blockAt(innerBlocks(block), path)
}

export interface RunOf {
  readonly settlement: RunSettlement
  readonly events: readonly RunEvent[]
  /** Paths of the steps that ended so, in the order of their ends. */
  readonly paths: (type: 'step.completed' | 'step.skipped' | 'step.failed') => string[]
}

/** Runs a loaded spec; its agents and commands answer from `answer`, its functions are called. */
export async function runLoaded(
  loaded: LoadedSpec, input: Json, answer: (request: AgentRequest | RunRequest, count: number) => Json | Promise<Json>,
): Promise<RunOf> {
  const counts = new Map<string, number>()
  const bench = createBench(async (request) => {
    if (request.kind === 'wait') return request.input
    if (request.kind === 'agent' || request.kind === 'run') {
      const count = (counts.get(request.path) ?? 0) + 1
      counts.set(request.path, count)
      return answer(request, count)
    }
    if (request.kind !== 'call') throw new TerminalError('UNEXPECTED', request.kind)
    const context = {
      skip(reason: string) {
        throw new StepSkipped(reason)
      },
    } as CallContext
    return (await loaded.functions[request.target]?.(request.input, context)) as Json
  })
  const handle = await bench.start(loaded.workflow, { input })
  const settlement = await bench.settled(handle)
  const events = eventsOf(handle)
  return { settlement, events, paths: (type) => events.filter((event) => event.type === type).map(({ path = '' }) => path) }
}
