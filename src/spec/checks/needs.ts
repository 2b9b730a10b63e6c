import { didYouMean } from '../nearest.ts'
import { isInner, type OutlineBlock, outlineBlocks } from '../outline.ts'
import type { CheckContext } from '../report.ts'

/** Are the nodes there that a node needs, and does none need itself by a detour? */
export function checkNeeds(context: CheckContext): void {
  for (const block of outlineBlocks(context.stages)) {
    if (block.role !== 'node') checkNoNeeds(context, block)
    if (block.value['graph'] !== undefined) checkGraph(context, nodesOf(block))
  }
}

/** The ids that a node needs, as far as they are texts. */
function needsOf({ value }: OutlineBlock): string[] {
  const needs: readonly unknown[] = Array.isArray(value['needs']) ? value['needs'] : []
  return needs.filter((id) => typeof id === 'string')
}

/** Whether `needed` must have ended before `node` starts, both of the same graph. */
export function needsBefore(node: OutlineBlock, needed: OutlineBlock): boolean {
  const byId = new Map(nodesOf(node.parent).map((one) => [one.id, one]))
  const seen = new Set<OutlineBlock>()
  const open = [node]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const id of needsOf(next)) {
      const found = byId.get(id)
      if (found === needed) return true
      if (found === undefined || seen.has(found)) continue
      seen.add(found)
      open.push(found)
    }
  }
  return false
}

function nodesOf(graph: OutlineBlock | undefined): OutlineBlock[] {
  return graph?.children.filter(isInner) ?? []
}

function checkNoNeeds({ report }: CheckContext, block: OutlineBlock): void {
  if (block.value['needs'] === undefined) return
  const isBranch = block.role === 'branch'
  const hint = isBranch ? ' Write `graph` instead of `parallel`.' : ' Blocks of a list run one after another anyway.'
  const message = `\`needs\` is for the nodes of a \`graph\`.${hint}`
  report({ code: 'NEEDS_OUTSIDE_GRAPH', message, at: [...block.at, 'needs'], part: 'key' })
}

function checkGraph(context: CheckContext, nodes: readonly OutlineBlock[]): void {
  const ids = nodes.map(({ id }) => id)
  const known = new Set(ids)
  for (const node of nodes) {
    needsOf(node).forEach((id, index) => {
      if (known.has(id)) return
      const others = ids.filter((other) => other !== node.id)
      const message = `There is no node \`${id}\` in this graph: there are ${ids.join(', ')}.${didYouMean(id, others)}`
      context.report({ code: 'UNKNOWN_NEED', message, at: [...node.at, 'needs', index] })
    })
  }
  checkRings(context, nodes)
}

/**
 * Takes away what nothing stands in the way of, again and again: what is left waits for a ring. Each ring is told once,
 * at its first node in the order of the file.
 */
function checkRings({ report }: CheckContext, nodes: readonly OutlineBlock[]): void {
  const told = new Set<OutlineBlock>()
  const left = unstartable(nodes)
  for (const node of left.values()) {
    const ring = ringFrom(node, left)
    if (ring.some((member) => told.has(member))) continue
    for (const member of ring) told.add(member)
    const first = ring.reduce((a, b) => (a.index < b.index ? a : b))
    const turned = [...ring.slice(ring.indexOf(first)), ...ring.slice(0, ring.indexOf(first)), first]
    const way = turned.slice(1).map(({ id }) => `\`${id}\``).join(', which needs ')
    const message = `\`${first.id}\` needs ${way}: none of them could ever start. Take one of these \`needs\` away.`
    report({ code: 'CYCLE', message, at: [...first.at, 'needs'] })
  }
}

/** The nodes that wait for a ring of needs, by id. */
function unstartable(nodes: readonly OutlineBlock[]): Map<string, OutlineBlock> {
  const left = new Map(nodes.map((node) => [node.id, node]))
  const open = new Map(nodes.map((node) => [node.id, new Set(needsOf(node).filter((id) => left.has(id)))]))
  const dependents = new Map<string, string[]>()
  for (const id of left.keys()) dependents.set(id, [])
  for (const [id, needs] of open) for (const need of needs) dependents.get(need)?.push(id)
  const ready = [...open].filter(([, needs]) => needs.size === 0).map(([id]) => id)
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    left.delete(id)
    for (const dependent of dependents.get(id) ?? []) {
      const needs = open.get(dependent)
      if (needs?.delete(id) === true && needs.size === 0) ready.push(dependent)
    }
  }
  return left
}

/** Follows needs until a node comes again: what lies between is a ring. */
function ringFrom(start: OutlineBlock, left: ReadonlyMap<string, OutlineBlock>): OutlineBlock[] {
  const way: OutlineBlock[] = []
  let node: OutlineBlock | undefined = start
  while (node !== undefined && !way.includes(node)) {
    way.push(node)
    node = needsOf(node).map((id) => left.get(id)).find((found) => found !== undefined)
  }
  return node === undefined ? [] : way.slice(way.indexOf(node))
}
