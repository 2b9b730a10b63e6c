import { z } from 'zod'
import { isJsonObject, type Json, type JsonObject } from '../json.ts'
import { type Analysis, analyse, type AnalyseOptions, unreadable } from './analyse.ts'
import { asOurs } from './dialects/own-keys.ts'
import { didYouMean } from './nearest.ts'
import type { Problem } from './problem.ts'
import { createReport, type Finding } from './report.ts'
import { rewrittenSource, type SourcePath, type SpecSource } from './source.ts'
import { reportIssues } from './zod-issues.ts'

/**
 * A file that holds several workflows, as a list or under `workflows`: all of them are checked, one of them is meant.
 * `agents` and `functions` beside `workflows` are for all that have none of their own.
 */

interface Member {
  readonly value: JsonObject
  readonly at: SourcePath
  readonly key: string | undefined
}

const listSchema = z.strictObject({
  $schema: asOurs,
  workflows: z.array(z.unknown()).min(1),
  agents: asOurs,
  functions: asOurs,
})

export interface FileOptions extends Omit<AnalyseOptions, 'problems'> {
  /** The key of the workflow that is meant, where the file holds several. */
  readonly key?: string | undefined
}

/** Checks all that a file holds. What comes back is the workflow that is meant: the one of `key`, else the default. */
export function analyseFile(data: unknown, source: SpecSource, options: FileOptions): Analysis {
  if (isJsonObject(data) && isHolder(data)) return analyseList(data['workflows'], data, source, options)
  if (isList(data)) return analyseList(data, undefined, source, options)
  const { key, ...others } = options
  const problems: Problem[] = []
  const name = isJsonObject(data) ? keyOf(data) : undefined
  const analysis = analyse(data, source, { ...others, problems })
  if (key !== undefined && name !== undefined && key !== name) {
    createReport(source, [], problems)(unknownWorkflow(key, [name], []))
  }
  return analysis
}

/** `holder` is what the list stands in, under `workflows`. */
function analyseList(list: unknown, holder: JsonObject | undefined, source: SpecSource, { key, ...options }: FileOptions): Analysis {
  const problems: Problem[] = []
  const report = createReport(source, [], problems)
  const base = holder === undefined ? [] : ['workflows']
  if (holder !== undefined) reportIssues({ report }, listSchema, holder, [], { laterIn: () => new Set<string>() })
  const members = (Array.isArray(list) ? list : []).flatMap((value: Json, index): Member[] => {
    const at = [...base, index]
    if (isJsonObject(value)) return [{ value, at, key: keyOf(value) }]
    report({ code: 'WRONG_TYPE', message: 'Expected a workflow: an object with `key` and `stages`.', at })
    return []
  })
  checkMembers(members, report)
  const { agents, functions } = holder ?? {}
  const common = { ...(agents !== undefined && { agents }), ...(functions !== undefined && { functions }) }
  const analyses = members.map(({ value, at }) => {
    const original = (path: SourcePath): SourcePath => {
      const first = String(path[0])
      return Object.hasOwn(common, first) && value[first] === undefined ? path : [...at, ...path]
    }
    return analyse({ ...common, ...value }, rewrittenSource(source, original), { ...options, problems })
  })
  forgiveUnused(problems, agents, source, members.filter(({ value }) => value['agents'] === undefined).length)
  const meant = chosen(members, key, base, report)
  const analysis = meant === undefined ? undefined : analyses[members.indexOf(meant)]
  if (analysis === undefined) return unreadable(source, problems)
  return { ...analysis, contexts: analyses.flatMap(({ contexts }) => contexts) }
}

function isHolder({ workflows, stages, steps, key }: JsonObject): boolean {
  return workflows !== undefined && [stages, steps, key].every((other) => other === undefined)
}

function isList(data: unknown): boolean {
  return Array.isArray(data) && data.some((item: unknown) => isJsonObject(item) && item['key'] !== undefined)
}

function keyOf({ key, name }: JsonObject): string | undefined {
  const found = key ?? name
  return typeof found === 'string' ? found : undefined
}

type Report = (finding: Finding) => void

/** What is wrong with a list as a list. */
function checkMembers(members: readonly Member[], report: Report): void {
  members.forEach(({ key, at, value }, index) => {
    const earlier = members.slice(0, index)
    const first = earlier.findIndex((one) => one.key !== undefined && one.key === key)
    if (first >= 0) {
      const message = `The key \`${key}\` is taken by the workflow before it in this file (number ${first + 1}): give each its own.`
      report({ code: 'DUPLICATE_WORKFLOW', message, at: [...at, value['key'] === undefined ? 'name' : 'key'] })
    }
    const other = earlier.find((one) => one.value['default'] === true)
    if (value['default'] !== true || other === undefined) return
    const message = `\`${other.key ?? 'an earlier workflow'}\` is the default already: write \`default: true\` in one workflow only.`
    report({ code: 'MANY_DEFAULTS', message, at: [...at, 'default'] })
  })
}

/** The workflow that is meant; reports when none is, or no such one is there. */
function chosen(members: readonly Member[], key: string | undefined, base: SourcePath, report: Report): Member | undefined {
  const keys = members.flatMap((one) => one.key ?? [])
  if (key !== undefined) {
    const named = members.find((one) => one.key === key)
    if (named === undefined) report(unknownWorkflow(key, keys, base))
    return named
  }
  const [only, second] = members
  if (second === undefined) return only
  const meant = members.find(({ value }) => value['default'] === true)
  if (meant === undefined) {
    const message =
      `This file holds ${members.length} workflows and none is the default: name one as \`<file>#${keys[0] ?? 'key'}\` ` +
      `(there are ${keys.join(', ')}), or write \`default: true\` in one.`
    report({ code: 'WORKFLOW_NOT_CHOSEN', message, at: base })
  }
  return meant
}

function unknownWorkflow(key: string, keys: readonly string[], at: SourcePath): Finding {
  const known = `there ${keys.length === 1 ? 'is' : 'are'} ${keys.join(', ')}`
  const message = `There is no workflow \`${key}\` in this file: ${known}.${didYouMean(key, keys)}`
  return { code: 'UNKNOWN_WORKFLOW', message, at }
}

/** An agent that is shared is unused only when none of those that share it uses it. */
function forgiveUnused(problems: Problem[], agents: unknown, source: SpecSource, sharing: number): void {
  for (const name of isJsonObject(agents) ? Object.keys(agents) : []) {
    const { line, column } = source.position(['agents', name], 'key')
    const isSame = (one: Problem): boolean =>
      one.code === 'UNUSED_AGENT' && one.path === `agents.${name}` && one.line === line && one.column === column
    if (problems.filter(isSame).length >= sharing) continue
    problems.splice(0, problems.length, ...problems.filter((one) => !isSame(one)))
  }
}
