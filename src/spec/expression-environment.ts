import { Environment } from '@marcbachmann/cel-js'
import { registerFunctions } from './expression-functions.ts'
import { loopVariable } from './expression-source.ts'

/** The names that every expression may begin with. */
export const scopeNames = ['input', 'run', 'stages', 'prev', 'env'] as const
/** Those that there are in some places only, beside the variables of maps: `checks/names-in-scope.ts` says where. */
export const placedNames = ['index', 'loop', 'feedback', 'outputs'] as const

/**
 * The one CEL environment of all expressions: made once, since that is the expensive part. Numbers of JSON are doubles
 * and literals like `1` are ints, which plain CEL refuses to mix; here they mix freely. Names that it does not know are
 * variables of any type, since maps name their own: the checks at load are what refuses a name that is not in scope.
 */
export const environment = createEnvironment()

/** Whether a map may call its variable so: it is no word of CEL, no type or function of it, and no name of ours. */
export function isFreeName(name: string): boolean {
  const taken: readonly string[] = [...scopeNames, ...placedNames, loopVariable, 'cel']
  if (taken.includes(name) || environment.hasVariable(name)) return false
  try {
    return environment.parse(name).ast.op === 'id'
  } catch {
    return false
  }
}

function createEnvironment(): Environment {
  const made = new Environment({
    unlistedVariablesAreDyn: true,
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
