import { expect, test } from 'vitest'
import { dependencies } from '../specs/repo-review/dependencies.ts'
import { licenceKind } from '../specs/repo-review/licences.ts'
import { parseNpmLock } from '../specs/repo-review/npm-lock.ts'
import { lockedAmount, parseRequirements } from '../specs/repo-review/other-locks.ts'
import { contextFor, folderOf, foundBy } from './specs-repo-review-folder.ts'

const audit = (files: Record<string, unknown>) => {
  const texts = Object.entries(files).map(([path, content]) => [path, typeof content === 'string' ? content : JSON.stringify(content)])
  return dependencies({ path: folderOf(Object.fromEntries(texts)) }, contextFor())
}
const locked = (packages: Record<string, unknown>, root: Record<string, unknown> = {}) => ({ lockfileVersion: 3, packages: { '': root, ...packages } })
const fine = { version: '1.0.0', integrity: 'sha512-x', license: 'MIT' }

test('a tidy lockfile gives no finding that costs points', async () => {
  const ranges = { dependencies: { a: '^1.0.0' }, devDependencies: { b: '~2.0.0' } }
  const result = await audit({
    'package.json': { name: 'x', license: 'MIT', ...ranges },
    'package-lock.json': locked({ 'node_modules/a': fine, 'node_modules/b': { ...fine, dev: true, hasInstallScript: true } }, ranges),
  })
  expect(foundBy(result)).toEqual(['info package-lock.json run a script of theirs when installed: b@1.0.0'])
  expect(result.score).toBe(100)
  expect(result.facts).toMatchObject({ packages: 2, lockfiles: [{ packages: 2, production: 1, licences: { MIT: 2 } }] })
})

test('what is wrong with a lockfile is named', async () => {
  const result = await audit({
    'package.json': { name: 'x', license: 'MIT', dependencies: { a: '^2.0.0', wild: '*' } },
    'package-lock.json': locked(
      {
        'node_modules/a': { ...fine, deprecated: 'use b' },
        'node_modules/gpl': { ...fine, license: 'GPL-3.0-only' },
        'node_modules/gpl-dev': { ...fine, license: 'GPL-3.0-only', dev: true },
        'node_modules/either': { ...fine, license: '(GPL-2.0 OR MIT)' },
        'node_modules/plain': { ...fine, resolved: 'http://registry.example/plain.tgz' },
        'node_modules/silent': { version: '1.0.0', integrity: 'x' },
        'node_modules/bare': { version: '1.0.0', license: 'ISC' },
        'node_modules/a/node_modules/bare': { ...fine, version: '2.0.0' },
        'packages/own': { version: '0.0.0' },
        'node_modules/own': { link: true, resolved: 'packages/own' },
      },
      { dependencies: { a: '^1.0.0', wild: '*' } },
    ),
  })
  expect(foundBy(result)).toEqual([
    'high package-lock.json out of date: a is ^2.0.0 in package.json, ^1.0.0 in the lockfile; `npm ci` refuses this',
    'high package-lock.json fetched without encryption: plain@1.0.0',
    'medium package-lock.json copyleft in production: gpl@1.0.0 (GPL-3.0-only) binds what ships with it',
    'medium package-lock.json a@1.0.0 is deprecated: use b',
    'low package-lock.json no licence stated by silent@1.0.0',
    'low package-lock.json no integrity hash for bare@1.0.0',
    'low package.json dependencies with no bound on the version: wild "*"',
    'info package-lock.json 1 package installed in several versions: bare (2)',
  ])
})

test('a project without a lockfile is told so, a workspace under a locked root is not', async () => {
  const app = await audit({ 'package.json': { private: true, dependencies: { a: '1.0.0' } } })
  expect(foundBy(app)).toEqual(['medium package.json no lockfile for 1 dependency: every install may get other versions'])
  const workspace = await audit({
    'package.json': { private: true },
    'packages/a/package.json': { dependencies: { b: '^1.0.0' } },
    'yarn.lock': '# yarn\n\n"b@^1.0.0":\n  version "1.0.0"\n',
  })
  expect(foundBy(workspace)).toEqual([])
  expect(workspace.facts.packages).toBe(1)
})

test('a folder without manifests is skipped, an unreadable lockfile is reported', async () => {
  await expect(audit({ 'a.txt': '' })).rejects.toThrow('no dependency manifest')
  expect(foundBy(await audit({ 'package-lock.json': '{ "lockf' }))).toEqual(['medium package-lock.json this lockfile cannot be read'])
})

test.each([
  ['MIT', 'permissive'],
  ['(MIT OR GPL-3.0)', 'permissive'],
  ['MIT AND LGPL-3.0-or-later', 'weak copyleft'],
  ['AGPL-3.0-only', 'strong copyleft'],
  ['GPL-2.0-only WITH Classpath-exception-2.0', 'weak copyleft'],
  ['BUSL-1.1', 'restricted'],
  ['BSL-1.0', 'permissive'],
  ['UNLICENSED', 'restricted'],
  ['SEE LICENSE IN LICENSE.md', 'unknown'],
  ['', 'unknown'],
])('licence %j is %s', (expression, kind) => {
  expect(licenceKind(expression)).toBe(kind)
})

test('lockfiles of version 1 are walked to the bottom', () => {
  const lock = parseNpmLock({ lockfileVersion: 1, dependencies: { a: { version: '1.0.0', dependencies: { b: { version: '2.0.0', dev: true } } } } })
  expect(lock?.packages.map(({ place, dev }) => [place, dev])).toEqual([
    ['node_modules/a', false],
    ['node_modules/a/node_modules/b', true],
  ])
})

test.each([
  ['pnpm-lock.yaml', "lockfileVersion: '9.0'\n\nimporters:\n  .:\n    x: 1\n\npackages:\n\n  a@1.0.0:\n    resolution: {}\n\n  '@b/c@2.0.0':\n    resolution: {}\n\nsnapshots:\n  a@1.0.0: {}\n", 2],
  ['Cargo.lock', '[[package]]\nname = "a"\n\n[[package]]\nname = "b"\n', 2],
  ['go.sum', 'a.com/x v1 h1:z\na.com/x v1/go.mod h1:z\nb.com/y v2 h1:z\n', 2],
  ['Gemfile.lock', 'GEM\n  specs:\n    rack (3.0)\n      dep (1.0)\n    rails (7.0)\n', 2],
])('%s holds %s packages', (path, text, amount) => {
  expect(lockedAmount(path, text)).toBe(amount)
})

test('requirements that are not pinned are told apart', () => {
  expect(parseRequirements('# c\nflask==3.0.0\nrequests>=2 # x\n-r other.txt\nuvicorn[standard]\npkg @ https://x/y.whl\n')).toEqual({
    total: 4,
    loose: ['requests', 'uvicorn'],
  })
})
