import { dirname, join } from 'node:path/posix'
import { declaredLicence, licenceKind } from './licences.ts'
import type { LockedPackage, NpmLock } from './npm-lock.ts'
import { parseNpmLock, rangesOf } from './npm-lock.ts'
import type { Fact, Finding } from './step.ts'
import { recordOf } from './step.ts'
import { severalVersions, someOf, supplyFindings } from './supply-chain.ts'
import { readJson } from './text.ts'

export interface Audit {
  readonly findings: readonly Finding[]
  readonly facts: { readonly [key: string]: Fact }
  readonly packages: number
}

const mostInstalledRead = 3_000

/** Judges one npm lockfile against the package.json beside it, and its packages by themselves. No network. */
export async function auditNpmLock(root: string, file: string, signal: AbortSignal): Promise<Audit> {
  const lock = parseNpmLock(await readJson(root, file))
  if (lock === undefined)
    return {
      findings: [{ severity: 'medium', file, message: 'this lockfile cannot be read' }],
      facts: { file },
      packages: 0,
    }
  const manifestPath = join(dirname(file), 'package.json')
  const manifest = recordOf(await readJson(root, manifestPath))
  const licences = await findLicences(root, dirname(file), lock.packages, signal)
  const findings = [
    ...outOfDate(lock, rangesOf(manifest), file),
    ...licenceFindings(lock.packages, licences, declaredLicence(manifest), file),
    ...supplyFindings(
      lock.packages,
      Object.keys({ ...recordOf(manifest.dependencies), ...recordOf(manifest.devDependencies) }),
      file,
    ),
  ]
  const production = lock.packages.filter((item) => !item.dev && !item.optional)
  const facts = {
    file,
    lockfileVersion: lock.lockfileVersion,
    packages: lock.packages.length,
    production: production.length,
    licences: tally(lock.packages.map((item) => licences.get(item) ?? 'not stated')),
    severalVersions: severalVersions(lock.packages).length,
    installScripts: lock.packages.filter((item) => item.hasInstallScript).map((item) => item.name),
    deprecated: lock.packages.filter((item) => item.deprecated !== undefined).length,
  }
  return { findings, facts, packages: lock.packages.length }
}

/** `npm ci` refuses a lockfile that does not say what package.json says. */
function outOfDate(lock: NpmLock, ranges: Record<string, string>, file: string): Finding[] {
  if (lock.rootRanges === undefined) return []
  const locked = lock.rootRanges
  const names = [...new Set([...Object.keys(ranges), ...Object.keys(locked)])].filter(
    (key) => ranges[key] !== locked[key],
  )
  if (names.length === 0) return []
  const [first = ''] = names
  const sides = `${ranges[first] ?? 'absent'} in package.json, ${locked[first] ?? 'absent'} in the lockfile`
  const more = names.length > 1 ? ` and ${names.length - 1} more` : ''
  return [
    {
      severity: 'high',
      file,
      message: `out of date: ${first.split(' ')[1]} is ${sides}${more}; \`npm ci\` refuses this`,
    },
  ]
}

/** The lockfile's word on each licence, else that of the installed package. */
async function findLicences(
  root: string,
  folder: string,
  packages: readonly LockedPackage[],
  signal: AbortSignal,
): Promise<Map<LockedPackage, string>> {
  const known = new Map<LockedPackage, string>()
  let read = 0
  for (const item of packages) {
    if (item.licence !== undefined) known.set(item, item.licence)
    else if (read < mostInstalledRead) {
      signal.throwIfAborted()
      read += 1
      const licence = declaredLicence(recordOf(await readJson(root, join(folder, item.place, 'package.json'))))
      if (licence !== undefined) known.set(item, licence)
    }
  }
  return known
}

function licenceFindings(
  packages: readonly LockedPackage[],
  licences: Map<LockedPackage, string>,
  own: string | undefined,
  file: string,
): Finding[] {
  const ownKind = own === undefined ? 'unknown' : licenceKind(own)
  const shipped = packages.filter((item) => !item.dev)
  const findings: Finding[] = []
  const name = (item: LockedPackage): string => `${item.name}@${item.version} (${licences.get(item)})`
  const of = (kind: string): LockedPackage[] => shipped.filter((item) => licenceKind(licences.get(item) ?? '') === kind)
  if (ownKind !== 'strong copyleft') {
    for (const item of of('strong copyleft').slice(0, 10))
      findings.push({
        severity: 'medium',
        file,
        message: `copyleft in production: ${name(item)} binds what ships with it`,
      })
  }
  for (const item of of('restricted').slice(0, 10))
    findings.push({ severity: 'medium', file, message: `restricted licence in production: ${name(item)}` })
  // Lockfiles of old npm versions state no licence at all: that is no fault of the packages.
  if (licences.size * 2 > packages.length) {
    const silent = shipped.filter((item) => !licences.has(item))
    if (silent.length > 0) findings.push({ severity: 'low', file, message: `no licence stated by ${someOf(silent)}` })
    const odd = of('unknown').filter((item) => licences.has(item))
    if (odd.length > 0)
      findings.push({
        severity: 'info',
        file,
        message: `licences to read for yourself: ${odd.slice(0, 5).map(name).join(', ')}`,
      })
  }
  return findings
}

function tally(names: readonly string[]): { readonly [key: string]: number } {
  const amounts: Record<string, number> = {}
  for (const name of names) amounts[name] = (amounts[name] ?? 0) + 1
  return Object.fromEntries(
    Object.entries(amounts)
      .sort((a, b) => b[1] - a[1])
      .slice(0, 15),
  )
}
