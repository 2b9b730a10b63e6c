import type { Block, GraphBlock } from '../spec/ir.ts'
import { noPlaces, type Places, valueAt, withValue } from './places.ts'

/** Who needs whom in a graph, by the places of its nodes. */
export interface GraphLinks {
  /** What each node needs, once each; -1 for what is not there. */
  readonly needs: readonly (readonly number[])[]
  /** Those that need each node. */
  readonly dependents: readonly (readonly number[])[]
  /** -1 for what is not there. */
  readonly placeOf: (id: string) => number
}

/** How far the nodes of an open graph are. Plain JSON. */
export interface GraphState {
  /** How many of those that a node needs have ended. */
  readonly met: Places<number>
  /** Nodes that may begin and have not. */
  readonly ready: Places<true>
  /** Nodes that were skipped because of what they need: those that need them are as well. */
  readonly barred: Places<true>
}

const known = new WeakMap<readonly Block[], GraphLinks>()

/** Found once for a graph: it is asked for at every end of a node. */
export function linksOf({ branches }: GraphBlock): GraphLinks {
  let links = known.get(branches)
  if (links === undefined) {
    const places = new Map(branches.map(({ id }, place) => [id, place]))
    const placeOf = (id: string): number => places.get(id) ?? -1
    const needs = branches.map((node) => [...new Set(node.needs)].map(placeOf))
    const dependents = branches.map((): number[] => [])
    needs.forEach((list, place) => {
      for (const need of list) dependents[need]?.push(place)
    })
    links = { needs, dependents, placeOf }
    known.set(branches, links)
  }
  return links
}

/** The nodes before any has begun. */
export function openNodes({ needs }: GraphLinks): GraphState {
  let ready = noPlaces<true>(needs.length)
  needs.forEach((list, place) => {
    if (list.length === 0) ready = withValue(ready, place, true)
  })
  return { met: noPlaces(needs.length), ready, barred: noPlaces(needs.length) }
}

/** The nodes after this one has ended: one that waited for nothing else may begin. */
export function nodeEnded(nodes: GraphState, { needs, dependents }: GraphLinks, place: number): GraphState {
  let { met, ready } = nodes
  for (const dependent of dependents[place] ?? []) {
    const count = (valueAt(met, dependent) ?? 0) + 1
    met = withValue(met, dependent, count)
    if (count === needs[dependent]?.length) ready = withValue(ready, dependent, true)
  }
  return { ...nodes, met, ready }
}

/** The nodes after this one was begun, or given up; `barred` when that was for what it needs. */
export function nodeBegun(nodes: GraphState, place: number, isBarred: boolean): GraphState {
  const ready = withValue(nodes.ready, place, null)
  return { ...nodes, ready, ...(isBarred ? { barred: withValue(nodes.barred, place, true as const) } : {}) }
}
