import { isCode } from './classify.ts'
import { runCommand } from './command.ts'
import type { Linter } from './linters.ts'
import { linters } from './linters.ts'
import { findLocalTool } from './local-tool.ts'
import { bySeverity, clampScore, countBySeverity, densityScore } from './score.ts'
import type { CheckResult, Finding, StepContext } from './step.ts'
import { count, readInput, recordOf } from './step.ts'
import { readJson, readText } from './text.ts'
import { listTree, type Tree } from './tree.ts'

const timeoutMs = 240_000
const mostFindings = 40
const bytesPerLine = 35

/** What the repository's own linters say, with the repository's own rules. Nothing is fixed or written. */
export async function lint(input: unknown, context: StepContext): Promise<CheckResult> {
  const { path, tools } = readInput(input)
  const tree = await listTree(path, context)
  const configured = await configuredLinters(tree)
  if (configured.length === 0)
    context.skip(`no linter is configured (looked for ${linters.map(({ name }) => name).join(', ')})`)
  if (tools === 'none') context.skip('the tools of the repository were not to be used')
  const verdicts = []
  const missing: string[] = []
  for (const linter of configured) {
    const program = (await findLocalTool(tree, linter.name)) ?? (linter.onPath ? linter.name : undefined)
    const verdict = program === undefined ? undefined : await runLinter(tree, linter, program, context)
    if (verdict === undefined) missing.push(linter.name)
    else verdicts.push(verdict)
  }
  const ran = verdicts.filter((verdict) => verdict.problem === undefined)
  if (verdicts.length === 0)
    context.skip(
      `${missing.join(' and ')} is configured but not installed here (install the repository's dependencies first)`,
    )
  if (ran.length === 0)
    throw new Error(verdicts.map(({ name, problem }) => `${name} could not run: ${problem}`).join('; '))
  const findings = bySeverity(ran.flatMap((verdict) => verdict.findings))
  const { high, medium, low } = countBySeverity(findings)
  const lines =
    tree.files
      .filter((file) => isCode(file.path) && !file.generated)
      .reduce((sum, file) => sum + file.bytes, 0) / bytesPerLine
  const names = ran.map(({ name }) => name).join(' and ')
  return {
    check: 'lint',
    title: 'Lint',
    // A warning weighs a quarter of an error: it is what the authors chose not to insist on.
    score: clampScore(densityScore(high + medium + low / 4, lines)),
    summary:
      findings.length === 0
        ? `${names} found nothing`
        : `${names}: ${count(high + medium, 'error')}, ${count(low, 'warning')}`,
    findings: findings.slice(0, mostFindings),
    facts: { linters: ran.map(({ name }) => name), errors: high + medium, warnings: low, notInstalled: missing },
  }
}

interface Verdict {
  readonly name: string
  readonly findings: readonly Finding[]
  readonly problem?: string
}

/** Undefined when the program is not there. */
async function runLinter(
  tree: Tree,
  linter: Linter,
  program: string,
  context: StepContext,
): Promise<Verdict | undefined> {
  context.log(`${linter.name} in ${tree.root}`)
  const options = { cwd: tree.root, signal: context.signal, timeoutMs, maxBytes: 64_000_000 }
  const result = await runCommand([program, ...linter.args], options)
  if (!result.found) return undefined
  const { name } = linter
  if (result.code === null)
    return { name, findings: [], problem: result.timedOut ? 'it took longer than 4 minutes' : 'it printed too much' }
  try {
    const known = new Set(tree.files.map((file) => file.path))
    const found = linter.parse(result.stdout, tree.root)
    // Files that git ignores are none of this review's business, whatever the linter thinks.
    const findings = found.filter((finding) => finding.file === undefined || known.has(finding.file))
    const silent = result.code !== 0 && found.length === 0
    return silent ? { name, findings, problem: firstLine(result.stderr || result.stdout) } : { name, findings }
  } catch {
    return {
      name,
      findings: [],
      problem: firstLine(result.stderr || result.stdout) || `it ended with code ${result.code}`,
    }
  }
}

async function configuredLinters(tree: Tree): Promise<Linter[]> {
  const names = tree.files.map((file) => file.path).filter((path) => !path.includes('/'))
  const manifest = recordOf(names.includes('package.json') ? await readJson(tree.root, 'package.json') : undefined)
  const declared = { ...recordOf(manifest.devDependencies), ...recordOf(manifest.dependencies) }
  const python = names.includes('pyproject.toml') ? await readText(tree.root, { path: 'pyproject.toml', bytes: 0 }) : ''
  return linters.filter(
    ({ name, config, manifestKey }) =>
      names.some((file) => config.test(file)) ||
      manifest[manifestKey] !== undefined ||
      (name === 'oxlint' && declared.oxlint !== undefined) ||
      (python ?? '').includes(`[${manifestKey}`),
  )
}

function firstLine(text: string): string {
  return (text.split('\n').find((line) => line.trim() !== '') ?? '').trim().slice(0, 200)
}
