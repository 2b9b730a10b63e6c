import type { LockedPackage } from './npm-lock.ts'
import { compareText } from './score.ts'
import type { Finding } from './step.ts'
import { brief, count } from './step.ts'

/** What a lockfile says of how its packages come to be here: deprecated, unsafe, unchecked, in several versions. */
export function supplyFindings(packages: readonly LockedPackage[], direct: readonly string[], file: string): Finding[] {
  const findings: Finding[] = []
  const gone = packages.filter((item) => item.deprecated !== undefined)
  const chosen = gone.filter((item) => direct.includes(item.name) && item.place === `node_modules/${item.name}`)
  for (const item of chosen)
    findings.push({
      severity: 'medium',
      file,
      message: `${item.name}@${item.version} is deprecated: ${brief(item.deprecated ?? '', 120)}`,
    })
  const inherited = gone.filter((item) => !chosen.includes(item))
  if (inherited.length > 0)
    findings.push({ severity: 'low', file, message: `deprecated, and pulled in by others: ${someOf(inherited)}` })
  const plain = packages.filter((item) => item.resolved?.startsWith('http://') === true)
  if (plain.length > 0)
    findings.push({ severity: 'high', file, message: `fetched without encryption: ${someOf(plain)}` })
  const git = packages.filter((item) => /^(git|github:|git\+)/.test(item.resolved ?? ''))
  if (git.length > 0)
    findings.push({ severity: 'low', file, message: `from git instead of a registry: ${someOf(git)}` })
  const loose = packages.filter(
    (item) => !item.hasIntegrity && !git.includes(item) && item.resolved?.startsWith('file:') !== true,
  )
  if (loose.length > 0) findings.push({ severity: 'low', file, message: `no integrity hash for ${someOf(loose)}` })
  const scripts = packages.filter((item) => item.hasInstallScript)
  if (scripts.length > 0)
    findings.push({ severity: 'info', file, message: `run a script of theirs when installed: ${someOf(scripts)}` })
  const several = severalVersions(packages)
  if (several.length > 0) {
    const worst = several
      .slice(0, 4)
      .map(([name, versions]) => `${name} (${versions.length})`)
      .join(', ')
    findings.push({
      severity: 'info',
      file,
      message: `${count(several.length, 'package')} installed in several versions: ${worst}`,
    })
  }
  return findings
}

/** Packages with more than one version, those with the most first. */
export function severalVersions(packages: readonly LockedPackage[]): [name: string, versions: string[]][] {
  const versions = new Map<string, Set<string>>()
  for (const item of packages) versions.set(item.name, (versions.get(item.name) ?? new Set()).add(item.version))
  return [...versions]
    .filter(([, set]) => set.size > 1)
    .map(([name, set]): [string, string[]] => [name, [...set]])
    .sort((a, b) => b[1].length - a[1].length || compareText(a[0], b[0]))
}

/** The first five, and how many more there are. */
export function someOf(items: readonly LockedPackage[]): string {
  const shown = items
    .slice(0, 5)
    .map((item) => `${item.name}@${item.version}`)
    .join(', ')
  return items.length > 5 ? `${shown} and ${items.length - 5} more` : shown
}
