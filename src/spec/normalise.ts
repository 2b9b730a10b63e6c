import { parseDuration } from '../duration.ts'
import type { StepFunction } from '../step-function.ts'
import { bareExpression } from './expression-compile.ts'
import type { Agent, Block, Reducer, RetryPolicy, ScriptedReply, SequenceBlock, StepBlock, Workflow } from './ir.ts'
import { defaultId } from './outline.ts'
import type { SourcePath, SpecSource } from './source.ts'
import type { BlockKind, WrittenBlock, WrittenFunction, WrittenRetry, WrittenStep, WrittenWorkflow } from './written.ts'
import type { WrittenAgent, WrittenReply } from './written-agent.ts'

/** A workflow in its one form, and the functions that stood in it, by the names that stand there now. */
export interface Normalised {
  readonly workflow: Workflow
  readonly functions: Readonly<Record<string, StepFunction>>
}

interface Surroundings {
  readonly source: SpecSource | undefined
  readonly functions: Record<string, StepFunction>
}

/** Where a block stands among the others. */
interface Place {
  readonly at: SourcePath
  readonly index: number
  readonly parentPath?: string | undefined
  readonly parentKind?: BlockKind | undefined
  /** The nearest parallel block around it, and the branch of it that this is in, unless this is the branch. */
  readonly group?: string | undefined
  readonly branch?: string | undefined
}

const retryDefaults: RetryPolicy = { attempts: 3, initialMs: 1000, factor: 2, maxMs: 60_000, jitter: 0.1, totalMs: 300_000 }

/** Fills in defaults, names and paths. The workflow must have passed the checks. */
export function normalise(written: WrittenWorkflow, source: SpecSource | undefined): Normalised {
  const surroundings: Surroundings = { source, functions: {} }
  const { name, title, description, version, input, output, agents = {}, limits, env = [], stages = [] } = written
  const workflow: Workflow = defined({
    format: 1 as const,
    name,
    title,
    description,
    version: version === undefined ? undefined : String(version),
    input,
    output,
    agents: Object.fromEntries(Object.entries(agents).map(([key, agent]) => [key, agentOf(agent)])),
    limits: { concurrency: limits?.concurrency ?? 4, agents: limits?.agents ?? 20 },
    env,
    stages: stages.map((block, index) => blockOf(block, { at: ['stages', index], index }, surroundings)),
  })
  return { workflow, functions: surroundings.functions }
}

function blockOf(block: WrittenBlock, place: Place, surroundings: Surroundings): Block {
  const id = block.id ?? defaultId(place.parentKind, place.index)
  const path = place.parentPath === undefined ? id : `${place.parentPath}.${id}`
  const branch = place.branch ?? (place.group === undefined ? undefined : id)
  const base = {
    path,
    id,
    title: block.title,
    when: block.when === undefined ? undefined : bareExpression(String(block.when)),
    input: block.input,
    output: block.output,
    timeoutMs: milliseconds(block.timeout),
    group: place.group,
    branch,
    position: surroundings.source?.position(place.at),
  }
  if ('sequence' in block) {
    const inside = { parentPath: path, parentKind: 'sequence' as const, group: place.group, branch }
    return defined({
      ...base,
      kind: 'sequence' as const,
      blocks: listOf(block.sequence, [...place.at, 'sequence'], inside, surroundings),
    })
  }
  if ('parallel' in block) {
    const inside = { parentPath: path, parentKind: 'parallel' as const, group: path, branch: undefined }
    return defined({
      ...base,
      kind: 'parallel' as const,
      branches: listOf(block.parallel, [...place.at, 'parallel'], inside, surroundings),
      onBranchFailure: block.on_branch_failure ?? 'settle',
      reduce: reducerOf(block.reduce, path, surroundings),
    })
  }
  return stepOf(block, base, surroundings)
}

type Base = Omit<SequenceBlock, 'kind' | 'blocks'>

function stepOf(block: WrittenStep, base: Base, surroundings: Surroundings): StepBlock {
  const step = { ...base, retry: retryOf(block.retry, 'agent' in block) }
  if ('agent' in block) {
    const { agent, prompt = '${{ prev }}', max_turns: maxTurns } = block
    return defined({ ...step, kind: 'agent' as const, agent, prompt, maxTurns })
  }
  if ('run' in block) {
    const { run, cwd, env, stdin, parse = 'text' } = block
    return defined({
      ...step,
      kind: 'run' as const,
      command: typeof run === 'string' ? run : run.map(String),
      cwd,
      env: env && Object.fromEntries(Object.entries(env).map(([name, value]) => [name, String(value)])),
      stdin,
      parse,
    })
  }
  return defined({ ...step, kind: 'call' as const, target: targetOf(block.call, base.path, surroundings) })
}

function listOf(
  blocks: readonly WrittenBlock[],
  at: SourcePath,
  inside: { parentPath: string; parentKind: BlockKind; group: string | undefined; branch: string | undefined },
  surroundings: Surroundings,
): Block[] {
  return blocks.map((block, index) => blockOf(block, { ...inside, at: [...at, index], index }, surroundings))
}

type WrittenReducer = Extract<WrittenBlock, { parallel: unknown }>['reduce']

function reducerOf(reduce: WrittenReducer, path: string, surroundings: Surroundings): Reducer {
  if (reduce === undefined) return 'auto'
  return typeof reduce === 'string' ? reduce : { call: targetOf(reduce.call, `${path}:reduce`, surroundings) }
}

/** The name of what is called: as it is written, or for a function the path of the block that calls it. */
function targetOf(target: string | WrittenFunction, name: string, { functions }: Surroundings): string {
  if (typeof target === 'string') return target
  functions[name] = target as StepFunction
  return name
}

function retryOf(written: WrittenRetry | undefined, isAgent: boolean): RetryPolicy {
  if (written === undefined) return isAgent ? retryDefaults : { ...retryDefaults, attempts: 1 }
  return {
    attempts: written.attempts ?? retryDefaults.attempts,
    initialMs: milliseconds(written.initial) ?? retryDefaults.initialMs,
    factor: written.factor ?? retryDefaults.factor,
    maxMs: milliseconds(written.max) ?? retryDefaults.maxMs,
    jitter: written.jitter ?? retryDefaults.jitter,
    totalMs: milliseconds(written.total) ?? retryDefaults.totalMs,
  }
}

function agentOf(written: WrittenAgent): Agent {
  const { instructions, output, rehearse } = written
  const base = { instructions, output, rehearse: rehearse?.map(replyOf) }
  if (written.uses === 'scripted') {
    return defined({ ...base, uses: 'scripted' as const, replies: written.replies.map(replyOf) })
  }
  return defined({ ...base, uses: 'openai' as const, model: written.model, baseUrl: written.base_url })
}

function replyOf(reply: WrittenReply): ScriptedReply {
  if (typeof reply === 'string') return { output: reply }
  const delayMs = milliseconds(reply.delay)
  if ('error' in reply) return defined({ error: reply.error, message: reply.message, delayMs })
  return defined({ output: reply.output, usage: reply.usage, costUsd: reply.costUsd, delayMs })
}

function milliseconds(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : parseDuration(duration)
}

/** The same without the keys that are undefined, so that equal workflows look equal as JSON and as objects. */
function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as T
}
