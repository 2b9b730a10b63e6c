import { advice, title } from './check-names.ts'
import { bar, code, escape, sentence } from './markdown.ts'
import type { CheckResult, Fact, Finding, Severity } from './step.ts'
import { count, isRecord, severities } from './step.ts'

/** A check that gave no result, and why. */
export interface Unfinished {
  readonly id: string
  readonly status: string
  readonly reason: string
}

export interface Review {
  readonly score: number | null
  readonly grade: string
  readonly overview?: CheckResult
  readonly results: readonly CheckResult[]
  readonly unfinished: readonly Unfinished[]
  /** Of all checks, the gravest first. */
  readonly findings: readonly Finding[]
  readonly counts: Readonly<Record<Severity, number>>
  readonly weights: Readonly<Record<string, number>>
}

/** Where the summary of an agent goes, if there is one: between these two lines. */
export const summaryStart = '<!-- summary -->'
export const summaryEnd = '<!-- /summary -->'

const mostUrgent = 12
/** So that one noisy check does not hide the others. */
const mostUrgentPerCheck = 4
const mostPerCheck = 15

/** The whole report. Text from the repository is escaped: it cannot add links, pictures or markup. */
export function reportMarkdown(review: Review): string {
  const { overview } = review
  const sections = [
    `# Review of ${escape(String(overview?.facts.name ?? 'this folder'))}`,
    `**${review.score ?? '–'} / 100, ${review.grade}.** ${headline(review)}`,
    `${summaryStart}\n${summaryEnd}`,
    overview === undefined ? undefined : about(overview),
    checksTable(review),
    urgent(review),
    nextSteps(review),
    '## Details',
    ...review.results.map(details),
    notChecked(review),
    method(review),
  ]
  return `${sections.filter((section) => section !== undefined && section !== '').join('\n\n')}\n`
}

/** The gravity of it in one sentence. */
export function headline({ counts, results, unfinished }: Pick<Review, 'counts' | 'results' | 'unfinished'>): string {
  const found = severities
    .slice(0, 3)
    .filter((severity) => counts[severity] > 0)
    .map((severity) => `${counts[severity]} of ${severity} severity`)
  const findings = found.length === 0 ? 'Nothing to act on was found' : `Found: ${found.join(', ')}`
  const left = unfinished.length === 0 ? '' : `; ${count(unfinished.length, 'check')} could not be done`
  return `${findings}, by ${count(results.length, 'check')}${left}.`
}

function about({ facts, summary }: CheckResult): string {
  const description = typeof facts.description === 'string' && facts.description !== '' ? `${escape(facts.description)}\n\n` : ''
  const languages = Array.isArray(facts.languages) ? facts.languages.filter(isRecord).slice(0, 6) : []
  const shares = languages
    .map((entry) => `${escape(String(entry.language))} ${count(Number(entry.lines), 'line')}`)
    .join(', ')
  const cut = facts.filesTruncated === true ? ' Only the first 50,000 files were looked at.' : ''
  return `${description}\`${code(facts.path)}\`, ${revision(facts)}. ${escape(summary)}${shares === '' ? '' : ` (${shares})`}.${cut}`
}

function revision(facts: CheckResult['facts']): string {
  if (facts.commit === null) return facts.branch === null ? 'not a git repository' : 'without a commit yet'
  const branch = facts.branch === null ? '' : ` on \`${code(facts.branch)}\``
  const open = Number(facts.uncommitted) > 0 ? `, ${count(Number(facts.uncommitted), 'path')} not committed` : ''
  return `commit \`${code(facts.commit)}\`${branch}${open}`
}

function checksTable({ results, unfinished }: Review): string {
  const rows = [
    ...results.map(
      (result) =>
        `| ${result.title} | ${bar(result.score)} | ${escape(result.summary)} |`,
    ),
    ...unfinished.map(({ id, status, reason }) => `| ${escape(title(id))} | ${status} | ${escape(reason)} |`),
  ]
  return ['| Check | Score | Result |', '|---|---|---|', ...rows].join('\n')
}

function urgent({ results, counts }: Review): string {
  const grave = severities
    .slice(0, 2)
    .flatMap((severity) =>
      results.flatMap((result) =>
        result.findings
          .filter((finding) => finding.severity === severity)
          .map((finding) => ({ finding, title: result.title })),
      ),
    )
  if (grave.length === 0) return ''
  const perCheck = new Map<string, number>()
  const chosen = grave.filter(({ title }) => {
    const taken = (perCheck.get(title) ?? 0) + 1
    perCheck.set(title, taken)
    return taken <= mostUrgentPerCheck
  })
  const shown = chosen.slice(0, mostUrgent)
  const lines = shown
    .map(({ finding, title }, index) => `${index + 1}. ${sentence(finding)} *${title}*`)
  const left = grave.length - shown.length
  const more = left > 0 ? ['', `${count(left, 'more', 'more')} under Details.`] : []
  return [`## Look at this first (${counts.high} high, ${counts.medium} medium)`, '', ...lines, ...more].join('\n')
}

function nextSteps({ results }: Review): string {
  const weak = results
    .filter((result) => result.score !== null && result.score < 80)
    .sort((a, b) => (a.score ?? 0) - (b.score ?? 0))
  const lines = weak.flatMap(({ check, title }) =>
    advice[check] === undefined ? [] : [`- **${title}**: ${advice[check]}`],
  )
  return lines.length === 0 ? '' : ['## Next steps', '', ...lines].join('\n')
}

function details(result: CheckResult): string {
  const shown = severities
    .flatMap((severity) => result.findings.filter((finding) => finding.severity === severity))
    .slice(0, mostPerCheck)
  const left = result.findings.length - shown.length
  return [
    `### ${result.title}: ${result.score ?? 'not scored'}`,
    '',
    `${escape(result.summary)}.`,
    ...(shown.length > 0 ? ['', ...shown.map((finding) => `- ${sentence(finding)}`)] : []),
    ...(left > 0 ? [`- … and ${left} more in \`findings.json\``] : []),
    ...factTable(result),
  ].join('\n')
}

/** The one table of facts that is worth a look in the checks that have one. */
function factTable({ check, facts }: CheckResult): string[] {
  const columns: Record<string, readonly [fact: string, columns: readonly string[]]> = {
    history: ['hotSpots', ['file', 'commits', 'lines', 'changed', 'authors']],
    size: ['longest', ['file', 'lines']],
  }
  const [fact = '', names = []] = columns[check] ?? []
  const rows: readonly Fact[] = Array.isArray(facts[fact]) ? facts[fact].slice(0, 8) : []
  if (rows.length === 0) return []
  const cell = (row: Fact, name: string): string =>
    isRecord(row) ? (name === 'file' ? `\`${code(row[name])}\`` : escape(String(row[name]))) : ''
  return [
    '',
    `| ${names.join(' | ')} |`,
    `|${names.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${names.map((name) => cell(row, name)).join(' | ')} |`),
  ]
}

function notChecked({ results, unfinished }: Review): string {
  const types = results.find((result) => result.check === 'typecheck')?.facts
  const note = types?.typeCheckNote
  const languages = Array.isArray(types?.notChecked) ? types.notChecked.filter(isRecord) : []
  const lines = [
    ...unfinished.map(({ id, status, reason }) => `- ${escape(title(id))} ${status}: ${escape(reason)}`),
    ...(typeof note === 'string' && note !== 'no TypeScript' ? [`- Types: ${escape(note)}`] : []),
    ...(languages.length > 0
      ? [
          `- Syntax of ${languages.map((entry) => `${escape(String(entry.language))} (${String(entry.files)})`).join(', ')}: no parser here`,
        ]
      : []),
    ...sampled(results),
    ...(results.some((result) => result.check === 'tests' && result.facts.run === null)
      ? ['- The tests were read, not run: `--input tests=run` runs them']
      : []),
    ...(results.some((result) => result.check === 'dependencies')
      ? ['- Known vulnerabilities: looking them up needs the network']
      : []),
  ]
  return lines.length === 0 ? '' : ['## Not checked', '', ...lines].join('\n')
}

/** Where a repository was too large to be read whole. */
function sampled(results: readonly CheckResult[]): string[] {
  const { files, filesCompared } = results.find((result) => result.check === 'size')?.facts ?? {}
  if (typeof files !== 'number' || typeof filesCompared !== 'number' || filesCompared >= files) return []
  return [`- Copies were looked for in ${filesCompared} of ${count(files, 'file')}`]
}

function method({ weights }: Review): string {
  const shares = Object.entries(weights)
    .map(([check, weight]) => `${check} ${weight}`)
    .join(', ')
  return [
    '## How the score is made',
    '',
    `Each check gives 0 to 100; the whole is their mean, weighted: ${shares}. What was skipped leaves the sum.`,
    'A finding of high severity keeps the whole under 80. Findings of severity info cost nothing.',
  ].join('\n')
}
