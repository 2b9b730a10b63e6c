import { isJsonObject } from '../json.ts'
import { createRedactor } from '../redact.ts'
import { checkAgentNames } from './checks/agents.ts'
import { checkArtifacts } from './checks/artifacts.ts'
import { checkExpressions } from './checks/expressions.ts'
import { checkFlow } from './checks/flow.ts'
import { checkGroups } from './checks/groups.ts'
import { checkHandoffs } from './checks/handoffs.ts'
import { checkRequests } from './checks/http.ts'
import { checkIds } from './checks/ids.ts'
import { checkTargets } from './checks/modules.ts'
import { checkNeeds } from './checks/needs.ts'
import { checkOpenAI } from './checks/openai.ts'
import { checkSecrets } from './checks/secrets.ts'
import { checkSessions } from './checks/sessions.ts'
import { type CheckContext, createReport } from './report.ts'
import { checkSchemas } from './checks/schemas.ts'
import { checkShape } from './checks/shape.ts'
import { translate } from './dialects/dialect.ts'
import type { DialectName, HookFunction, TranslationOptions } from './dialects/translation.ts'
import { type Normalised, normalise } from './normalise.ts'
import { outlineOf } from './outline.ts'
import { isError, type Problem } from './problem.ts'
import { withPromptFiles } from './prompt-files.ts'
import { rewrittenSource, type SpecSource } from './source.ts'
import { SpecError } from './spec-error.ts'
import { writtenWorkflowSchema } from './written.ts'

/** What the checks found in a spec, and the means to go on: more checks, then its one form. */
export interface Analysis {
  readonly dialect: DialectName
  /** Grows when `context.report` is called. */
  readonly problems: Problem[]
  readonly context: CheckContext
  /** Those of all workflows that the file holds. */
  readonly contexts: readonly CheckContext[]
  /** The workflow; only when no problem is an error. */
  readonly normalise: () => Normalised
}

export interface AnalyseOptions {
  /** Whether blocks keep their place in the file. */
  readonly positions: boolean
  /** Functions that specs of older forms may name. */
  readonly functions?: Readonly<Record<string, HookFunction>>
  /** Reads a text beside the spec, such as a prompt; undefined when there is none. Without it there are none. */
  readonly readText?: TranslationOptions['readText']
  /** Takes out of a text what is a secret by itself; unless told, by its shape. */
  readonly hideSecrets?: (text: string) => string
  /** Takes up what is found. */
  readonly problems?: Problem[]
}

const noEnvironment = createRedactor({})

/** Runs every check that needs nothing but the spec. */
export function analyse(data: unknown, source: SpecSource, options: AnalyseOptions): Analysis {
  const { positions, functions = {}, readText = () => undefined, hideSecrets = noEnvironment.written, problems = [] } = options
  if (!isJsonObject(data)) {
    const what = data === null || data === undefined ? 'The spec is empty' : 'A spec is an object'
    const message = `${what}: it starts with \`forkchart: 1\`, \`name\` and \`stages\`.`
    problems.push({ code: 'WRONG_TYPE', severity: 'error', message, file: source.file, path: '', ...source.position([]) })
    return unreadable(source, problems)
  }
  const reportAsWritten = createReport(source, [], problems, hideSecrets)
  const whole = withPromptFiles(data, readText, reportAsWritten)
  const { dialect, data: translated, original, findings } = translate(whole, { file: source.file, functions, readText })
  const rewritten = rewrittenSource(source, original)
  const stages = outlineOf(translated)
  const context: CheckContext = {
    data: translated,
    stages,
    source: rewritten,
    report: createReport(rewritten, stages, problems, hideSecrets),
  }
  for (const finding of findings) reportAsWritten(finding)
  // A spec that is wrong in its own terms would be called wrong again, in terms that its author did not use.
  if (!findings.some(({ severity }) => severity !== 'warning')) {
    checkShape(context)
    checkIds(context)
    checkNeeds(context)
    checkFlow(context)
    checkGroups(context)
    checkArtifacts(context)
    checkRequests(context)
  }
  // Workflows of steps that name agents have a flag of their own for this.
  if (dialect !== 'steps' && dialect !== 'stages') checkHandoffs(context)
  checkOpenAI(context)
  checkSessions(context)
  checkAgentNames(context)
  checkSecrets(context, hideSecrets)
  checkSchemas(context)
  checkTargets(context)
  checkExpressions(context)
  return {
    dialect,
    problems,
    context,
    contexts: [context],
    normalise: () => normalise(writtenWorkflowSchema.parse(translated), positions ? rewritten : undefined),
  }
}

export function isUsable({ problems }: Pick<Analysis, 'problems'>): boolean {
  return !problems.some(isError)
}

/** The analysis of what cannot even be read: there is nothing in it to check. It takes `problems` as its own. */
export function unreadable(source: SpecSource, problems: Problem[]): Analysis {
  return {
    dialect: 'forkchart',
    problems,
    context: { data: {}, stages: [], source, report: () => {} },
    contexts: [],
    normalise: () => {
      throw new SpecError(problems)
    },
  }
}
