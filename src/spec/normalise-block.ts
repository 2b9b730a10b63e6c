import type { StepFunction } from '../step-function.ts'
import { indexMark } from './blocks.ts'
import { childKey } from './children.ts'
import type { AskStep, Block, FailureReaction, Join, Reducer, SequenceBlock, StepBlock } from './ir.ts'
import { conditionOf, defined, milliseconds, retryOf, texts } from './normalise-parts.ts'
import { askAfterFailure, blockId, type Role } from './slots.ts'
import type { SourcePath, SpecSource } from './source.ts'
import type { WrittenBlock, WrittenBranchGroup, WrittenReaction, WrittenStep } from './written.ts'
import type { WrittenFunction } from './written-steps.ts'

/** What all blocks of a workflow are normalised with. */
export interface Surroundings {
  readonly source: SpecSource | undefined
  /** Takes up the functions that stand in the blocks. */
  readonly functions: Record<string, StepFunction>
  /** Whether groups run one branch at a time. */
  readonly oneAtATime: boolean
}

/** Where a block stands: the path that its own begins with, and the branch that it is in. */
interface Place {
  readonly parentPath?: string | undefined
  /** Path of the nearest group around it. */
  readonly group?: string | undefined
  /** `own`: the block is a branch itself. Undefined in a map, where only the run knows the item. */
  readonly branch?: string | { readonly own: true } | undefined
}

/** A block inside another: what it is there, and where it is written. */
interface Position {
  readonly role: Role
  readonly at: SourcePath
  readonly index?: number
}

type Base = Omit<SequenceBlock, 'kind' | 'blocks'>

/** The stages of a workflow with defaults, ids and paths filled in. */
export function normaliseStages(stages: readonly WrittenBlock[], surroundings: Surroundings): Block[] {
  return listOf(stages, 'stage', ['stages'], {}, surroundings)
}

function listOf(
  blocks: readonly WrittenBlock[],
  role: Role,
  at: SourcePath,
  place: Place,
  surroundings: Surroundings,
): Block[] {
  return blocks.map((block, index) => blockOf(block, { role, index, at: [...at, index] }, place, surroundings))
}

function blockOf(written: WrittenBlock, { role, at, index = 0 }: Position, place: Place, surroundings: Surroundings): Block {
  const id = blockId(written.id, role, index)
  const path = place.parentPath === undefined ? id : `${place.parentPath}.${id}`
  const branch = typeof place.branch === 'object' ? id : place.branch
  /** For what is in this block and in the same branch. */
  const within: Place = { parentPath: path, group: place.group, branch }
  const inside = (block: WrittenBlock, innerRole: Role, ...innerAt: SourcePath): Block =>
    blockOf(block, { role: innerRole, at: [...at, ...innerAt] }, within, surroundings)
  const base: Base = {
    path,
    id,
    title: written.title,
    when: written.when === undefined ? undefined : conditionOf(written.when),
    input: written.input,
    output: written.output,
    timeoutMs: milliseconds(written.timeout),
    group: place.group,
    branch,
    needs: written.needs,
    position: surroundings.source?.position(at),
    onFailure: reactionOf(
      written.on_failure,
      (block) => inside(block, 'fallback', 'on_failure', 'fallback'),
      () => inside(askAfterFailure as never, 'ask', 'on_failure') as AskStep,
    ),
    verify: written.verify && inside(written.verify, 'verify', 'verify'),
  }
  if ('sequence' in written) {
    const blocks = listOf(written.sequence, 'step', [...at, 'sequence'], within, surroundings)
    return defined({ ...base, kind: 'sequence' as const, blocks })
  }
  if ('parallel' in written || 'graph' in written || 'map' in written) {
    return branchGroup(written, base, at, surroundings)
  }
  if ('loop' in written) {
    const { loop } = written
    const until = loop.until === undefined ? undefined : conditionOf(loop.until)
    return defined({ ...base, kind: 'loop' as const, do: inside(loop.do, 'do', 'loop', 'do'), until, max: loop.max })
  }
  if ('review' in written) {
    const { work, reviewer, approved, max = 4 } = written.review
    return defined({
      ...base,
      kind: 'review' as const,
      work: inside(work, 'work', 'review', 'work'),
      reviewer: inside(reviewer, 'reviewer', 'review', 'reviewer'),
      approved: conditionOf(approved),
      max,
    })
  }
  if ('switch' in written) {
    const cases = written.switch.map((one, number) => {
      const isElse = 'else' in one
      const position = { role: isElse ? 'else' : 'case', index: number, at: [...at, 'switch', number, isElse ? 'else' : 'do'] } as const
      const when = isElse || one.when === undefined ? undefined : conditionOf(one.when)
      return defined({ when, do: blockOf(isElse ? one.else : one.do, position, within, surroundings) })
    })
    return defined({ ...base, kind: 'switch' as const, cases })
  }
  return stepOf(written, base, surroundings)
}

function branchGroup(written: WrittenBranchGroup, base: Base, at: SourcePath, surroundings: Surroundings): Block {
  const { path } = base
  const concurrency = surroundings.oneAtATime ? 1 : written.concurrency
  const group = {
    ...base,
    onBranchFailure: written.on_branch_failure ?? ('settle' as const),
    join: joinOf(written.join),
    concurrency,
  }
  const reducer = (): Reducer | undefined => reducerOf(written.reduce, path, surroundings)
  const branches: Place = { parentPath: path, group: path, branch: { own: true } }
  if ('parallel' in written) {
    const list = listOf(written.parallel, 'branch', [...at, 'parallel'], branches, surroundings)
    return defined({ ...group, kind: 'parallel' as const, branches: list, reduce: reducer() ?? 'auto' })
  }
  if ('graph' in written) {
    const list = listOf(written.graph, 'node', [...at, 'graph'], branches, surroundings)
    return defined({ ...group, kind: 'graph' as const, branches: list, reduce: reducer() ?? 'auto' })
  }
  const { over, as = 'item', do: body } = written.map
  const place: Place = { parentPath: `${path}.${indexMark}`, group: path }
  return defined({
    ...group,
    concurrency: concurrency ?? written.map.concurrency,
    kind: 'map' as const,
    over,
    as,
    do: blockOf(body, { role: 'do', at: [...at, 'map', 'do'] }, place, surroundings),
    reduce: reducer() ?? 'list',
  })
}

function stepOf(written: WrittenStep, base: Base, surroundings: Surroundings): StepBlock {
  const step = { ...base, retry: retryOf(written.retry, 'agent' in written || 'http' in written), artifacts: written.artifacts }
  if ('agent' in written) {
    const { agent, prompt = '${{ prev }}', max_turns: maxTurns } = written
    return defined({ ...step, kind: 'agent' as const, agent, prompt, maxTurns })
  }
  if ('run' in written) {
    const { run, cwd, env, stdin, parse = 'text' } = written
    const command = typeof run === 'string' ? run : run.map(String)
    return defined({ ...step, kind: 'run' as const, command, cwd, env: env && texts(env), stdin, parse })
  }
  if ('http' in written) {
    const { method = 'GET', url, headers = {}, body } = written.http
    return defined({ ...step, kind: 'http' as const, method, url, headers: texts(headers), body })
  }
  if ('wait' in written) {
    const { wait } = written
    if (typeof wait === 'string') return defined({ ...step, kind: 'wait' as const, until: wait })
    return defined({ ...step, kind: 'event' as const, event: wait.event, expiresMs: milliseconds(wait.timeout) })
  }
  if ('ask' in written) {
    const { message, schema, options, expires } = typeof written.ask === 'string' ? { message: written.ask } : written.ask
    return defined({ ...step, kind: 'ask' as const, message, schema, options, expiresMs: milliseconds(expires) })
  }
  if ('workflow' in written) {
    const { workflow, with: given = '${{ prev }}' } = written
    return defined({ ...step, kind: 'workflow' as const, workflow: childKey(workflow), with: given })
  }
  return defined({ ...step, kind: 'call' as const, target: targetOf(written.call, base.path, surroundings) })
}

function reactionOf(
  written: WrittenReaction | undefined,
  fallbackOf: (block: WrittenBlock) => Block,
  askOf: () => AskStep,
): FailureReaction | undefined {
  if (written === undefined || written === 'fail') return undefined
  if (written === 'ask') return { ask: askOf() }
  if (written === 'continue' || 'goto' in written) return written
  return { fallback: fallbackOf(written.fallback) }
}

function joinOf(written: WrittenBranchGroup['join']): Join | undefined {
  return typeof written === 'object' && 'when' in written ? { when: conditionOf(written.when) } : written
}

function reducerOf(written: WrittenBranchGroup['reduce'], path: string, surroundings: Surroundings): Reducer | undefined {
  if (typeof written !== 'object' || 'synthesize' in written) return written
  return { call: targetOf(written.call, `${path}:reduce`, surroundings) }
}

/** The name of what is called: as it is written, or for a function the path of the block that calls it. */
function targetOf(target: string | WrittenFunction, name: string, { functions }: Surroundings): string {
  if (typeof target === 'string') return target
  functions[name] = target as StepFunction
  return name
}
