import { dirname, join } from 'node:path/posix'
import { isFixture, isIllustration, isLockFile } from './classify.ts'
import { auditNpmLock } from './npm-audit.ts'
import { dependencyFields } from './npm-lock.ts'
import { lockedAmount, parseRequirements } from './other-locks.ts'
import { bySeverity, scoreOf } from './score.ts'
import type { CheckResult, Fact, Finding, StepContext } from './step.ts'
import { count, readInput, recordOf } from './step.ts'
import { readJson, readText } from './text.ts'
import { listTree, type Tree, type TreeFile } from './tree.ts'

const manifests =
  /(^|\/)(package\.json|requirements[\w.-]*\.txt|pyproject\.toml|Pipfile|Cargo\.toml|go\.mod|Gemfile|composer\.json)$/
/** What may lock a manifest: in its folder, or in one above it (workspaces). */
const locksOf: Readonly<Record<string, RegExp>> = {
  'package.json': /(^|\/)(package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?)$/,
  Pipfile: /(^|\/)Pipfile\.lock$/,
  'Cargo.toml': /(^|\/)Cargo\.lock$/,
  Gemfile: /(^|\/)Gemfile\.lock$/,
  'composer.json': /(^|\/)composer\.lock$/,
  'go.mod': /(^|\/)go\.sum$/,
}
const mostLockfiles = 20

/** What the repository builds upon, from its manifests and lockfiles. Known vulnerabilities need the network: not checked. */
export async function dependencies(input: unknown, context: StepContext): Promise<CheckResult> {
  const { path } = readInput(input)
  const tree = await listTree(path, context)
  const own = tree.files.filter(
    (file) => !isFixture(file.path) && !isIllustration(file.path) && !/(^|\/)(node_modules|vendor)\//.test(file.path),
  )
  const locks = own
    .filter((file) => isLockFile(file.path) || /(^|\/)bun\.lockb?$/.test(file.path))
    .slice(0, mostLockfiles)
  const asked = own.filter((file) => manifests.test(file.path))
  if (locks.length + asked.length === 0) context.skip('no dependency manifest or lockfile')
  const findings: Finding[] = []
  const facts: Fact[] = []
  let packages = 0
  for (const file of locks) {
    context.signal.throwIfAborted()
    if (/(package-lock|npm-shrinkwrap)\.json$/.test(file.path)) {
      const audit = await auditNpmLock(tree.root, file.path, context.signal)
      findings.push(...audit.findings)
      facts.push(audit.facts)
      packages += audit.packages
    } else {
      const amount = lockedAmount(file.path, (await readText(tree.root, { path: file.path, bytes: 0 })) ?? '') ?? 0
      facts.push({ file: file.path, packages: amount })
      packages += amount
    }
  }
  for (const file of asked) {
    context.signal.throwIfAborted()
    findings.push(...(await judgeManifest(tree, file, locks)))
  }
  const locked =
    locks.length === 0 ? 'no lockfile' : `${count(packages, 'locked package')} in ${count(locks.length, 'lockfile')}`
  return {
    check: 'dependencies',
    title: 'Dependencies and licences',
    score: scoreOf(findings),
    summary: `${locked}, ${count(asked.length, 'manifest')}; known vulnerabilities were not looked up (needs the network)`,
    findings: bySeverity(findings).slice(0, 60),
    facts: { packages, lockfiles: facts, manifests: asked.slice(0, 50).map((file) => file.path) },
  }
}

async function judgeManifest(tree: Tree, file: TreeFile, locks: readonly TreeFile[]): Promise<Finding[]> {
  const text = (await readText(tree.root, file)) ?? ''
  const name = file.path.slice(file.path.lastIndexOf('/') + 1)
  if (name.startsWith('requirements')) return judgeRequirements(file.path, text)
  const expected = locksOf[name]
  const locked =
    expected === undefined ||
    locks.some((lock) => expected.test(lock.path) && covers(dirname(lock.path), dirname(file.path)))
  if (name === 'package.json')
    return judgePackageJson(file.path, recordOf(await readJson(tree.root, file.path)), locked)
  if (locked) return []
  if (name === 'go.mod' && !/^\s*require\b/m.test(text)) return []
  // A library leaves the choice to those who use it: only what is run as it is needs a lockfile.
  const library =
    (name === 'Cargo.toml' && !tree.files.some((other) => other.path === join(dirname(file.path), 'src/main.rs'))) ||
    (name === 'composer.json' && /"type":\s*"library"/.test(text))
  return library
    ? []
    : [{ severity: 'low', file: file.path, message: 'no lockfile: every install may get other versions' }]
}

function judgePackageJson(file: string, manifest: Record<string, unknown>, locked: boolean): Finding[] {
  const findings: Finding[] = []
  let amount = 0
  for (const field of dependencyFields) {
    const wild: string[] = []
    for (const [name, range] of Object.entries(recordOf(manifest[field]))) {
      if (field !== 'peerDependencies') amount += 1
      if (field === 'peerDependencies' || typeof range !== 'string') continue
      if (/^(\*|x|latest|next|>=?[\s\d.]*)?$/i.test(range.trim())) wild.push(`${name} "${range}"`)
      else if (/^(git|https?:|github:)|^[\w.-]+\/[\w.-]+(#|$)/.test(range) && !/#[0-9a-f]{40}$|#v?\d+\.\d/.test(range))
        wild.push(`${name} "${range}"`)
    }
    if (wild.length > 0)
      findings.push({
        severity: locked ? 'low' : 'medium',
        file,
        message: `${field} with no bound on the version: ${some(wild)}`,
      })
  }
  if (!locked && amount > 0) {
    const app = manifest.private === true
    findings.push({
      severity: app ? 'medium' : 'low',
      file,
      message: `no lockfile for ${count(amount, 'dependency', 'dependencies')}: every install may get other versions`,
    })
  }
  return findings
}

function judgeRequirements(file: string, text: string): Finding[] {
  const { total, loose } = parseRequirements(text)
  if (loose.length === 0) return []
  return [
    {
      severity: 'low',
      file,
      message: `${loose.length} of ${count(total, 'requirement')} not pinned to a version: ${some(loose)}`,
    },
  ]
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, 6).join(', ')
  return names.length > 6 ? `${shown} and ${names.length - 6} more` : shown
}

function covers(folder: string, inner: string): boolean {
  return folder === '.' || folder === inner || inner.startsWith(`${folder}/`)
}
