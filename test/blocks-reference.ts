import { reduceOutputs } from '../src/compiler/reducers.ts'
import { StepSkipped } from '../src/errors.ts'
import { type Json, toText } from '../src/json.ts'
import { fillPath } from '../src/spec/blocks.ts'
import { evaluateCondition } from '../src/spec/expression.ts'
import type { Block, BranchGroup, LoopBlock, ReviewBlock } from '../src/spec/ir.ts'
import type { Scope } from '../src/spec/outcome.ts'
import { reducerStep } from '../src/spec/reducer-step.ts'
import { resolveTemplate } from '../src/spec/template.ts'

/** How a block ends by the rules of the language, without statecharts, time or concurrency. */
export type Ended =
  | { readonly status: 'completed' | 'skipped'; readonly output: Json }
  /** `blamed`: the blocks whose failure it was. */
  | { readonly status: 'failed'; readonly blamed: readonly string[] }

/** What a step does at its nth start. */
export type Act = (path: string, turn: number, input: Json) => Json

export function interpret(stages: readonly Block[], scope: Scope, act: Act): { ended: Ended; turns: ReadonlyMap<string, number> } {
  const turns = new Map<string, number>()
  const failed = (...blamed: string[]): Ended => ({ status: 'failed', blamed })
  const resolve = (template: Json, it: Scope): Json => resolveTemplate(template, { ...it, env: {} })
  const holds = (condition: string, it: Scope): boolean | undefined => {
    try {
      return evaluateCondition(condition, { ...it, env: {} })
    } catch {
      return undefined
    }
  }

  /** A block with its `verify` and `fallback`; what else follows on a failure is for whoever holds it. */
  function block(it: Block, around: Scope): Ended {
    let ended = own(it, around)
    if (it.verify !== undefined && ended.status === 'completed') {
      const verdict = forgiven(it.verify, { ...around, prev: ended.output })
      if (verdict.status === 'failed') ended = verdict
    }
    const { onFailure } = it
    const mayFallBack = ended.status === 'failed' && typeof onFailure === 'object' && 'fallback' in onFailure
    return mayFallBack ? forgiven(onFailure.fallback, around) : ended
  }

  function forgiven(it: Block, around: Scope): Ended {
    const ended = block(it, around)
    return ended.status === 'failed' && it.onFailure === 'continue' ? { status: 'completed', output: around.prev } : ended
  }

  function own(it: Block, around: Scope): Ended {
    const path = fillPath(it.path, around.at)
    const runs = it.when === undefined ? true : holds(it.when, around)
    if (runs === undefined) return failed(path)
    if (!runs) return { status: 'skipped', output: around.prev }
    const inside = it.input === undefined ? around : { ...around, prev: resolve(it.input, around) }
    switch (it.kind) {
      case 'sequence':
        return list(it.blocks, inside)
      case 'loop':
        return loop(it, inside, path)
      case 'review':
        return review(it, inside, path)
      case 'switch': {
        const chosen = it.cases.find(({ when }) => when === undefined || holds(when, inside) === true)
        return chosen === undefined ? { status: 'skipped', output: inside.prev } : forgiven(chosen.do, inside)
      }
      case 'parallel':
      case 'graph':
      case 'map':
        return group(it, inside, path)
      default:
        return step(path, inside.prev, around.prev)
    }
  }

  function step(path: string, input: Json, passed: Json): Ended {
    const turn = (turns.get(path) ?? 0) + 1
    turns.set(path, turn)
    try {
      return { status: 'completed', output: act(path, turn, input) }
    } catch (error) {
      return error instanceof StepSkipped ? { status: 'skipped', output: passed } : failed(path)
    }
  }

  function list(blocks: readonly Block[], around: Scope): Ended {
    const came: Json[] = []
    const ends: Ended[] = []
    const returns = new Map<number, number>()
    let within = around
    for (let at = 0; at < blocks.length; ) {
      const it = blocks[at] as Block
      const { onFailure } = it
      came[at] = within.prev
      const ended = forgiven(it, within)
      const back = typeof onFailure === 'object' && 'goto' in onFailure ? onFailure : undefined
      const used = returns.get(at) ?? 0
      if (ended.status === 'failed') {
        if (back === undefined || used >= back.max) return ended
        returns.set(at, used + 1)
        at = blocks.findIndex(({ id }) => id === back.goto)
        within = { ...within, prev: came[at] ?? null, feedback: 'what failed' }
        continue
      }
      within = { ...within, prev: ended.output }
      ends[at] = ended
      at += 1
    }
    return { status: ends.some(({ status }) => status === 'completed') ? 'completed' : 'skipped', output: within.prev }
  }

  function loop(it: LoopBlock, around: Scope, path: string): Ended {
    let ended: Ended = { status: 'skipped', output: around.prev }
    for (let iteration = 1; iteration <= it.max; iteration += 1) {
      const round = forgiven(it.do, { ...around, prev: ended.output, loop: { iteration } })
      if (round.status === 'failed') return round
      ended = ended.status === 'completed' ? { status: 'completed', output: round.output } : round
      const enough = it.until === undefined ? false : holds(it.until, { ...around, prev: ended.output, loop: { iteration } })
      if (enough === undefined) return failed(path)
      if (enough) break
    }
    return ended
  }

  function review(it: ReviewBlock, around: Scope, path: string): Ended {
    let feedback = ''
    for (let iteration = 1; iteration <= it.max; iteration += 1) {
      const inside = { ...around, feedback, loop: { iteration } }
      const made = forgiven(it.work, inside)
      if (made.status === 'failed') return made
      const said = forgiven(it.reviewer, { ...inside, prev: made.output })
      if (said.status === 'failed') return said
      const approved = holds(it.approved, { ...inside, prev: said.output })
      if (approved === undefined) return failed(path)
      if (approved) return { status: 'completed', output: made.output }
      feedback = [feedback, toText(said.output)].filter((text) => text !== '').join('\n\n')
    }
    return failed(path)
  }

  function group(it: BranchGroup, around: Scope, path: string): Ended {
    let branches: { ended: Ended; body: Block }[]
    if (it.kind === 'map') {
      const items = resolve(it.over, around)
      if (!Array.isArray(items)) return failed(path)
      branches = items.map((item: Json, index) => {
        const inside = { ...around, prev: item, vars: { ...around.vars, [it.as]: item, index }, at: [...(around.at ?? []), index] }
        return { ended: block(it.do, inside), body: it.do }
      })
    } else {
      const nodes = new Map<string, { ended: Ended; body: Block; barred: boolean }>()
      for (const body of it.branches) {
        const needs = (body.needs ?? []).flatMap((id) => nodes.get(id) ?? [])
        const barred = needs.some((need) => need.barred || (need.ended.status === 'failed' && need.body.onFailure !== 'continue'))
        const outputs = needs.map(({ ended, body }) => [body.id, ended.status === 'failed' ? null : ended.output] as const)
        const [only] = outputs
        const prev = only === undefined ? around.prev : outputs.length === 1 ? only[1] : Object.fromEntries(outputs)
        nodes.set(body.id, { ended: barred ? { status: 'skipped', output: around.prev } : block(body, { ...around, prev }), body, barred })
      }
      branches = [...nodes.values()]
    }
    if (branches.length > 0 && branches.every(({ ended }) => ended.status === 'skipped')) return { status: 'skipped', output: around.prev }
    const fails = branches.flatMap(({ ended, body }) => (ended.status === 'failed' && body.onFailure !== 'continue' ? [ended.blamed] : []))
    if (fails.length > 0 && it.onBranchFailure !== 'continue') return failed(...fails.flat())
    const outputs = branches.flatMap(({ ended }) => (ended.status === 'completed' ? [ended.output] : []))
    const reducer = reducerStep(it)
    if (reducer !== undefined && outputs.length > 0) return step(fillPath(reducer.path, around.at), outputs, outputs)
    try {
      return { status: 'completed', output: reduceOutputs(typeof it.reduce === 'string' ? it.reduce : it.kind === 'map' ? 'list' : 'auto', outputs) }
    } catch {
      return failed(path)
    }
  }

  return { ended: list(stages, scope), turns }
}
