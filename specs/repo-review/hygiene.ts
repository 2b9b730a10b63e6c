import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path/posix'
import { isCode, isFixture, isTestCode } from './classify.ts'
import { expectations, inGit } from './expectations.ts'
import { clampScore } from './score.ts'
import type { CheckResult, Finding, StepContext } from './step.ts'
import { count, readInput } from './step.ts'
import { lineAt, looksBinary, readText, readTexts, sample } from './text.ts'
import { listTree, type Tree, type TreeFile } from './tree.ts'

const neverTracked =
  /(^|\/)(\.DS_Store|Thumbs\.db|[^/]+\.py[co]|[^/]+\.swp|npm-debug\.log|yarn-error\.log)$|(^|\/)(node_modules|__pycache__|\.venv|\.idea|\.gradle)\//
const largeBytes = 1_000_000
const hugeBytes = 10_000_000
const mostFiles = 10_000
const marker = /(?:\/\/|#|\/\*|\*|--|<!--|;)[^\n]{0,40}?\b(TODO|FIXME|XXX|HACK)\b(?=[:( ])/g

/** What a newcomer looks for first, what should not be in a repository, and what the authors left for later. */
export async function hygiene(input: unknown, context: StepContext): Promise<CheckResult> {
  const { path } = readInput(input)
  const tree = await listTree(path, context)
  const around = await pathsAround(tree)
  const findings: Finding[] = []
  const present: string[] = []
  let reachable = 0
  let reached = 0
  for (const expected of expectations) {
    if (expected.onlyWith?.(tree) === false) continue
    reachable += expected.points
    if (
      tree.files.some((file) => expected.found.test(file.path)) ||
      around.some((other) => expected.found.test(other))
    ) {
      reached += expected.points
      present.push(expected.what)
    } else findings.push({ severity: expected.severity, message: expected.message })
  }
  const thin = await thinReadme(tree)
  if (thin !== undefined) findings.push(thin)
  const litter = litterFindings(tree)
  const notes = await leftForLater(tree, context.signal)
  if (notes.first !== undefined) findings.push(notes.first)
  const lost = litter.reduce(
    (sum, finding) => sum + (finding.severity === 'medium' ? 8 : 3),
    thin === undefined ? 0 : 10,
  )
  return {
    check: 'hygiene',
    title: 'Documentation and hygiene',
    score: clampScore((100 * reached) / Math.max(1, reachable) - Math.min(40, lost)),
    summary: `${present.join(', ') || 'nothing a newcomer looks for'}; ${count(notes.amount, 'note')} left for later`,
    findings: [...findings, ...litter],
    facts: { present, notes: notes.amount, notesByWord: notes.byWord },
  }
}

/** For a folder inside a repository: what the repository's top has for all of its folders. A README is each folder's own. */
async function pathsAround(tree: Tree): Promise<string[]> {
  if (!('top' in tree.git) || tree.git.top === tree.root) return []
  const { top } = tree.git
  const list = (folder: string): Promise<string[]> => readdir(join(top, folder)).catch(() => [])
  const workflows = (await list('.github/workflows')).map((name) => `.github/workflows/${name}`)
  return [...(await list('.')), ...workflows].filter((name) => !/readme/i.test(name))
}

async function thinReadme(tree: Tree): Promise<Finding | undefined> {
  const file = tree.files.find(({ path }) => /^readme(\.\w+)?$/i.test(path))
  if (file === undefined) return undefined
  const text = (await readText(tree.root, file)) ?? ''
  const words = text.split(/\s+/).length
  return words < 40
    ? { severity: 'low', file: file.path, message: `the README says little (${count(words, 'word')})` }
    : undefined
}

function litterFindings(tree: Tree): Finding[] {
  if (!inGit(tree)) return []
  const tracked = tree.files.filter((file) => file.tracked)
  const findings: Finding[] = []
  const litter = tracked.filter((file) => neverTracked.test(file.path) && !isFixture(file.path))
  const [first] = litter
  if (first !== undefined) {
    findings.push({
      severity: litter.length > 20 ? 'medium' : 'low',
      file: first.path,
      message: `git tracks ${count(litter.length, 'file')} that tools make (this is the first)`,
    })
  }
  const large = tracked
    .filter((file) => file.bytes > largeBytes && looksBinary(file.path))
    .sort((a, b) => b.bytes - a.bytes)
  for (const file of large.slice(0, 5)) findings.push(largeFile(file))
  if (large.length > 5) findings.push({ severity: 'info', message: `${large.length - 5} more binary files over 1 MB` })
  return findings
}

function largeFile(file: TreeFile): Finding {
  return {
    severity: file.bytes > hugeBytes ? 'medium' : 'low',
    file: file.path,
    message: `${(file.bytes / 1_000_000).toFixed(1)} MB of binary data in git: every clone carries every version of it`,
  }
}

async function leftForLater(
  tree: Tree,
  signal: AbortSignal,
): Promise<{ amount: number; byWord: Record<string, number>; first?: Finding }> {
  const files = tree.files.filter((file) => isCode(file.path) && !file.generated && !isTestCode(file.path))
  const byWord: Record<string, number> = {}
  const perFile: { file: string; line: number; amount: number }[] = []
  for await (const { file, text } of readTexts(tree, sample(files, mostFiles), signal)) {
    const found = [...text.matchAll(marker)]
    for (const [, word = ''] of found) byWord[word] = (byWord[word] ?? 0) + 1
    const [first] = found
    if (first !== undefined) perFile.push({ file: file.path, line: lineAt(text, first.index), amount: found.length })
  }
  const amount = perFile.reduce((sum, item) => sum + item.amount, 0)
  const [most] = perFile.sort((a, b) => b.amount - a.amount)
  if (most === undefined) return { amount, byWord }
  const words = Object.entries(byWord)
    .map(([word, some]) => `${some} ${word}`)
    .join(', ')
  const where = perFile.length > 1 ? `; most of them (${most.amount}) in ${basename(most.file)}` : ''
  return {
    amount,
    byWord,
    first: {
      severity: 'info',
      file: most.file,
      line: most.line,
      message: `left for later in ${count(perFile.length, 'file')}: ${words}${where}`,
    },
  }
}
