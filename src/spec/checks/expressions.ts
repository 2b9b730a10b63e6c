import { isJsonObject } from '../../json.ts'
import { compileExpression } from '../expression-compile.ts'
import { environment, scopeNames } from '../expression-environment.ts'
import { didYouMean } from '../nearest.ts'
import { type OutlineBlock, outlineBlocks } from '../outline.ts'
import { type Reference, referencesOf } from '../references.ts'
import { heredocMessage, unreachableShellValues } from '../shell-template.ts'
import { checkInputReference } from './input-reference.ts'
import type { ReferenceProblem } from './reference-problem.ts'
import type { CheckContext } from '../report.ts'
import { checkStageReference } from './stage-reference.ts'
import {
  expressionsOf,
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
    const name = block.value['agent']
    if (typeof name !== 'string') continue
    unused.delete(name)
    for (const template of templatesOfAgent(agents[name], ['agents', name])) checkTemplate(context, template, block)
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
  const { code, at, index, use } = expression
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
  let unknown = false
  for (const reference of referencesOf(ast)) {
    if (!environment.hasVariable(reference.root)) unknown = true
    const found = checkReference(context, reference, block)
    if (found !== undefined) reportAt(found.code, found.message, originalOffset(found.offset))
  }
  if (problem !== undefined) {
    if (!unknown) reportAt('EXPRESSION_TYPE', `\`${code}\` cannot be evaluated: ${problem.message}.`, problem.offset)
  } else if (use === 'condition' && type !== 'bool' && type !== 'dyn') {
    reportAt('WHEN_NOT_BOOLEAN', `\`when\` must be true or false, and the type of \`${code}\` is ${type}.`, 0)
  }
}

function checkReference(
  context: CheckContext,
  reference: Reference,
  block: OutlineBlock | undefined,
): ReferenceProblem | undefined {
  const { root, keys, offset } = reference
  const [first] = keys
  switch (root) {
    case 'input':
      return checkInputReference(context.data['input'], keys)
    case 'stages':
      return checkStageReference(context.stages, keys, block, offset)
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
      return environment.hasVariable(root) ? undefined : unknownName(context, reference)
  }
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

function unknownName({ stages }: CheckContext, { root, offset }: Reference): ReferenceProblem {
  const isStage = [...outlineBlocks(stages)].find(({ id }) => id === root)
  const hint = isStage === undefined ? didYouMean(root, scopeNames) : ` Did you mean \`stages.${isStage.path}.output\`?`
  return {
    code: 'UNKNOWN_NAME',
    message: `The name \`${root}\` does not exist: there are ${scopeNames.join(', ')}.${hint}`,
    offset,
  }
}
