import type { Json } from '../json.ts'
import { loopVariable } from './expression-source.ts'
import type { Scope } from './outcome.ts'
import { type Seen, treeAsSeen } from './stage-tree.ts'

/** What an expression sees. */
export type EvaluationScope = Scope & {
  /** The variables that the spec lists; never stored. */
  readonly env?: Readonly<Record<string, string>>
  /** Only in the `when` of a `join`: the outputs so far, in branch order. */
  readonly outputs?: readonly Json[]
}

/** The names at the top of an expression, and what they stand for. */
export type Names = Readonly<Record<string, unknown>>

/** Made for each evaluation, so it is of a class: an object literal without a prototype takes ten times as long. */
class NamesInScope {
  readonly input: Json
  readonly run: Scope['run']
  readonly stages: Scope['stages']
  readonly prev: Json
  readonly env: EvaluationScope['env']
  readonly [loopVariable]: Scope['loop']
  readonly feedback: string
  readonly outputs: EvaluationScope['outputs']

  constructor(scope: EvaluationScope, seen: Seen) {
    this.input = scope.input
    this.run = scope.run
    this.stages = treeAsSeen(scope.stages, seen)
    this.prev = scope.prev
    this.env = scope.env
    this[loopVariable] = scope.loop
    this.feedback = scope.feedback ?? ''
    this.outputs = scope.outputs
  }
}
// What every object of JavaScript has, `toString` and its like, is no name of an expression.
Object.setPrototypeOf(NamesInScope.prototype, null)
Reflect.deleteProperty(NamesInScope.prototype, 'constructor')

/**
 * What is undefined does not exist for the expression, and of `stages` only what it looks at. Outside of all rounds
 * `feedback` reads as none: ''.
 */
export function namesOf(scope: EvaluationScope, seen: Seen): Names {
  const names = new NamesInScope(scope, seen)
  return Object.assign(names, scope.vars)
}
