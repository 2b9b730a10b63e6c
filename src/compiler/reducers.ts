import { TerminalError } from '../errors.ts'
import { canonicalJson, isJsonObject, type Json, type JsonObject, toText } from '../json.ts'
import type { Reducer } from '../spec/ir.ts'

/**
 * The group's output from its branches' outputs, which come in branch order, never in finish order. Deterministic.
 * Throws TerminalError REDUCE_FAILED, naming the output, when one does not fit the reducer.
 * `{ call }` reducers are steps and do not come here.
 */
export function reduceOutputs(reducer: Extract<Reducer, string>, outputs: readonly Json[]): Json {
  switch (reducer) {
    case 'auto':
      return outputs.length === 1 && outputs[0] !== undefined ? outputs[0] : outputs
    case 'list':
      return outputs
    case 'dedupe':
      return dedupe(outputs)
    case 'first':
      return outputs[0] ?? null
    case 'vote':
      return vote(outputs)
    case 'concat':
      return concat(outputs)
    case 'merge':
      return merge(outputs)
  }
}

/** The output given most often; among equals the one of the earliest branch. Texts are compared without outer white space. */
function vote(outputs: readonly Json[]): Json {
  const counts = new Map<string, { output: Json; votes: number }>()
  for (const output of outputs) {
    const key = canonicalJson(typeof output === 'string' ? output.trim() : output)
    const entry = counts.get(key)
    if (entry === undefined) counts.set(key, { output, votes: 1 })
    else entry.votes += 1
  }
  let winner: { output: Json; votes: number } = { output: null, votes: 0 }
  for (const entry of counts.values()) if (entry.votes > winner.votes) winner = entry
  return winner.output
}

/** The outputs without repeats, in the order of their first; lists are taken end to end when all are lists. */
function dedupe(outputs: readonly Json[]): Json {
  const items = outputs.length > 0 && outputs.every((output) => Array.isArray(output)) ? (outputs.flat(1) as Json[]) : outputs
  const seen = new Set<string>()
  return items.filter((item) => {
    const key = canonicalJson(typeof item === 'string' ? item.trim() : item)
    return !seen.has(key) && seen.add(key)
  })
}

/** Lists end to end when all are lists, else the texts with an empty line between. */
function concat(outputs: readonly Json[]): Json {
  if (outputs.length > 0 && outputs.every((output) => Array.isArray(output))) return outputs.flat(1) as Json
  return outputs.map(toText).join('\n\n')
}

/** Objects merged at every depth; where two branches set the same key, the later branch wins. */
function merge(outputs: readonly Json[]): Json {
  const merged: JsonObject = {}
  // What was made here may be added to: no output is changed, and none is copied again for each of those after it.
  const own = new Set<JsonObject>()
  outputs.forEach((output, index) => {
    if (!isJsonObject(output)) {
      throw new TerminalError(
        'REDUCE_FAILED',
        `\`reduce: merge\` needs an object from every branch, but output ${index + 1} is ${kindOf(output)}.`,
      )
    }
    mergeInto(merged, output, own)
  })
  return merged
}

function mergeInto(target: JsonObject, from: JsonObject, own: Set<JsonObject>): void {
  for (const [key, value] of Object.entries(from)) {
    const before = Object.hasOwn(target, key) ? target[key] : undefined
    if (!isJsonObject(before) || !isJsonObject(value)) {
      setOwn(target, key, value)
      continue
    }
    const inner = own.has(before) ? before : { ...before }
    own.add(inner)
    setOwn(target, key, inner)
    mergeInto(inner, value, own)
  }
}

/** Not by assignment: a key may be `__proto__`. */
function setOwn(target: JsonObject, key: string, value: Json | undefined): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
}

function kindOf(value: Json): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}
