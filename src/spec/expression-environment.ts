import { Environment } from '@marcbachmann/cel-js'
import { registerFunctions } from './expression-functions.ts'

/** The names an expression may begin with. */
export const scopeNames = ['input', 'run', 'stages', 'prev', 'env'] as const

/**
 * The one CEL environment of all expressions: made once, since that is the expensive part. Numbers of JSON are doubles
 * and literals like `1` are ints, which plain CEL refuses to mix; here they mix freely.
 */
export const environment = createEnvironment()

function createEnvironment(): Environment {
  const made = new Environment({
    unlistedVariablesAreDyn: false,
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
  })
  const arithmetic: Record<string, (left: number, right: number) => number> = {
    '+': (left, right) => left + right,
    '-': (left, right) => left - right,
    '*': (left, right) => left * right,
    '/': (left, right) => left / right,
    '%': (left, right) => left % right,
  }
  for (const [operator, apply] of Object.entries(arithmetic)) {
    const mixed = (left: bigint | number, right: bigint | number): number => apply(Number(left), Number(right))
    made.registerOperator(`int ${operator} double: double`, mixed)
    made.registerOperator(`double ${operator} int: double`, mixed)
  }
  made.registerOperator('double % double: double', (left: number, right: number) => left % right)
  made.registerOperator('int == double: bool', (left: bigint, right: number) => Number(left) === right)
  for (const name of scopeNames) made.registerVariable(name, 'dyn')
  registerFunctions(made)
  return made
}
