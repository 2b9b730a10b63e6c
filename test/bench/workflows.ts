import type { CallStep, Workflow } from '../../src/spec/ir.ts'

const once = { attempts: 1, initialMs: 0, factor: 1, maxMs: 0, jitter: 0, totalMs: 0 }

function step(id: string, group?: string): CallStep {
  const place = group === undefined ? { path: id } : { path: `${group}.${id}`, group, branch: id }
  return { kind: 'call', id, ...place, target: 'work', retry: once }
}

function workflow(name: string, concurrency: number, stages: Workflow['stages']): Workflow {
  return { format: 1, name, agents: {}, limits: { concurrency, agents: 20 }, env: [], stages }
}

/** `length` steps one after another. */
export function chain(length: number): Workflow {
  return workflow(`chain-${length}`, 4, Array.from({ length }, (_, index) => step(`s${index}`)))
}

/** One group of `width` steps, all allowed to run at once. */
export function fan(width: number): Workflow {
  const branches = Array.from({ length: width }, (_, index) => step(`b${index}`, 'group'))
  return workflow(`fan-${width}`, width, [
    { kind: 'parallel', id: 'group', path: 'group', onBranchFailure: 'settle', reduce: 'list', branches },
  ])
}
