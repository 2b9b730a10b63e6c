import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hygiene } from '../specs/repo-review/hygiene.ts'
import { history } from '../specs/repo-review/history.ts'
import { overview } from '../specs/repo-review/overview.ts'
import { DuplicateFinder } from '../specs/repo-review/duplication.ts'
import { size } from '../specs/repo-review/size.ts'
import { tests } from '../specs/repo-review/tests.ts'
import { addFiles, commit, contextFor, folderOf, foundBy, repositoryOf } from './specs-repo-review-folder.ts'

const lines = (amount: number, name = 'value') => Array.from({ length: amount }, (_, index) => `export const ${name}${index} = compute(${index}, '${name}')\n`).join('')

test('a copied block is found at both places, whatever its indentation', async () => {
  const block = lines(20)
  const result = await size({ path: folderOf({ 'src/a.ts': `${lines(5, 'a')}${block}`, 'src/b.ts': `${lines(3, 'b')}${block.replace(/^/gm, '    ')}${lines(3, 'c')}` }) }, contextFor())
  expect(foundBy(result)).toEqual(['low src/b.ts:4 20 lines of code are the same as in src/a.ts:6'])
})

test('a copy inside one file is found, and does not overlap what it is copied from', async () => {
  const block = lines(20)
  const result = await size({ path: folderOf({ 'a.ts': `${block}${lines(3, 'between')}${block}` }) }, contextFor())
  expect(foundBy(result)).toEqual(['low a.ts:24 20 lines of code are the same as in a.ts:1'])
  const table = await size({ path: folderOf({ 'a.ts': lines(20).repeat(3) }) }, contextFor())
  expect(foundBy(table)).toEqual(['low a.ts:21 40 lines of code are the same as in a.ts:1 (2 blocks)'])
})

test('imports, brackets, tests and generated files are no copies', async () => {
  const imports = Array.from({ length: 20 }, (_, index) => `import { a${index} } from './module-number-${index}.ts'\n`).join('')
  const brackets = '    })\n  }\n}\n\n'.repeat(20)
  const path = folderOf({ 'a.ts': imports + brackets, 'b.ts': imports + brackets, 'test/a.ts': lines(30), 'test/b.ts': lines(30), 'dist/a.js': lines(30), 'src/c.ts': lines(30) })
  const result = await size({ path }, contextFor())
  expect(foundBy(result)).toEqual([])
  expect(result.score).toBe(100)
})

test('lines that are all different are never copies', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ minLength: 30, maxLength: 60, unit: fc.constantFrom(...'abcdefgh1234') }), { maxLength: 60 }), fc.nat(60), (all, cut) => {
      const finder = new DuplicateFinder()
      finder.add('a', all.slice(0, cut).join('\n'))
      finder.add('b', all.slice(cut).join('\n'))
      expect(finder.duplicates).toEqual([])
    }),
  )
})

test('long files are named, the longest first', async () => {
  const result = await size({ path: folderOf({ 'a.ts': lines(600, 'a'), 'b.ts': lines(1_600, 'b'), 'c.ts': 'c\n' }) }, contextFor())
  expect(foundBy(result)).toEqual(['medium b.ts 1,600 lines in one file', 'low a.ts 600 lines in one file'])
  expect(result.score).toBeLessThan(65)
})

test('tests are counted; focused and switched-off ones are found at their line', async () => {
  const result = await tests(
    {
      path: folderOf({
        'src/a.ts': lines(100),
        'test/a.test.ts': "test('a', () => {})\ntest.each([1])('b %s', () => {})\n  it.only('c', () => {})\ntest.skip('d', () => {})\n",
        'test/tool.test.ts': 'const sample = `\ntest.only("in a text")\n`\ntest("x", () => {})\n',
        'test/test_b.py': '@pytest.mark.skip\ndef test_a():\n  pass\n',
      }),
    },
    contextFor(),
  )
  expect(result.facts).toMatchObject({ testFiles: 3, tests: 6, skipped: 2 })
  expect(foundBy(result)).toEqual([
    'high test/a.test.ts:3 only this test runs: every other test of the file is silently left out',
    'low test/a.test.ts:4 1 test switched off or only planned',
    'low test/test_b.py:1 1 test switched off or only planned',
  ])
})

test('code without tests scores nothing, a folder without code is skipped', async () => {
  const untested = await tests({ path: folderOf({ 'a.py': 'x = 1\n'.repeat(300) }) }, contextFor())
  expect(untested.score).toBe(0)
  expect(foundBy(untested)).toEqual(['medium no tests for 300 lines of code'])
  await expect(tests({ path: folderOf({ 'README.md': 'a' }) }, contextFor())).rejects.toThrow('no source code')
})

test('the tests are run only when asked, without secrets in their environment, and never from inside a review', async () => {
  const path = folderOf({
    'package.json': JSON.stringify({ name: 'x', scripts: { test: 'node check.cjs' } }),
    'check.cjs': "process.exit(process.env.MY_API_KEY || !process.env.FORKCHART_REPO_REVIEW ? 1 : 0)\n",
    'a.test.js': "test('a', () => {})\n",
  })
  process.env.MY_API_KEY = 'x'
  const inspected = await tests({ path }, contextFor())
  expect(inspected.facts.run).toBeNull()
  const run = await tests({ path, tests: 'run' }, contextFor())
  expect(run.facts.run).toMatchObject({ command: 'npm test', passed: true })
  addFiles(path, { 'check.cjs': 'process.exit(1)\n' })
  const failing = await tests({ path, tests: 'run' }, contextFor())
  expect(foundBy(failing)[0]).toMatch(/^high the tests fail: `npm test` ended with code 1/)
  expect(failing.score).toBeLessThanOrEqual(40)
  process.env.FORKCHART_REPO_REVIEW = '1'
  const nested = await tests({ path, tests: 'run' }, contextFor())
  delete process.env.FORKCHART_REPO_REVIEW
  delete process.env.MY_API_KEY
  expect(nested.facts.run).toMatchObject({ passed: null, detail: 'this review was itself started by a test' })
})

test('a long file that changes often is a hot spot', async () => {
  const path = repositoryOf({ 'src/hot.ts': lines(400), 'src/cold.ts': lines(400, 'cold'), 'README.md': 'a' })
  for (let round = 1; round <= 9; round += 1) {
    addFiles(path, { 'src/hot.ts': lines(400 + round), [`src/new file ${round}.ts`]: 'a\n' })
    commit(path, round % 2 === 0 ? 'one' : 'two', 10 - round)
  }
  const result = await history({ path }, contextFor())
  expect(foundBy(result)).toEqual(['low src/hot.ts hot spot: changed in 10 of the last 10 commits, 409 lines long, 2 authors'])
  expect(result.facts).toMatchObject({ commits: 10, authors: 2, recentCommits: 10, idleDays: 0 })
})

test('a history that is not there is skipped with the reason', async () => {
  await expect(history({ path: folderOf({ 'a.ts': 'a' }) }, contextFor())).rejects.toThrow('not a git repository')
})

test('a repository without a commit for a year is told so; few commits are not scored', async () => {
  const result = await history({ path: repositoryOf({ 'a.ts': 'a' }, 400) }, contextFor())
  expect(foundBy(result)).toEqual(['low no commit for 400 days'])
  expect(result.score).toBeNull()
})

test('what a compiler or generator wrote does not count as written by hand', async () => {
  const path = folderOf({
    'a.ts': lines(20), 'a.js': lines(900), 'b.js': lines(900, 'b'), 'b.js.map': '{}',
    'c.ts': `// Code generated by protoc. DO NOT EDIT.\n${lines(900, 'c')}`, 'index.js': lines(30, 'd'), 'index.d.ts': 'export {}\n',
  })
  const result = await size({ path }, contextFor())
  expect(result.facts).toMatchObject({ files: 2, lines: 50 })
  expect(foundBy(result)).toEqual([])
})

test('hygiene names what is missing, and what should not be there', async () => {
  const path = repositoryOf({
    'src/a.ts': '// TODO: later\nconst todo = 1\n// see TODOs\n',
    'node_modules/x/index.js': '1',
    'logo.psd': Buffer.alloc(1_200_000),
  })
  const result = await hygiene({ path }, contextFor())
  expect(foundBy(result)).toEqual(
    expect.arrayContaining([
      expect.stringContaining('no README'),
      expect.stringContaining('no licence file'),
      expect.stringContaining('no continuous integration'),
      'low node_modules/x/index.js git tracks 1 file that tools make (this is the first)',
      'low logo.psd 1.2 MB of binary data in git: every clone carries every version of it',
      'info src/a.ts:1 left for later in 1 file: 1 TODO',
    ]),
  )
  expect(result.score).toBe(0)
})

test('a repository that has everything scores full', async () => {
  const path = repositoryOf({
    'README.md': 'word '.repeat(60), LICENSE: 'MIT', '.github/workflows/ci.yml': 'on: push', '.gitignore': 'node_modules\n',
    'CHANGELOG.md': '1', 'CONTRIBUTING.md': '1', '.editorconfig': 'root = true', 'src/a.ts': 'export const a = 1\n',
  })
  expect((await hygiene({ path }, contextFor())).score).toBe(100)
})

test('the overview counts hand-written lines by language', async () => {
  const path = folderOf({ 'a.ts': 'a\nb\n', 'b.py': 'a\n', 'dist/c.js': 'c\n', 'data.csv': '1\n', 'package.json': '{"name":"thing"}' })
  const { facts } = await overview({ path }, contextFor())
  expect(facts).toMatchObject({ name: 'thing', lines: 3, files: 5, commit: null, languages: [{ language: 'TypeScript', files: 1, lines: 2 }, { language: 'Python', files: 1, lines: 1 }] })
})
