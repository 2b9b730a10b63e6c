import { isJsonObject } from '../json.ts'
import { checkAgentNames } from './checks/agents.ts'
import { checkExpressions } from './checks/expressions.ts'
import { checkFlow } from './checks/flow.ts'
import { checkGroups } from './checks/groups.ts'
import { checkRequests } from './checks/http.ts'
import { checkIds } from './checks/ids.ts'
import { checkTargets } from './checks/modules.ts'
import { checkNeeds } from './checks/needs.ts'
import { type CheckContext, createReport } from './report.ts'
import { checkSchemas } from './checks/schemas.ts'
import { checkShape } from './checks/shape.ts'
import { translate } from './dialects/dialect.ts'
import type { DialectName, HookFunction } from './dialects/translation.ts'
import { type Normalised, normalise } from './normalise.ts'
import { outlineOf } from './outline.ts'
import { isError, type Problem } from './problem.ts'
import { rewrittenSource, type SpecSource } from './source.ts'
import { SpecError } from './spec-error.ts'
import { writtenWorkflowSchema } from './written.ts'

/** What the checks found in a spec, and the means to go on: more checks, then its one form. */
export interface Analysis {
  readonly dialect: DialectName
  /** Grows when `context.report` is called. */
  readonly problems: Problem[]
  readonly context: CheckContext
  /** The workflow; only when no problem is an error. */
  readonly normalise: () => Normalised
}

export interface AnalyseOptions {
  /** Whether blocks keep their place in the file. */
  readonly positions: boolean
  /** Functions that specs of older forms may name. */
  readonly functions?: Readonly<Record<string, HookFunction>>
}

/** Runs every check that needs nothing but the spec. */
export function analyse(data: unknown, source: SpecSource, { positions, functions = {} }: AnalyseOptions): Analysis {
  const problems: Problem[] = []
  if (!isJsonObject(data)) {
    const what = data === null || data === undefined ? 'The spec is empty' : 'A spec is an object'
    const message = `${what}: it starts with \`forkchart: 1\`, \`name\` and \`stages\`.`
    return unreadable(
      source,
      [{ code: 'WRONG_TYPE', severity: 'error', message, file: source.file, path: '', ...source.position([]) }],
    )
  }
  const { dialect, data: translated, original, findings } = translate(data, { file: source.file, functions })
  const rewritten = rewrittenSource(source, original)
  const stages = outlineOf(translated)
  const context: CheckContext = {
    data: translated,
    stages,
    source: rewritten,
    report: createReport(rewritten, stages, problems),
  }
  const reportAsWritten = createReport(source, [], problems)
  for (const finding of findings) reportAsWritten(finding)
  // A spec that is wrong in its own terms would be called wrong again, in terms that its author did not use.
  if (!findings.some(({ severity }) => severity !== 'warning')) {
    checkShape(context)
    checkIds(context)
    checkNeeds(context)
    checkFlow(context)
    checkGroups(context)
    checkRequests(context)
  }
  checkAgentNames(context)
  checkSchemas(context)
  checkTargets(context)
  checkExpressions(context)
  return {
    dialect,
    problems,
    context,
    normalise: () => normalise(writtenWorkflowSchema.parse(translated), positions ? rewritten : undefined),
  }
}

export function isUsable({ problems }: Pick<Analysis, 'problems'>): boolean {
  return !problems.some(isError)
}

/** The analysis of what cannot even be read: there is nothing in it to check. */
export function unreadable(source: SpecSource, problems: readonly Problem[]): Analysis {
  return {
    dialect: 'forkchart',
    problems: [...problems],
    context: { data: {}, stages: [], source, report: () => {} },
    normalise: () => {
      throw new SpecError(problems)
    },
  }
}
