/** One `.gitignore` file, read as git reads it, but for the rarest forms (character classes with `/`, escaped spaces). */
export interface IgnoreRules {
  /** True or false when a rule of this file decides, undefined when none does. `path` is relative to the file's folder. */
  decide(path: string, isFolder: boolean): boolean | undefined
}

interface Rule {
  readonly pattern: RegExp
  readonly ignored: boolean
  readonly foldersOnly: boolean
}

export function parseIgnore(text: string): IgnoreRules {
  const rules = text.split(/\r?\n/).flatMap((line) => parseRule(line.trim()))
  return {
    decide(path, isFolder) {
      return rules.findLast((rule) => (isFolder || !rule.foldersOnly) && rule.pattern.test(path))?.ignored
    },
  }
}

function parseRule(line: string): Rule[] {
  if (line === '' || line.startsWith('#')) return []
  const ignored = !line.startsWith('!')
  const glob = ignored ? line : line.slice(1)
  const foldersOnly = glob.endsWith('/')
  const bare = glob.replace(/^\//, '').replace(/\/$/, '')
  // A slash anywhere but at the end ties the pattern to the file's own folder.
  const tied = glob.replace(/\/$/, '').includes('/')
  const source = `^${tied ? '' : '(?:.*/)?'}${globSource(bare)}$`
  try {
    return [{ pattern: new RegExp(source), ignored, foldersOnly }]
  } catch {
    return [] // git ignores what it cannot parse, and so do we
  }
}

function globSource(glob: string): string {
  return glob.replace(/\*\*\/|\/\*\*|\*\*|\*|\?|\[!?[^\]/]*\]|[\\^$.|+(){}[\]]/g, (part) => {
    if (part === '**/') return '(?:.*/)?'
    if (part === '/**') return '/.*'
    if (part === '**') return '.*'
    if (part === '*') return '[^/]*'
    if (part === '?') return '[^/]'
    if (part.length > 1) return part.replace(/^\[!/, '[^')
    return `\\${part}`
  })
}
