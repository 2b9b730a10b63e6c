import { reduceOutputs } from '../src/compiler/reducers.ts'
import type { Json } from '../src/json.ts'
import type { Block, ParallelBlock } from '../src/spec/ir.ts'
import { type RandomWorkflow, stepOutput } from './random-workflow.ts'

/** What a workflow comes to by the rules of the specification, without statecharts, time or concurrency. */
export interface Reference {
  readonly ended: Ended
  /** How the steps ended that were reached. */
  readonly steps: ReadonlyMap<string, Ended['status']>
  /** Groups that failed fast: which of their steps got how far depends on time. */
  readonly loose: readonly string[]
}

type Ended =
  | { readonly status: 'completed' | 'skipped'; readonly output: Json }
  /** `blamed`: the steps and groups whose failure it was. */
  | { readonly status: 'failed'; readonly blamed: readonly string[] }

export function interpret(random: RandomWorkflow, input: Json): Reference {
  const steps = new Map<string, Ended['status']>()
  const loose: string[] = []

  function block(it: Block, prev: Json): Ended {
    const ended = whole(it, prev)
    if (it.kind !== 'sequence' && it.kind !== 'parallel') steps.set(it.path, ended.status)
    return ended
  }

  function whole(it: Block, prev: Json): Ended {
    if (it.when === 'run.id') return { status: 'failed', blamed: [it.path] }
    if (it.when === 'false' || it.when === '1 + 1 == 3') return { status: 'skipped', output: prev }
    const inside: Json = it.input === undefined ? prev : { wrapped: prev }
    if (it.kind === 'sequence') return sequence(it.blocks, inside)
    if (it.kind === 'parallel') return parallel(it, inside)
    return step(it.path, inside, prev)
  }

  /** A step that skips itself passes on what came to it, not what it made of that. */
  function step(path: string, own: Json, prev: Json): Ended {
    const behaves = random.behaviours.get(path)
    if (behaves === undefined || behaves.ends === 'fails') return { status: 'failed', blamed: [path] }
    if (behaves.ends === 'skips') return { status: 'skipped', output: prev }
    return { status: 'completed', output: stepOutput(path, behaves, own) }
  }

  function sequence(blocks: readonly Block[], prev: Json): Ended {
    let passed = prev
    let completed = false
    for (const inner of blocks) {
      const ended = block(inner, passed)
      if (ended.status === 'failed') return ended
      passed = ended.output
      completed ||= ended.status === 'completed'
    }
    return { status: completed ? 'completed' : 'skipped', output: passed }
  }

  function parallel(group: ParallelBlock, prev: Json): Ended {
    const branches = group.branches.map((branch) => block(branch, prev))
    const blamed = branches.flatMap((ended) => (ended.status === 'failed' ? ended.blamed : []))
    if (branches.every(({ status }) => status === 'skipped')) return { status: 'skipped', output: prev }
    if (blamed.length > 0 && group.onBranchFailure === 'fail_fast') loose.push(group.path)
    if (blamed.length > 0 && group.onBranchFailure !== 'continue') return { status: 'failed', blamed }
    const outputs = branches.flatMap((ended) => (ended.status === 'completed' ? [ended.output] : []))
    if (typeof group.reduce === 'object' && outputs.length > 0) {
      const path = `${group.path}.reduce`
      const reduced = step(path, outputs, outputs)
      steps.set(path, reduced.status)
      return reduced
    }
    try {
      return { status: 'completed', output: reduceOutputs(typeof group.reduce === 'object' ? 'auto' : group.reduce, outputs) }
    } catch {
      return { status: 'failed', blamed: [group.path] }
    }
  }

  const ended = sequence(random.workflow.stages, input)
  return { ended, steps, loose }
}
