import { recordOf } from './step.ts'

export interface LockedPackage {
  readonly name: string
  readonly version: string
  /** Where npm puts it, `node_modules/a/node_modules/b`. */
  readonly place: string
  /** Needed only to develop the project, or only where it happens to work. */
  readonly dev: boolean
  readonly optional: boolean
  readonly licence?: string
  readonly resolved?: string
  readonly hasIntegrity: boolean
  readonly hasInstallScript: boolean
  readonly deprecated?: string
}

export interface NpmLock {
  readonly lockfileVersion: number
  /** From a registry, git or an archive; the project's own workspaces are not among them. */
  readonly packages: readonly LockedPackage[]
  /** Ranges of the root as the lockfile recorded them; undefined in version 1. */
  readonly rootRanges: Readonly<Record<string, string>> | undefined
}

export const dependencyFields = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const

/** Reads a package-lock.json or npm-shrinkwrap.json of version 1, 2 or 3; undefined when it is neither. */
export function parseNpmLock(content: unknown): NpmLock | undefined {
  const lock = recordOf(content)
  const lockfileVersion = Number(lock.lockfileVersion ?? 1)
  if (lock.packages !== undefined) {
    const entries = Object.entries(recordOf(lock.packages))
    const packages = entries.flatMap(([place, entry]) => lockedPackage(place, recordOf(entry)))
    return { lockfileVersion, packages, rootRanges: rangesOf(recordOf(recordOf(lock.packages)[''])) }
  }
  if (lock.dependencies === undefined) return undefined
  return { lockfileVersion, packages: [...nested(recordOf(lock.dependencies), '')], rootRanges: undefined }
}

/** Every range that a package.json asks for, by `field name`. */
export function rangesOf(manifest: Readonly<Record<string, unknown>>): Record<string, string> {
  const ranges: Record<string, string> = {}
  for (const field of dependencyFields) {
    for (const [name, range] of Object.entries(recordOf(manifest[field]))) ranges[`${field} ${name}`] = String(range)
  }
  return ranges
}

function lockedPackage(place: string, entry: Record<string, unknown>): LockedPackage[] {
  const at = place.lastIndexOf('node_modules/')
  // '' is the project, a link points to a workspace, and a workspace has no node_modules in its place.
  if (at === -1 || entry.link === true) return []
  const licence = typeof entry.license === 'string' ? entry.license : undefined
  return [
    {
      name: typeof entry.name === 'string' ? entry.name : place.slice(at + 'node_modules/'.length),
      version: String(entry.version ?? ''),
      place,
      dev: entry.dev === true,
      optional: entry.optional === true || entry.devOptional === true,
      ...(licence === undefined ? {} : { licence }),
      ...(typeof entry.resolved === 'string' ? { resolved: entry.resolved } : {}),
      hasIntegrity: typeof entry.integrity === 'string' || entry.inBundle === true,
      hasInstallScript: entry.hasInstallScript === true,
      ...(typeof entry.deprecated === 'string' ? { deprecated: entry.deprecated } : {}),
    },
  ]
}

function* nested(dependencies: Record<string, unknown>, above: string): Generator<LockedPackage> {
  for (const [name, value] of Object.entries(dependencies)) {
    const entry = recordOf(value)
    const place = `${above}node_modules/${name}`
    const resolved = typeof entry.resolved === 'string' ? { resolved: entry.resolved } : {}
    yield {
      name,
      version: String(entry.version ?? ''),
      place,
      dev: entry.dev === true,
      optional: entry.optional === true,
      ...resolved,
      hasIntegrity: typeof entry.integrity === 'string' || entry.bundled === true,
      hasInstallScript: false,
    }
    yield* nested(recordOf(entry.dependencies), `${place}/`)
  }
}
