import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { reportMarkdown, type Review, type Unfinished } from './report-markdown.ts'
import { bySeverity, clampScore, countBySeverity } from './score.ts'
import type { BranchResult, CheckResult, Finding, StepContext } from './step.ts'
import { count, isRecord, severities } from './step.ts'

/** What each check counts for in the overall score. A check that was skipped or failed leaves the sum. */
const weights: Readonly<Record<string, number>> = {
  typecheck: 20,
  secrets: 20,
  tests: 15,
  lint: 10,
  dependencies: 10,
  size: 10,
  hygiene: 10,
  history: 5,
}
/** With a finding of high severity a repository cannot score better than this. */
const mostWithHigh = 79
const digestFindings = 25

/**
 * Joins what the checks gave to one scored report: `report.md` for people and `findings.json` for programs, both in the
 * artifacts folder. A reducer: it takes the checks' outputs, and how every branch ended, so that a check that was
 * skipped or failed is reported with its reason and never loses the report.
 */
export async function report(input: unknown, context: StepContext) {
  const results = (Array.isArray(input) ? input : []).filter(isCheckResult)
  const unfinished = (context.branches ?? []).filter((branch) => branch.status !== 'completed').map(unfinishedOf)
  const checked = results.filter((result) => result.check !== 'overview')
  if (checked.length === 0)
    throw new Error(`no check could be done: ${unfinished.map(({ id, reason }) => `${id}: ${reason}`).join('; ')}`)
  const findings = bySeverity(checked.flatMap((result) => result.findings))
  const counts = countBySeverity(findings)
  const score = overallScore(checked, counts.high > 0)
  const overview = results.find((result) => result.check === 'overview')
  const review: Review = {
    score,
    grade: gradeOf(score),
    results: checked,
    unfinished,
    findings,
    counts,
    weights,
    ...(overview === undefined ? {} : { overview }),
  }
  const path = join(context.artifactsDir, 'report.md')
  await writeFile(path, reportMarkdown(review))
  await writeFile(
    join(context.artifactsDir, 'findings.json'),
    `${JSON.stringify({ score, checks: results, unfinished }, null, 2)}\n`,
  )
  const found = severities
    .filter((severity) => counts[severity] > 0)
    .map((severity) => `${counts[severity]} ${severity}`)
  const what = found.length === 0 ? 'nothing found' : `found ${found.join(', ')}`
  const left = unfinished.length > 0 ? `, ${unfinished.length} not done` : ''
  const summary = `score ${score ?? 'unknown'} of 100 (${review.grade}): ${what} in ${count(checked.length, 'check')}${left}`
  context.log(summary)
  return {
    score,
    grade: review.grade,
    report: path,
    summary,
    counts,
    skipped: unfinished.filter(({ status }) => status === 'skipped').map(({ id, reason }) => ({ id, reason })),
    failed: unfinished.filter(({ status }) => status !== 'skipped').map(({ id, reason }) => ({ id, reason })),
    digest: digest(review),
  }
}

/** The weighted mean of the checks that have a score; null when none has. */
export function overallScore(results: readonly CheckResult[], urgent: boolean): number | null {
  let sum = 0
  let weight = 0
  for (const { check, score } of results) {
    const share = weights[check] ?? 5
    if (score === null) continue
    sum += score * share
    weight += share
  }
  if (weight === 0) return null
  return clampScore(urgent ? Math.min(mostWithHigh, sum / weight) : sum / weight)
}

function gradeOf(score: number | null): string {
  if (score === null) return 'not scored'
  return score >= 90 ? 'excellent' : score >= 80 ? 'good' : score >= 65 ? 'fair' : score >= 45 ? 'needs work' : 'poor'
}

function unfinishedOf({ id, status, reason, error }: BranchResult): Unfinished {
  return { id, status, reason: reason ?? error?.message ?? 'no reason was given' }
}

function isCheckResult(value: unknown): value is CheckResult {
  return (
    isRecord(value) &&
    typeof value.check === 'string' &&
    Array.isArray(value.findings) &&
    typeof value.summary === 'string'
  )
}

/** The report in a few thousand characters, for an agent to read. */
function digest({ score, grade, results, unfinished, findings, overview }: Review): string {
  const line = (finding: Finding): string =>
    `- ${finding.severity}: ${placeOf(finding)}${finding.message}`
  return [
    `Repository: ${String(overview?.facts.name ?? 'unnamed')} (${overview?.summary ?? 'no overview'})`,
    `Overall score: ${score ?? 'none'} of 100 (${grade})`,
    ...results.map((result) => `${result.title}: ${result.score ?? 'not scored'}; ${result.summary}`),
    ...unfinished.map(({ id, status, reason }) => `${id}: ${status}, ${reason}`),
    'Gravest findings:',
    ...findings.slice(0, digestFindings).map(line),
  ].join('\n')
}

function placeOf({ file, line }: Finding): string {
  if (file === undefined) return ''
  return line === undefined ? `${file} ` : `${file}:${line} `
}
