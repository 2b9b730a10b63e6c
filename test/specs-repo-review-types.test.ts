import { chmodSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { lint } from '../specs/repo-review/lint.ts'
import { linters } from '../specs/repo-review/linters.ts'
import { parseLooseJson } from '../specs/repo-review/loose-json.ts'
import { parseCompilerOutput, typeCheck } from '../specs/repo-review/type-check.ts'
import { commit, contextFor, folderOf, foundBy, repositoryOf, Skipped } from './specs-repo-review-folder.ts'

const installed = resolve(import.meta.dirname, '../node_modules')
const check = (files: Record<string, string>) => typeCheck({ path: folderOf(files) }, contextFor(folderOf({})))

test('a broken file of each language is found at its line, whole ones are not', async () => {
  const result = await check({
    'good.ts': "enum A { B }\nabstract class C { constructor(private a: string) {} }\nexport const x = <T,>(y: T) => y satisfies T\n",
    'good.js': "#!/usr/bin/env node\nconst a = require('a')\nif (a) return\nawait_(010)\nfunction await_(x) {}\n",
    'good.mjs': "import a from 'a'\nawait a()\n",
    'jsx.js': 'export const a = () => <div>hello</div>\n',
    'bad.ts': 'const a = 1\nlet b: = 2\n',
    'bad.mjs': "import a from 'a'\nconst b = (\n",
    'bad.json': '{\n  "a": 1,\n  "b": oops\n}\n',
    'tsconfig.base.json': '{ // with a comment\n "a": [1, 2,], }\n',
    'ok.sh': '#!/bin/sh\nif true; then echo a; fi\n',
    'bad.sh': '#!/bin/sh\nif true; then echo a\n',
    'test/fixtures/broken.json': '{',
    'dist/bundle.js': 'const = 1',
  })
  expect(foundBy(result).sort()).toEqual([
    expect.stringMatching(/^high bad\.json JSON syntax error: Unexpected token/),
    expect.stringMatching(/^high bad\.mjs:\d JavaScript syntax error: Unexpected end of input/),
    expect.stringMatching(/^high bad\.sh:3 Shell syntax error/),
    expect.stringMatching(/^high bad\.ts:2 TypeScript syntax error: Unexpected token `=`/),
  ])
  expect(result.score).toBeLessThan(50)
  expect(result.facts.notChecked).toEqual([])
})

test('Python is parsed when python3 is there, and nothing is run or written', async () => {
  const files = { 'a.py': "def f(:\n  pass\n", 'b.py': "raise SystemExit('this must not run')\n" }
  const path = folderOf(files)
  const result = await typeCheck({ path }, contextFor(folderOf({})))
  const part = (result.facts.syntax as { language: string; note: string | null }[]).find(({ language }) => language === 'Python')
  if (part?.note === null) expect(foundBy(result)).toEqual([expect.stringMatching(/^high a\.py:1 Python syntax error: .*as Python 3\.\d+ reads it/)])
  expect(readdirSync(path).sort()).toEqual(Object.keys(files))
})

test('the repository’s own compiler finds type errors, and leaves nothing behind', async () => {
  const path = folderOf({
    'tsconfig.json': '{ "compilerOptions": { "strict": true, "composite": true, "outDir": "out", "types": [] }, "include": ["src"] }',
    'src/a.ts': 'export const a: number = 1\nexport const b: string = a\n',
  })
  mkdirSync(join(path, 'node_modules/.bin'), { recursive: true })
  symlinkSync(join(installed, '.bin/tsc'), join(path, 'node_modules/.bin/tsc'))
  const result = await typeCheck({ path }, contextFor(folderOf({})))
  expect(foundBy(result)).toEqual(["medium src/a.ts:2 TS2322: Type 'number' is not assignable to type 'string'."])
  expect(result.facts.typeChecker).toMatch(/^Version/)
  expect(readdirSync(path).sort()).toEqual(['node_modules', 'src', 'tsconfig.json'])
  const forbidden = await typeCheck({ path, tools: 'none' }, contextFor(folderOf({})))
  expect(forbidden.facts.typeChecker).toBeNull()
})

test('a compiler that came with a clone is not run', async () => {
  const path = repositoryOf({
    'tsconfig.json': '{}',
    'a.ts': 'export const a: string = 1\n',
    'node_modules/.bin/tsc': '#!/bin/sh\ntouch was-run\n',
  })
  chmodSync(join(path, 'node_modules/.bin/tsc'), 0o755)
  await typeCheck({ path }, contextFor(folderOf({})))
  expect(readdirSync(path)).not.toContain('was-run')
})

test('a folder without code is skipped with the reason', async () => {
  await expect(check({ 'notes.txt': 'hello' })).rejects.toThrow(Skipped)
})

test('what the compiler prints is read, and unbuilt references are no errors', () => {
  const output = "src/a.ts(3,5): error TS2307: Cannot find module 'b'.\nerror TS6305: Output file has not been built.\nerror TS5023: Unknown option.\n  more\n"
  expect(parseCompilerOutput(output, '/r')).toEqual([
    { severity: 'medium', file: 'src/a.ts', line: 3, message: "TS2307: Cannot find module 'b'." },
    { severity: 'medium', message: 'TS5023: Unknown option.' },
  ])
})

test.each([
  ['{"a": "// no comment"}', undefined],
  ['\uFEFF{}', undefined],
  ['{"a": 1}\n{"a": 2}\n', undefined],
  ['{"name": "{{ name }}", {{ more }} }', undefined],
  ['', 1],
  ['{\n"a"\n}', 3],
  ['{\n"a": [', 2],
])('%j is wrong at line %s', (text, line) => {
  expect(parseLooseJson(text)?.line).toBe(line)
})

test('lint says why it did nothing', async () => {
  await expect(lint({ path: folderOf({ 'a.ts': 'a' }) }, contextFor())).rejects.toThrow('no linter is configured')
  await expect(lint({ path: folderOf({ 'eslint.config.js': '' }) }, contextFor())).rejects.toThrow('eslint is configured but not installed')
})

test('the repository’s own linter is run with its own rules, on the files of the repository only', async () => {
  const path = repositoryOf({
    '.oxlintrc.json': '{ "rules": { "no-debugger": "error" } }',
    '.gitignore': 'node_modules\nignored.js\n',
    'a.js': 'let a = 1\ndebugger\n',
    'ignored.js': 'debugger\n',
  })
  mkdirSync(join(path, 'node_modules/.bin'), { recursive: true })
  symlinkSync(join(installed, '.bin/oxlint'), join(path, 'node_modules/.bin/oxlint'))
  commit(path, 'one')
  const result = await lint({ path }, contextFor())
  expect(foundBy(result)).toContainEqual(expect.stringMatching(/^medium a\.js:2 .*debugger.*no-debugger/))
  expect(result.findings.every(({ file }) => file === 'a.js')).toBe(true)
})

test.each([
  ['eslint', '[{"filePath":"/r/a.js","messages":[{"ruleId":"eqeqeq","severity":1,"message":"Expected","line":2},{"ruleId":null,"fatal":true,"severity":2,"message":"Parsing","line":3}]}]', ['low', 'high']],
  ['biome', '::error title=lint/suspicious/noDebugger,file=/r/a.js,line=2,endLine=2,col=1,endColumn=2::No debugger.\n::warning title=x,file=a.js,line=9,endLine=9,col=1,endColumn=2::W\n', ['medium', 'low']],
  ['ruff', '[{"code":"F401","filename":"/r/a.js","location":{"row":2,"column":1},"message":"unused"}]', ['low']],
])('the output of %s is read', (name, output, severities) => {
  const findings = linters.find((linter) => linter.name === name)?.parse(output, '/r') ?? []
  expect(findings.map(({ severity }) => severity)).toEqual(severities)
  expect(findings[0]).toMatchObject({ file: 'a.js', line: 2 })
})
