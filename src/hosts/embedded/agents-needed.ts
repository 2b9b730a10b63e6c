import type { RunEvent } from '../../events.ts'
import { innerBlocks, isBranchGroup } from '../../spec/blocks.ts'
import type { Agent, Block, Workflow } from '../../spec/ir.ts'
import { isAtOrIn } from '../../runtime/undo-ends.ts'

/** How far a run has come. Absent for one that begins, and where nothing can be told of it: in rounds and items. */
interface Progress {
  /** Paths of what has begun, and of what that is in. */
  readonly begun: ReadonlySet<string>
  readonly ended: ReadonlySet<string>
}

/** Steps and groups that are to run again, and those whose ends are taken back with them. */
interface TakenBack {
  readonly again: readonly string[]
  readonly undone: readonly string[]
}

/** Read off the events of a run, and what is about to be taken back. */
export function progressOf(events: readonly RunEvent[], next?: TakenBack): Progress {
  const steps = new Set<string>()
  const ended = new Set<string>()
  const takeBack = (paths: readonly string[]): void => {
    for (const path of [...steps]) if (paths.some((each) => isAtOrIn(path, each))) steps.delete(path)
    for (const path of [...ended]) if (paths.some((each) => isAtOrIn(path, each) || isAtOrIn(each, path))) ended.delete(path)
  }
  for (const event of events) {
    const { type, path } = event
    if (type === 'run.resumed') takeBack([...(event.data.again ?? []), ...(event.data.undone ?? [])])
    if (path === undefined || !/^(?:step|group)\./.test(type)) continue
    if (type !== 'group.started' && type !== 'group.joined') steps.add(path)
    if (/^(?:step\.(?:completed|failed|skipped|cancelled)|group\.joined)$/.test(type)) ended.add(path)
    else ended.delete(path)
  }
  if (next !== undefined) takeBack([...next.again, ...next.undone])
  const begun = new Set<string>()
  for (const path of steps) for (let at = path.length; at > 0; at = path.lastIndexOf('.', at - 1)) begun.add(path.slice(0, at))
  return { begun, ended }
}

/**
 * The agents that a run is certain to ask, by name: those of maps too, however wide these turn out, and those that an agent may
 * hand over to. Not those of what a condition, a case or a failure leads to, until it has.
 */
export function* agentsNeeded(workflow: Workflow, progress?: Progress): Generator<[string, Agent], void, undefined> {
  for (const block of inOrder(workflow.stages, progress)) {
    if (block.kind === 'workflow') {
      const child = workflow.workflows?.[block.workflow]
      if (child !== undefined) yield* agentsNeeded(child)
    }
    const reduce = isBranchGroup(block) && typeof block.reduce === 'object' && 'synthesize' in block.reduce ? block.reduce.synthesize : undefined
    const name = block.kind === 'agent' ? block.agent : reduce
    if (name !== undefined) yield* withTeam(name, workflow.agents, new Set())
  }
}

function* withTeam(name: string, agents: Workflow['agents'], seen: Set<string>): Generator<[string, Agent], void, undefined> {
  const agent = agents[name]
  if (agent === undefined || seen.has(name)) return
  seen.add(name)
  yield [name, agent]
  if (agent.uses !== 'openai') return
  for (const other of agent.handoffs ?? []) yield* withTeam(other, agents, seen)
}

/** What comes before the last one that has begun is over. */
function* inOrder(blocks: readonly Block[], progress: Progress | undefined): Generator<Block, void, undefined> {
  const current = blocks.findLastIndex(({ path }) => progress?.begun.has(path) === true)
  for (const block of blocks.slice(Math.max(0, current))) yield* certain(block, progress)
}

function* certain(block: Block, progress: Progress | undefined): Generator<Block, void, undefined> {
  const { kind, path, when, verify } = block
  const hasBegun = progress?.begun.has(path) === true
  if ((when !== undefined || kind === 'switch') && !hasBegun) return
  if (progress?.ended.has(path) !== true) {
    yield block
    yield* inside(block, progress)
  }
  if (verify !== undefined) yield* certain(verify, progress)
}

function* inside(block: Block, progress: Progress | undefined): Generator<Block, void, undefined> {
  switch (block.kind) {
    case 'sequence':
      yield* inOrder(block.blocks, progress)
      return
    case 'loop':
    case 'review':
    case 'map':
      for (const inner of innerBlocks(block)) yield* certain(inner, undefined)
      return
    case 'switch':
      for (const inner of innerBlocks(block)) if (progress?.begun.has(inner.path) === true) yield* certain(inner, progress)
      return
    default:
      for (const inner of innerBlocks(block)) yield* certain(inner, progress)
  }
}
