/** Number of packages that a lockfile of another ecosystem pins; undefined when it is none that is known. */
export function lockedAmount(path: string, text: string): number | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const matches = (pattern: RegExp): number => text.match(pattern)?.length ?? 0
  switch (name) {
    case 'yarn.lock':
      return matches(/^(?!__metadata)["\w@][^\n]*:$/gm)
    case 'pnpm-lock.yaml':
      // The packages section: one key per package, two spaces deep, up to the next section.
      return (/^packages:\n([\s\S]*?)(?=^\S|$(?![\s\S]))/m.exec(text)?.[1]?.match(/^ {2}\S[^\n]*:$/gm) ?? []).length
    case 'Cargo.lock':
    case 'poetry.lock':
    case 'uv.lock':
    case 'pdm.lock':
      return matches(/^\[\[package\]\]/gm)
    case 'go.sum':
      return new Set(
        text
          .split('\n')
          .map((line) => line.split(' '))
          .filter(([, version]) => version?.endsWith('/go.mod') === false)
          .map(([module]) => module),
      ).size
    case 'Gemfile.lock':
      return matches(/^ {4}\S+ \(/gm)
    case 'composer.lock':
      return matches(/^ {12}"name":/gm)
    case 'Pipfile.lock':
      return matches(/^ {8}"[^"]+": \{/gm)
    default:
      return undefined
  }
}

export interface Requirements {
  readonly total: number
  /** Lines that name no exact version. */
  readonly loose: readonly string[]
}

/** Reads a requirements.txt: what it asks for, and what of that is not pinned to one version. */
export function parseRequirements(text: string): Requirements {
  const asked = text
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('-'))
  const loose = asked.filter((line) => !/===?\s*[\w.]|@\s*\S+/.test(line))
  return { total: asked.length, loose: loose.map((line) => line.split(/[\s;<>=!~[]/, 1)[0] ?? line) }
}
