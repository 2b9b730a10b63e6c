import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { finish } from '../specs/repo-review/finish.ts'
import { parseIgnore } from '../specs/repo-review/ignore.ts'
import { locate } from '../specs/repo-review/locate.ts'
import { overallScore, report } from '../specs/repo-review/report.ts'
import { densityScore, scoreOf } from '../specs/repo-review/score.ts'
import type { BranchResult, CheckResult } from '../specs/repo-review/step.ts'
import { listTree } from '../specs/repo-review/tree.ts'
import { addFiles, contextFor, folderOf, repositoryOf } from './specs-repo-review-folder.ts'

const result = (check: string, score: number | null, findings: CheckResult['findings'] = []): CheckResult => ({
  check, title: `Check of ${check}`, score, summary: `the ${check}`, findings, facts: {},
})
const completed = (output: CheckResult): BranchResult => ({ id: output.check, status: 'completed', output, error: null, reason: null })
const branches: BranchResult[] = [
  completed(result('secrets', 40, [{ severity: 'high', file: 'a|b.ts', line: 3, message: 'a <script> [link](x) | pipe' }])),
  completed(result('size', 90, [{ severity: 'info', message: 'fine' }])),
  { id: 'lint', status: 'skipped', output: { path: '/x' }, error: null, reason: 'no linter is configured' },
  { id: 'tests', status: 'failed', output: null, error: { message: 'it broke' }, reason: null },
]
const outputs = branches.filter(({ status }) => status === 'completed').map(({ output }) => output)
const reportIn = (dir: string, ends = branches, given = outputs) => report(given, { ...contextFor(dir), branches: ends })

test('the report holds every finding, what was skipped and what failed, with reasons', async () => {
  const dir = folderOf({})
  const made = await reportIn(dir)
  expect(made).toMatchObject({
    score: 57,
    grade: 'needs work',
    counts: { high: 1, medium: 0, low: 0, info: 1 },
    skipped: [{ id: 'lint', reason: 'no linter is configured' }],
    failed: [{ id: 'tests', reason: 'it broke' }],
    report: join(dir, 'report.md'),
  })
  const text = readFileSync(made.report, 'utf8')
  expect(text).toContain('**57 / 100, needs work.** Found: 1 of high severity, by 2 checks; 2 checks could not be done.')
  expect(text).toContain('| Lint | skipped | no linter is configured |')
  expect(text).toContain('| Tests | failed | it broke |')
  expect(text).toContain('1. **high** `a\\|b.ts:3` a &lt;script> \\[link\\](x) \\| pipe *Check of secrets*')
  expect(JSON.parse(readFileSync(join(dir, 'findings.json'), 'utf8'))).toMatchObject({ score: 57, checks: [{ check: 'secrets' }, { check: 'size' }] })
})

test('when no check could be done the report fails and says why', async () => {
  const ends = [{ id: 'lint', status: 'failed', output: null, error: { message: 'broken' }, reason: null }]
  await expect(reportIn(folderOf({}), ends, [])).rejects.toThrow('no check could be done: lint: broken')
})

test('the agent’s summary goes to the top of the report, once', async () => {
  const dir = folderOf({})
  const review = await reportIn(dir)
  const once = await finish({ review, summary: 'All is well.', minimum: 0 }, contextFor(dir))
  const text = readFileSync(review.report, 'utf8')
  await finish({ review, summary: 'All is well.', minimum: 0 }, contextFor(dir))
  expect(readFileSync(review.report, 'utf8')).toBe(text)
  expect(text.indexOf('All is well.')).toBeLessThan(text.indexOf('| Check | Score'))
  expect(once).toMatchObject({ score: 57, summary: 'All is well.', report: review.report })
})

test('a score under the minimum fails the run, with the report in place', async () => {
  const dir = folderOf({})
  const review = await reportIn(dir)
  await expect(finish({ review, summary: null, minimum: 80 }, contextFor(dir))).rejects.toThrow(/under the minimum of 80.*report\.md/)
  expect(await finish({ review, summary: null, minimum: 57 }, contextFor(dir))).toMatchObject({ summary: null })
})

test('scores', () => {
  expect(overallScore([result('secrets', 100), result('history', 0)], false)).toBe(80)
  expect(overallScore([result('secrets', 100)], true)).toBe(79)
  expect(overallScore([result('overview', null)], false)).toBeNull()
  expect(densityScore(0, 100)).toBe(100)
  expect(densityScore(10, 10_000)).toBe(70)
  expect(densityScore(1_000, 10_000)).toBe(10)
  expect(scoreOf([])).toBe(100)
})

test('a folder that is not there, is a file or is empty is refused by name', async () => {
  await expect(locate({ path: '/nowhere/at/all' }, contextFor())).rejects.toThrow('there is no folder /nowhere/at/all')
  const path = folderOf({ 'a.txt': 'a' })
  await expect(locate({ path: join(path, 'a.txt') }, contextFor())).rejects.toThrow('is not a folder')
  await expect(locate({ path: folderOf({}) }, contextFor())).rejects.toThrow('holds no files')
  await expect(locate({ path: 3 }, contextFor())).rejects.toThrow('path must be a text')
})

test('outside git the files are listed as .gitignore says', async () => {
  const root = folderOf({
    '.gitignore': '*.log\n/build\nsecret/\n!keep.log\ndeep/**/x.txt\n',
    'a.ts': '', 'a.log': '', 'keep.log': '', 'build/a': '', 'sub/build/a': '', 'secret/a': '', 'deep/er/x.txt': '', 'node_modules/a/index.js': '',
    'sub/.gitignore': 'own\n', 'sub/own': '', 'own': '',
  })
  const tree = await listTree(root, contextFor())
  expect(tree.files.map(({ path }) => path)).toEqual(['.gitignore', 'a.ts', 'keep.log', 'own', 'sub/.gitignore', 'sub/build/a'])
  expect(tree.git).toEqual({ missing: 'not a git repository' })
})

test('in git the tracked and the new files are listed, the ignored ones are not', async () => {
  const root = repositoryOf({ '.gitignore': 'ignored\n', 'sub/a b.ts': '', 'ü.ts': '' })
  const files = { 'sub/new.ts': '', ignored: '', '.forkchart/run.json': '' }
  addFiles(root, files)
  const tree = await listTree(root, contextFor())
  expect(tree.files.map(({ path, tracked }) => [path, tracked])).toEqual([['.gitignore', true], ['sub/a b.ts', true], ['sub/new.ts', false], ['ü.ts', true]])
})

test.each([
  ['*.js', 'a/b.js', false, true],
  ['/a.js', 'b/a.js', false, undefined],
  ['doc/', 'doc', false, undefined],
  ['doc/', 'x/doc', true, true],
  ['a/*/c', 'a/b/c', false, true],
  ['a/*/c', 'a/b/d/c', false, undefined],
  ['**/foo', 'x/y/foo', false, true],
  ['file[0-9].txt', 'file7.txt', false, true],
  ['# comment', '# comment', false, undefined],
])('.gitignore %s on %s', (pattern, path, isFolder, verdict) => {
  expect(parseIgnore(pattern).decide(path, isFolder)).toBe(verdict)
})
