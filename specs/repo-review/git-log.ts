/** One commit as `git log --numstat` tells it. */
export interface Commit {
  /** Seconds since the epoch. */
  readonly time: number
  readonly author: string
  readonly files: readonly { readonly path: string; readonly changed: number }[]
}

/** Format for `git log -z --numstat --no-renames --format=...` that `parseLog` reads. */
export const logFormat = '%x01%ct%x02%aE'

/** Reads the output of `git log`; a commit at a cut end is left out by the caller's `truncated`. */
export function parseLog(output: string, truncated = false): Commit[] {
  const commits = output.split('\x01').slice(1).map(parseCommit)
  return truncated ? commits.slice(0, -1) : commits
}

function parseCommit(text: string): Commit {
  // With -z the header ends at the first NUL or newline, and so does each file.
  const [header = '', ...rest] = text.split(/\0|\n/)
  const [time = '', author = ''] = header.split('\x02')
  const files = rest.flatMap((line) => {
    const [, added = '', removed = '', path = ''] = /^(\d+|-)\t(\d+|-)\t(.+)$/s.exec(line) ?? []
    return path === '' ? [] : [{ path, changed: (Number(added) || 0) + (Number(removed) || 0) }]
  })
  return { time: Number(time), author: author.toLowerCase(), files }
}

export interface FileHistory {
  readonly path: string
  readonly commits: number
  readonly changed: number
  readonly authors: number
  /** Share of the commits to this file by whoever made most of them. */
  readonly topShare: number
}

/** What the commits did to each file that `exists` lets through. */
export function fileHistories(commits: readonly Commit[], exists: (path: string) => boolean): FileHistory[] {
  const sums = new Map<string, { changed: number; authors: Map<string, number> }>()
  for (const commit of commits) {
    for (const { path, changed } of commit.files) {
      if (!exists(path)) continue
      const sum = sums.get(path) ?? { changed: 0, authors: new Map<string, number>() }
      sum.changed += changed
      sum.authors.set(commit.author, (sum.authors.get(commit.author) ?? 0) + 1)
      sums.set(path, sum)
    }
  }
  return [...sums].map(([path, { changed, authors }]) => {
    const amounts = [...authors.values()]
    const commitsOfFile = amounts.reduce((total, amount) => total + amount, 0)
    return {
      path,
      commits: commitsOfFile,
      changed,
      authors: authors.size,
      topShare: Math.max(...amounts) / commitsOfFile,
    }
  })
}
