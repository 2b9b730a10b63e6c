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

const group = { id: 'group', path: 'group', onBranchFailure: 'settle', reduce: 'list' } as const

/** One group of `width` steps, all allowed to run at once. */
export function fan(width: number): Workflow {
  const branches = Array.from({ length: width }, (_, index) => step(`b${index}`, 'group'))
  return workflow(`fan-${width}`, width, [
    { ...group, kind: 'parallel', branches },
  ])
}

/** A group of `width` steps and a step after it. */
export function fanAndLast(width: number): Workflow {
  const { stages, ...rest } = fan(width)
  return { ...rest, name: `fan-${width}-and-last`, stages: [...stages, step('last')] }
}

/** A map of `width` items, all at once. */
export function map(width: number): Workflow {
  const items = Array.from({ length: width }, (_, index) => index)
  const each: CallStep = { kind: 'call', id: 'do', path: 'group.[].do', group: 'group', target: 'work', retry: once }
  return workflow(`map-${width}`, width, [{ ...group, kind: 'map', over: items, as: 'item', do: each }])
}

/** A graph of layers of 100 nodes, each of which needs three of the layer before; one node needs all of the last. */
export function dag(size: number): Workflow {
  const layer = 100
  const branches = Array.from({ length: size }, (_, index): CallStep => {
    const first = (Math.floor(index / layer) - 1) * layer
    const near = index < layer ? [] : [0, 1, 2].map((offset) => first + ((index + 7 * offset) % layer))
    const last = Array.from({ length: layer }, (_, offset) => size - 1 - layer + offset)
    const needs = (index === size - 1 ? last : near).map((need) => `b${need}`)
    return { ...step(`b${index}`, 'group'), ...(needs.length === 0 ? {} : { needs }) }
  })
  return workflow(`dag-${size}`, size, [{ ...group, kind: 'graph', branches }])
}
