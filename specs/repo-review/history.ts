import { isCode, isTestCode } from './classify.ts'
import { runCommand } from './command.ts'
import type { Commit } from './git-log.ts'
import { fileHistories, logFormat, parseLog } from './git-log.ts'
import { clampScore } from './score.ts'
import type { CheckResult, Finding, StepContext } from './step.ts'
import { count, readInput } from './step.ts'
import { lineCount, readText } from './text.ts'
import { gitCommand, listTree, type Tree } from './tree.ts'

/** Of so few commits nothing can be judged. */
const fewScored = 10
const mostCommits = 2_000
/** A shallow clone with fewer commits says nothing about a history. */
const fewCommits = 20
const daySeconds = 86_400

/**
 * Where changes concentrate: long files that change often are where the next defect is likeliest. Also how many people
 * know the code and whether it is alive. Score: 100, less 6 per hot spot, 10 when one person made nearly everything,
 * up to 15 for a year or more without a commit.
 */
export async function history(input: unknown, context: StepContext): Promise<CheckResult> {
  const { path } = readInput(input)
  const tree = await listTree(path, context)
  if ('missing' in tree.git) context.skip(tree.git.missing)
  const total = await countCommits(tree, context)
  const commits = await readLog(tree, context.signal)
  if (commits.length === 0) context.skip('no commit touches this folder')
  const now = Date.now() / 1000
  const known = new Set(tree.files.filter((file) => isCode(file.path) && !file.generated).map((file) => file.path))
  const files = fileHistories(commits, (file) => known.has(file))
  const hot = await hotSpots(
    tree,
    files.filter((file) => !isTestCode(file.path)),
    commits.length,
  )
  const authors = tally(commits.map((commit) => commit.author))
  const leading = Math.max(...authors.values()) / commits.length
  const newest = Math.max(...commits.map((commit) => commit.time))
  const idleDays = Math.max(0, Math.floor((now - newest) / daySeconds))
  const recent = commits.filter((commit) => commit.time > now - 90 * daySeconds).length
  const alone = files.filter((file) => file.commits >= 10 && file.topShare >= 0.95)
  const findings: Finding[] = hot
    .filter((file) => file.hot)
    .map((file) => ({
      severity: file.lines > 800 ? 'medium' : 'low',
      file: file.path,
      message: [
        `hot spot: changed in ${file.commits} of the last ${count(commits.length, 'commit')}`,
        `${count(file.lines, 'line')} long`,
        count(file.authors, 'author'),
      ].join(', '),
    }))
  if (commits.length >= 50 && authors.size > 1 && leading >= 0.9) {
    findings.push({
      severity: 'low',
      message: `one of ${authors.size} authors made ${Math.round(100 * leading)} % of the commits`,
    })
  } else if (commits.length >= 50 && authors.size === 1) {
    findings.push({ severity: 'info', message: 'all commits are by one author' })
  }
  if (idleDays >= 365) findings.push({ severity: 'low', message: `no commit for ${idleDays} days` })
  const lonely = commits.length >= 50 && leading >= 0.9 ? 10 : 0
  return {
    check: 'history',
    title: 'History and hot spots',
    score: commits.length < fewScored ? null : clampScore(
      100 -
        Math.min(48, 6 * findings.filter((finding) => finding.file !== undefined).length) -
        lonely -
        Math.min(15, Math.floor(idleDays / 365) * 5),
    ),
    summary: [
      `${count(total ?? commits.length, 'commit')} by ${count(authors.size, 'author')}`,
      `${recent} in the last 90 days`,
      `the latest ${idleDays === 0 ? 'today' : `${count(idleDays, 'day')} ago`}`,
    ].join(', '),
    findings,
    facts: {
      commits: total ?? commits.length,
      commitsRead: commits.length,
      authors: authors.size,
      leadingAuthorShare: Math.round(leading * 100) / 100,
      recentCommits: recent,
      idleDays,
      filesByOneAuthor: alone.length,
      filesRead: files.length,
      hotSpots: hot
        .slice(0, 10)
        .map(({ path: file, commits: changes, lines, changed, authors: people }) => ({
          file,
          commits: changes,
          lines,
          changed,
          authors: people,
        })),
    },
  }
}

async function countCommits(tree: Tree, context: StepContext): Promise<number | undefined> {
  const git = (...args: string[]) =>
    runCommand(gitCommand(...args), { cwd: tree.root, signal: context.signal, timeoutMs: 60_000 })
  const counted = await git('rev-list', '--count', '--no-merges', 'HEAD', '--', '.')
  if (counted.code !== 0 && !counted.timedOut) context.skip('the repository has no commits yet')
  const total = counted.code === 0 ? Number(counted.stdout.trim()) : undefined
  const shallow = (await git('rev-parse', '--is-shallow-repository')).stdout.trim() === 'true'
  if (shallow && (total ?? 0) < fewCommits) {
    context.skip(`a shallow clone with ${count(total ?? 0, 'commit')}: fetch the history first (git fetch --unshallow)`)
  }
  return total
}

async function readLog(tree: Tree, signal: AbortSignal): Promise<Commit[]> {
  const result = await runCommand(
    gitCommand(
      'log',
      '-z',
      `-n${mostCommits}`,
      '--no-merges',
      '--no-renames',
      '--no-ext-diff',
      '--no-textconv',
      '--numstat',
      '--relative',
      `--format=${logFormat}`,
      '--',
      '.',
    ),
    { cwd: tree.root, signal, timeoutMs: 120_000, maxBytes: 48_000_000 },
  )
  // What was read before the limit of time or size still tells most of the story.
  return parseLog(result.stdout, result.code === null)
}

interface HotSpot {
  readonly path: string
  readonly commits: number
  readonly changed: number
  readonly authors: number
  readonly lines: number
  /** Often enough and long enough to be named as a finding. */
  readonly hot: boolean
}

/** The files with the highest product of changes and length, the hottest first. */
async function hotSpots(
  tree: Tree,
  files: readonly Omit<HotSpot, 'lines' | 'hot'>[],
  commits: number,
): Promise<HotSpot[]> {
  const often = [...files].sort((a, b) => b.commits - a.commits).slice(0, 200)
  const measured: HotSpot[] = []
  for (const file of often) {
    const text = await readText(tree.root, { path: file.path, bytes: 0 })
    const lines = lineCount(text ?? '')
    measured.push({ ...file, lines, hot: file.commits >= 8 && file.commits >= commits * 0.05 && lines >= 300 })
  }
  return measured.sort((a, b) => b.commits * b.lines - a.commits * a.lines).slice(0, 15)
}

function tally(names: readonly string[]): Map<string, number> {
  const amounts = new Map<string, number>()
  for (const name of names) amounts.set(name, (amounts.get(name) ?? 0) + 1)
  return amounts
}
