import { basename, extname } from 'node:path/posix'
import { anyOf } from './name-pattern.ts'

const languageByExtension: Readonly<Record<string, string>> = {
  ts: 'TypeScript',
  tsx: 'TypeScript',
  mts: 'TypeScript',
  cts: 'TypeScript',
  js: 'JavaScript',
  jsx: 'JavaScript',
  mjs: 'JavaScript',
  cjs: 'JavaScript',
  py: 'Python',
  pyi: 'Python',
  rb: 'Ruby',
  php: 'PHP',
  go: 'Go',
  rs: 'Rust',
  java: 'Java',
  kt: 'Kotlin',
  kts: 'Kotlin',
  scala: 'Scala',
  swift: 'Swift',
  c: 'C',
  h: 'C',
  cc: 'C++',
  cpp: 'C++',
  cxx: 'C++',
  hpp: 'C++',
  hh: 'C++',
  cs: 'C#',
  fs: 'F#',
  m: 'Objective-C',
  mm: 'Objective-C',
  dart: 'Dart',
  lua: 'Lua',
  pl: 'Perl',
  pm: 'Perl',
  r: 'R',
  jl: 'Julia',
  ex: 'Elixir',
  exs: 'Elixir',
  erl: 'Erlang',
  hs: 'Haskell',
  ml: 'OCaml',
  clj: 'Clojure',
  zig: 'Zig',
  nim: 'Nim',
  sh: 'Shell',
  bats: 'Shell',
  bash: 'Shell',
  zsh: 'Shell',
  ps1: 'PowerShell',
  sql: 'SQL',
  vue: 'Vue',
  svelte: 'Svelte',
  css: 'CSS',
  scss: 'CSS',
  sass: 'CSS',
  less: 'CSS',
  html: 'HTML',
  htm: 'HTML',
  proto: 'Protocol Buffers',
  tf: 'Terraform',
  graphql: 'GraphQL',
}
/** Languages of layout, data and queries: counted, but not code that is tested or copied by mistake. */
const notCode = new Set(['CSS', 'HTML', 'SQL', 'Protocol Buffers', 'GraphQL', 'Terraform'])

const vendored = /(^|\/)(node_modules|_?vendor|vendored|site-packages|third[_-]?party|bower_components|Pods)\//
const generatedFolder = /(^|\/)(dist|build|out|target|coverage|generated|__generated__|\.next|\.turbo)\//
const generatedFile =
  /(\.min\.(js|css|mjs)|\.bundle\.js|\.(pb|g|freezed|designer|generated)\.\w+|_pb2(_grpc)?\.pyi?|\.d\.[cm]?ts|\.snap|\.map)$/i
const lockFile = anyOf('(^|/)', [
  'package-lock\\.json', 'npm-shrinkwrap\\.json', 'yarn\\.lock', 'pnpm-lock\\.yaml', 'bun\\.lockb?',
  'Cargo\\.lock', 'go\\.sum', 'poetry\\.lock', 'uv\\.lock', 'Pipfile\\.lock', 'pdm\\.lock', 'Gemfile\\.lock',
  'composer\\.lock', 'mix\\.lock', 'flake\\.lock', 'gradle\\.lockfile', 'packages\\.lock\\.json',
], '$')
/** `spec` means tests only at the top: further down it is as often a specification. */
const testFolder = /(^|\/)(tests?|__tests__|e2e|cypress|integration[_-]tests?)\/|^spec\//i
const testFile = anyOf('', [
  '[._-](test|spec|e2e|cy)\\.[cm]?[jt]sx?', '_test\\.(go|py|rb|rs|exs?|dart|cc|cpp)', '_spec\\.rb', '\\.bats',
  'Tests?\\.(java|kt|cs|scala|swift|php)', '(^|/)test_[^/]+\\.py', '(^|/)conftest\\.py', '(^|/)tests\\.rs',
], '$')
const fixtureFolder =
  /(^|\/)(fixtures?|__fixtures__|testdata|test[_-]data|snapshots?|__snapshots__|mocks?|__mocks__|corpus|goldens?)\//i
const exampleFolder = /(^|\/)(examples?|samples?|demos?|playground|templates?)\//i
const documentation = /(^|\/)docs?\/|\.(md|mdx|rst|adoc)$/i

export function languageOf(path: string): string | undefined {
  return languageByExtension[extname(path).slice(1).toLowerCase()]
}

/** Programming languages only: no styles, markup, queries or data. */
export function isCode(path: string): boolean {
  const language = languageOf(path)
  return language !== undefined && !notCode.has(language)
}

/** Not written by hand, or not written here: vendored, built or generated. */
export function isGenerated(path: string): boolean {
  return vendored.test(path) || generatedFolder.test(path) || generatedFile.test(path) || isLockFile(path)
}

export function isLockFile(path: string): boolean {
  return lockFile.test(path)
}

export function isFixture(path: string): boolean {
  return fixtureFolder.test(path)
}

/** Whether a file says of itself, at its top, that a program wrote it. */
export function saysGenerated(text: string): boolean {
  const said = /@generated\b|\bDO NOT (EDIT|MODIFY)\b|\b(file|code) (is |was )?(auto(matically)?[ -]?)?generated (by|from|with)\b/i
  return said.test(text.slice(0, 600))
}

/** Code of tests and what belongs to them. */
export function isTestCode(path: string): boolean {
  return isCode(path) && (isTestFile(path) || testFolder.test(path) || fixtureFolder.test(path))
}

/** A file that holds tests itself, by the naming habits of its language. */
export function isTestFile(path: string): boolean {
  if (!isCode(path) || fixtureFolder.test(path)) return false
  return testFile.test(path) || (/(^|\/)__tests__\//.test(path) && /\.[cm]?[jt]sx?$/.test(path))
}

/** Somewhere that shows how a thing is used rather than using it: tests, fixtures, examples. */
export function isIllustration(path: string): boolean {
  return (
    testFile.test(path) ||
    testFolder.test(path) ||
    fixtureFolder.test(path) ||
    exampleFolder.test(path) ||
    /^(example|sample)|\.(example|sample|template|dist)$/i.test(basename(path))
  )
}

export function isDocumentation(path: string): boolean {
  return documentation.test(path)
}
