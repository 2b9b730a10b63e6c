import { lstat, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isGenerated } from './classify.ts'
import { runCommand } from './command.ts'
import type { IgnoreRules } from './ignore.ts'
import { parseIgnore } from './ignore.ts'
import { compareText } from './score.ts'
import type { StepContext } from './step.ts'

export interface TreeFile {
  /** Relative to the root, with `/`. */
  readonly path: string
  readonly bytes: number
  /** In git's index. False everywhere outside a repository. */
  readonly tracked: boolean
  /** Vendored, built or generated: not written by hand here. */
  readonly generated: boolean
}

export interface Tree {
  readonly root: string
  /** Top folder of the git repository around the root, or why there is none. */
  readonly git: { readonly top: string } | { readonly missing: string }
  /** Files only, no links; sorted by path. Without what git ignores. */
  readonly files: readonly TreeFile[]
  /** True when there were more files than are ever listed. */
  readonly truncated: boolean
}

/** More than this is not one repository's hand-written work; memory stays bounded. */
const mostFiles = 50_000
const gitOptions = ['-c', 'core.fsmonitor=false', '-c', 'core.quotePath=false', '--no-optional-locks', '--no-pager']
/** Never a part of the reviewed work, whether git ignores it or not. */
const neverListed = new Set(['.git', '.hg', '.svn', '.forkchart'])
/** Outside git these are left out as well: caches and installs that every ecosystem ignores. */
const cacheFolders = new Set([
  'node_modules',
  '.venv',
  'venv',
  '__pycache__',
  '.tox',
  '.nox',
  '.mypy_cache',
  '.pytest_cache',
  '.ruff_cache',
  '.next',
  '.nuxt',
  '.turbo',
  '.cache',
  '.gradle',
  '.terraform',
  'coverage',
  'bower_components',
  '.idea',
])

/** The options that keep git from running anything the repository configures. */
export function gitCommand(...args: readonly string[]): string[] {
  return ['git', ...gitOptions, ...args]
}

let latest: { readonly key: string; readonly tree: Promise<Tree> } | undefined

/** The files of a folder; the checks of one run share one listing. Rejects when `signal` aborts. */
export function listTree(root: string, context: Pick<StepContext, 'signal' | 'runId'>): Promise<Tree> {
  const key = `${context.runId}\0${root}`
  if (latest?.key !== key) {
    // Not tied to one check's signal: another check may be waiting for the same listing.
    const tree = readTree(root, AbortSignal.timeout(120_000))
    latest = { key, tree }
    tree.catch(() => {
      if (latest?.tree === tree) latest = undefined
    })
  }
  return abortable(latest.tree, context.signal)
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

async function readTree(root: string, signal: AbortSignal): Promise<Tree> {
  const git = await findGit(root, signal)
  if ('top' in git) {
    const names = await gitFiles(root, signal)
    if (names !== undefined && names.length > 0) return { root, git, ...(await measure(root, names)) }
    if (names !== undefined && (await readdir(root)).some((name) => !neverListed.has(name)) && git.top !== root) {
      const missing = 'the git repository around this folder ignores it'
      return { root, git: { missing }, ...(await measure(root, await walk(root, signal))) }
    }
  }
  return { root, git, ...(await measure(root, await walk(root, signal))) }
}

async function findGit(root: string, signal: AbortSignal): Promise<Tree['git']> {
  const result = await runCommand(gitCommand('rev-parse', '--show-toplevel'), { cwd: root, signal, timeoutMs: 20_000 })
  if (!result.found) return { missing: 'git is not installed' }
  if (result.code === 0) return { top: result.stdout.trim() }
  const owner = result.stderr.includes('dubious ownership')
  return {
    missing: owner ? 'git refuses it: the folder belongs to another user (see safe.directory)' : 'not a git repository',
  }
}

interface Named {
  readonly path: string
  readonly tracked: boolean
}

async function gitFiles(root: string, signal: AbortSignal): Promise<Named[] | undefined> {
  const result = await runCommand(gitCommand('ls-files', '-z', '-t', '--cached', '--others', '--exclude-standard'), {
    cwd: root,
    signal,
    timeoutMs: 60_000,
    maxBytes: 64_000_000,
  })
  if (result.code !== 0) return undefined
  const byPath = new Map<string, Named>() // a file in conflict is listed once per side
  for (const entry of result.stdout.split('\0')) {
    const tracked = !entry.startsWith('?')
    const path = entry.slice(2)
    const parts = path.split('/')
    const left = parts.some((part) => neverListed.has(part) || (!tracked && cacheFolders.has(part)))
    if (path !== '' && !left) byPath.set(path, { path, tracked })
  }
  return [...byPath.values()]
}

async function walk(root: string, signal: AbortSignal): Promise<Named[]> {
  const found: Named[] = []
  const visit = async (folder: string, rules: readonly { at: string; rules: IgnoreRules }[]): Promise<void> => {
    signal.throwIfAborted()
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => [])
    const own = await readFile(join(root, folder, '.gitignore'), 'utf8').catch(() => '')
    const known = own === '' ? rules : [...rules, { at: folder, rules: parseIgnore(own) }]
    for (const entry of entries.sort((a, b) => compareText(a.name, b.name))) {
      if (found.length > mostFiles) return
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      const isFolder = entry.isDirectory()
      if (neverListed.has(entry.name) || (isFolder && cacheFolders.has(entry.name))) continue
      if (isIgnored(path, isFolder, known)) continue
      if (isFolder) await visit(path, known)
      else if (entry.isFile()) found.push({ path, tracked: false })
    }
  }
  await visit('', [])
  return found
}

/** The nearest `.gitignore` that has a rule for it decides. */
function isIgnored(path: string, isFolder: boolean, known: readonly { at: string; rules: IgnoreRules }[]): boolean {
  for (const { at, rules } of known.toReversed()) {
    const verdict = rules.decide(at === '' ? path : path.slice(at.length + 1), isFolder)
    if (verdict !== undefined) return verdict
  }
  return false
}

/** A script with its source map or its TypeScript source beside it came out of a compiler. */
function isCompiled(path: string, known: ReadonlySet<string>): boolean {
  const [, base, kind] = /^(.*)\.([cm]?)js$/.exec(path) ?? []
  return base !== undefined && (known.has(`${path}.map`) || known.has(`${base}.${kind}ts`))
}

async function measure(root: string, names: readonly Named[]): Promise<Pick<Tree, 'files' | 'truncated'>> {
  const listed = [...names].sort((a, b) => compareText(a.path, b.path)).slice(0, mostFiles)
  const known = new Set(listed.map((file) => file.path))
  const files: TreeFile[] = []
  for (let start = 0; start < listed.length; start += 256) {
    const batch = listed.slice(start, start + 256)
    const stats = await Promise.all(batch.map((file) => lstat(join(root, file.path)).catch(() => undefined)))
    batch.forEach((file, index) => {
      const stat = stats[index]
      if (stat?.isFile() !== true) return
      files.push({ ...file, bytes: stat.size, generated: isGenerated(file.path) || isCompiled(file.path, known) })
    })
  }
  return { files, truncated: names.length > mostFiles }
}
