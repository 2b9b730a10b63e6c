import { isJsonObject } from '../../json.ts'
import { compileExpression } from '../expression-compile.ts'
import { environment, placedNames, scopeNames } from '../expression-environment.ts'
import { type OutlineBlock, outlineBlocks } from '../outline.ts'
import { type Reference, referencesOf } from '../references.ts'
import { heredocMessage, unreachableShellValues } from '../shell-template.ts'
import { agentsOf } from './agents.ts'
import { checkInputReference } from './input-reference.ts'
import { namesInScope, unknownNameMessage } from './names-in-scope.ts'
import type { ReferenceProblem } from './reference-problem.ts'
import type { CheckContext } from '../report.ts'
import { checkStageReference } from './stage-reference.ts'
import {
  expressionsOf,
  type Moment,
  type PlacedExpression,
  type PlacedTemplate,
  templatesOfAgent,
  templatesOfBlock,
} from './templates.ts'

/**
 * Can every expression be read, and is everything there that it reads, at the point where it is evaluated?
 * The templates of an agent are evaluated in each step that uses it.
 */
export function checkExpressions(context: CheckContext): void {
  const agents = isJsonObject(context.data['agents']) ? context.data['agents'] : {}
  const unused = new Set(Object.keys(agents))
  for (const block of outlineBlocks(context.stages)) {
    for (const template of templatesOfBlock(block)) checkTemplate(context, template, block)
    for (const { name } of agentsOf(block)) {
      unused.delete(name)
      for (const template of templatesOfAgent(agents[name], ['agents', name])) checkTemplate(context, template, block)
    }
  }
  for (const name of unused) {
    for (const template of templatesOfAgent(agents[name], ['agents', name])) checkTemplate(context, template, undefined)
  }
}

function checkTemplate(context: CheckContext, template: PlacedTemplate, block: OutlineBlock | undefined): void {
  const { expressions, unclosedAt } = expressionsOf(template)
  if (unclosedAt !== undefined) {
    const position = context.source.expressionPosition(template.at, expressions.length, '', 0)
    const message = 'This `${{` has no closing `}}`. To write it as text, use `$${{`.'
    context.report({ code: 'EXPRESSION_SYNTAX', message, at: template.at, position })
    return
  }
  for (const expression of expressions) checkExpression(context, expression, block)
  if (template.use !== 'shell') return
  for (const code of unreachableShellValues(template.text)) {
    context.report({ code: 'SHELL_HEREDOC', message: heredocMessage(code), at: template.at })
  }
}

function checkExpression(context: CheckContext, expression: PlacedExpression, block: OutlineBlock | undefined): void {
  const { code, at, index, use, moment } = expression
  const { ast, problem, type, originalOffset } = compileExpression(code)
  const reportAt = (problemCode: string, message: string, offset: number): void => {
    const position = context.source.expressionPosition(at, index, code, offset)
    context.report({ code: problemCode, message, at, position })
  }
  if (ast === undefined) {
    reportAt(
      'EXPRESSION_SYNTAX',
      `\`${code}\` is not an expression: ${problem?.message ?? 'it cannot be read'}.`,
      problem?.offset ?? 0,
    )
    return
  }
  const names = block === undefined ? anywhere : namesInScope(block, moment, context.stages)
  for (const reference of referencesOf(ast)) {
    const found = checkReference(context, reference, { block, moment, names })
    if (found !== undefined) reportAt(found.code, found.message, originalOffset(found.offset))
  }
  if (problem !== undefined) {
    reportAt('EXPRESSION_TYPE', `\`${code}\` cannot be evaluated: ${problem.message}.`, problem.offset)
  } else if (use === 'condition' && type !== 'bool' && type !== 'dyn') {
    const key = at.findLast((step) => typeof step === 'string') ?? 'when'
    const problemCode = key === 'when' ? 'WHEN_NOT_BOOLEAN' : 'CONDITION_NOT_BOOLEAN'
    reportAt(problemCode, `\`${key}\` must be true or false, and the type of \`${code}\` is ${type}.`, 0)
  }
}

/** Whose expression it is, when it is evaluated, and what it sees there beside the names that are everywhere. */
interface Reader {
  readonly block: OutlineBlock | undefined
  readonly moment: Moment
  readonly names: ReadonlySet<string>
}

/** For the templates of an agent that no step uses: nothing is known of what is around it. */
const anywhere: ReadonlySet<string> = new Set(placedNames)

function checkReference(context: CheckContext, reference: Reference, reader: Reader): ReferenceProblem | undefined {
  const { root, keys, offset } = reference
  const [first] = keys
  switch (root) {
    case 'input':
      return checkInputReference(context.data['input'], keys)
    case 'stages':
      return checkStageReference(context.stages, keys, reader.block, reader.moment, offset)
    case 'run':
      if (first === undefined || first.name === 'id' || first.name === 'workflow') return undefined
      return {
        code: 'UNKNOWN_NAME',
        message: `\`run.${first.name}\` does not exist: use \`run.id\` or \`run.workflow\`.`,
        offset: first.offset,
      }
    case 'env':
      return first === undefined ? undefined : checkEnvReference(context, first)
    default:
      return checkName(context, reference, reader)
  }
}

function checkName(
  { stages }: CheckContext,
  { root, keys: [first], offset }: Reference,
  { names }: Reader,
): ReferenceProblem | undefined {
  if (root === 'loop' && names.has(root) && first !== undefined && first.name !== 'iteration') {
    const message = `\`loop.${first.name}\` does not exist: use \`loop.iteration\`.`
    return { code: 'UNKNOWN_NAME', message, offset: first.offset }
  }
  const isKnown = names.has(root) || scopeNames.some((name) => name === root) || environment.hasVariable(root)
  return isKnown ? undefined : { code: 'UNKNOWN_NAME', message: unknownNameMessage(root, names, stages), offset }
}

function checkEnvReference(
  { data }: CheckContext,
  { name, offset }: { name: string; offset: number },
): ReferenceProblem | undefined {
  const listed: readonly unknown[] = Array.isArray(data['env']) ? data['env'] : []
  if (listed.includes(name)) return undefined
  return {
    code: 'ENV_NOT_LISTED',
    message: `The variable \`${name}\` is not listed: add \`env: [${name}]\` at the top of the spec.`,
    offset,
  }
}
