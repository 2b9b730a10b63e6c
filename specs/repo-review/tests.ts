import { isCode, isTestCode, isTestFile, languageOf } from './classify.ts'
import { clampScore } from './score.ts'
import type { CheckResult, Finding, StepContext } from './step.ts'
import { count, readInput, recordOf } from './step.ts'
import { testMarks } from './test-markers.ts'
import { runTests } from './test-run.ts'
import { lineCount, readJson, readTexts, sample } from './text.ts'
import { listTree, type Tree } from './tree.ts'

const mostFiles = 10_000
/** Lines of tests per line of code at which more tests add no points. */
const fullRatio = 0.5
/** Fewer lines than this need no tests to be trusted. */
const tinyLines = 150

/**
 * How far the code is covered by tests, by reading them; with `tests: run` the repository's own test command is run too.
 * Score: 60 for having tests, up to 40 more for their amount against the code; less for tests that are switched off,
 * at most 40 when they fail.
 */
export async function tests(input: unknown, context: StepContext): Promise<CheckResult> {
  const review = readInput(input)
  const tree = await listTree(review.path, context)
  const inventory = await readTests(tree, context.signal)
  if (inventory.codeLines + inventory.testLines === 0) context.skip('no source code to test')
  const findings: Finding[] = [...inventory.findings]
  if (inventory.testFiles === 0 && inventory.codeLines > tinyLines) {
    findings.push({
      severity: inventory.codeFiles > 10 ? 'high' : 'medium',
      message: `no tests for ${count(inventory.codeLines, 'line')} of code`,
    })
  }
  const manifest = recordOf(await readJson(tree.root, 'package.json'))
  const script = recordOf(manifest.scripts).test
  if (
    inventory.testFiles > 0 &&
    manifest.name !== undefined &&
    (typeof script !== 'string' || script.includes('no test specified'))
  ) {
    findings.push({
      severity: 'low',
      file: 'package.json',
      message: 'there are tests, but `npm test` does not run them',
    })
  }
  const run = review.tests === 'run' && review.tools !== 'none' ? await runTests(tree, context) : undefined
  if (run?.passed === false)
    findings.unshift({ severity: 'high', message: `the tests fail: \`${run.command}\` ${run.detail}` })
  const ran =
    run === undefined
      ? 'not run (--input tests=run runs them)'
      : run.passed === undefined
        ? `not run: ${run.detail}`
        : run.passed
          ? 'all pass'
          : 'failing'
  return {
    check: 'tests',
    title: 'Tests',
    score: testScore(inventory, run?.passed),
    summary:
      inventory.testFiles === 0
        ? `no test files for ${count(inventory.codeLines, 'line')} of code`
        : `${count(inventory.cases, 'test')} in ${count(inventory.testFiles, 'file')}, ${ratioText(inventory)}; ${ran}`,
    findings,
    facts: {
      testFiles: inventory.testFiles,
      tests: inventory.cases,
      skipped: inventory.skipped,
      testLines: inventory.testLines,
      codeLines: inventory.codeLines,
      run:
        run === undefined
          ? null
          : { command: run.command, passed: run.passed ?? null, seconds: run.seconds, detail: run.detail },
    },
  }
}

interface Inventory {
  readonly codeFiles: number
  readonly codeLines: number
  readonly testFiles: number
  readonly testLines: number
  readonly cases: number
  readonly skipped: number
  readonly focused: number
  readonly findings: readonly Finding[]
}

async function readTests(tree: Tree, signal: AbortSignal): Promise<Inventory> {
  const code = tree.files.filter((file) => isCode(file.path) && !file.generated)
  const sum = { codeFiles: 0, codeLines: 0, testFiles: 0, testLines: 0, cases: 0, skipped: 0, focused: 0 }
  const focused: Finding[] = []
  const skipped: Finding[] = []
  for await (const { file, text } of readTexts(tree, sample(code, mostFiles), signal)) {
    const { cases, only, skipped: off } = testMarks(file.path, text)
    // Rust keeps unit tests in the file they test.
    const holdsTests =
      isTestFile(file.path) || (isTestCode(file.path) && cases > 0) || (languageOf(file.path) === 'Rust' && cases > 0)
    if (isTestCode(file.path)) sum.testLines += lineCount(text)
    else {
      sum.codeFiles += 1
      sum.codeLines += lineCount(text)
    }
    if (!holdsTests) continue
    sum.testFiles += 1
    sum.cases += cases
    sum.skipped += off.length
    sum.focused += only.length
    for (const line of only)
      focused.push({
        severity: 'high',
        file: file.path,
        line,
        message: 'only this test runs: every other test of the file is silently left out',
      })
    const [line] = off
    if (line !== undefined)
      skipped.push({
        severity: 'low',
        file: file.path,
        line,
        message: `${count(off.length, 'test')} switched off or only planned`,
      })
  }
  const shown = skipped.slice(0, 8)
  const rest: Finding[] =
    skipped.length > 8
      ? [{ severity: 'info', message: `${skipped.length - 8} more files have tests that are switched off` }]
      : []
  return { ...sum, findings: [...focused, ...shown, ...rest] }
}

function testScore(inventory: Inventory, passed: boolean | undefined): number | null {
  const { testFiles, testLines, codeLines, cases, skipped, focused } = inventory
  if (testFiles === 0) return codeLines <= tinyLines ? null : 0
  const amount = Math.min(1, testLines / Math.max(1, codeLines) / fullRatio)
  const off = cases === 0 ? 0 : Math.min(20, (100 * skipped) / cases)
  const score = 60 + 40 * amount - off - Math.min(40, 20 * focused)
  return clampScore(passed === false ? Math.min(40, score) : score)
}

function ratioText({ testLines, codeLines }: Inventory): string {
  if (testLines === 0) return 'inside the files they test'
  return `${(testLines / Math.max(1, codeLines)).toFixed(2)} lines of tests per line of code`
}
